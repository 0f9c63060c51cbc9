"""Differences of a target from Entra that automatic identity management would trip over."""

from __future__ import annotations

from dataclasses import dataclass

from aadsync_lib.model.identity import Kind


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An object on a target that is an identity of Entra, as automatic identity management would see it.

    ``external_id`` is the object id in Entra, ``has`` the externalId that the target has in its place.
    """

    kind: Kind
    name: str
    external_id: str
    target_id: str
    has: str | None


@dataclass(frozen=True, slots=True)
class MembershipGap:
    """A group whose members would be others: ``joining`` come with it, ``leaving`` are not in Entra's."""

    name: str
    external_id: str
    target_id: str
    joining: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AimTarget:
    """One target.

    ``missing`` have no externalId and ``wrong`` another one. ``doubled`` are people and service principals
    that would be there twice, as no object of theirs has the object id, or several have. ``blocked``
    are groups of the name of a group in Entra that keep it from being provisioned. ``managed`` are
    groups that automatic identity management has already.
    """

    target: str
    missing: tuple[Mismatch, ...] = ()
    wrong: tuple[Mismatch, ...] = ()
    doubled: tuple[Mismatch, ...] = ()
    blocked: tuple[Mismatch, ...] = ()
    memberships: tuple[MembershipGap, ...] = ()
    managed: tuple[Mismatch, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing stands in the way."""
        return not (self.missing or self.wrong or self.doubled or self.blocked or self.memberships)


@dataclass(frozen=True, slots=True)
class AimReport:
    """All targets of a sync. ``complete``: all of the scope could be read."""

    sync: str
    targets: tuple[AimTarget, ...]
    complete: bool = True
