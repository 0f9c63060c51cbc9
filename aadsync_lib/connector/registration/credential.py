"""Rules for credentials: which one holds, whether another one is made, which ones go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from aadsync_lib.connector.registration.marks import Stored

DAY = 86_400.0  # seconds
RENEWED_BEFORE = 30 * DAY  # of its end
LIFETIME = 365 * DAY


class CredentialKind(StrEnum):
    """What the application logs in with."""

    CLIENT_SECRET = "client_secret"  # noqa: S105 - a kind
    CERTIFICATE = "certificate"
    FEDERATED = "federated"


@dataclass(frozen=True, slots=True)
class Credential:
    """A client secret or a certificate of the application.

    ``name`` is its displayName. ``mark`` tells which value belongs to it: the hint of a secret, the
    thumbprint of a certificate. Times are seconds since the epoch.
    """

    key_id: str
    name: str
    mark: str
    begins: float
    ends: float


@dataclass(frozen=True, slots=True)
class Standing:
    """What a run finds: every credential of the kind, those known to be stored, and what is in the place.

    ``content`` is the mark of what is there, empty for nothing and ``None`` where it may not be read.
    """

    credentials: tuple[Credential, ...]
    stored: tuple[Stored, ...]
    place: str
    name: str
    content: str | None
    now: float


@dataclass(frozen=True, slots=True)
class Decision:
    """``current`` is what logins use; ``reason`` says why a new one is made, ``None`` that none is.

    ``note``: the current one is stored and not yet known to be. ``remove`` goes once there is a
    new one, if there is to be one; ``unknown`` are the key ids in it that nobody has.
    """

    current: Credential | None
    reason: str | None
    remove: tuple[Credential, ...] = ()
    note: bool = False
    unknown: frozenset[str] = frozenset()


def decide(standing: Standing, *, rotate: bool) -> Decision:
    """Decide about the credential of a place.

    A credential of ours that is not known to be stored is one whose answer was lost, or whose run
    died: nobody has it, unless it is what the place holds.
    """
    known = {each.key_id for each in standing.stored}
    ours = [each for each in standing.credentials if each.name == standing.name]
    unknown = [each for each in ours if each.key_id not in known]
    current = _current(standing)
    reason = _reason(standing, current, unknown, rotate=rotate)
    gone = [each for each in unknown if each != current]
    if reason:
        gone += _earlier(standing, ours, current)
    note = current in unknown
    lost = frozenset(each.key_id for each in unknown)
    return Decision(current, reason, tuple(dict.fromkeys(gone)), note, lost)


def _current(standing: Standing) -> Credential | None:
    """Return the credential that the place holds, or is known to hold where it may not be read."""
    order = {each.key_id: number for number, each in enumerate(standing.stored)}
    if standing.content is not None:
        candidates = [c for c in standing.credentials if c.mark == standing.content and c.mark]
        return max(
            candidates,
            key=lambda c: (
                c.key_id in order,
                order.get(c.key_id, 0),
                c.name == standing.name,
                c.begins,
            ),
            default=None,
        )
    here = [each.key_id for each in standing.stored if each.place == standing.place]
    there = {each.key_id: each for each in standing.credentials}
    return next((there[key] for key in reversed(here) if key in there), None)


def _reason(
    standing: Standing, current: Credential | None, unknown: Sequence[Credential], *, rotate: bool
) -> str | None:
    if current is None:
        if not standing.credentials or not standing.content:
            return "there is none yet"
        return "what is stored there is none of this application"
    if current.ends <= standing.now:
        return "the stored one has ended"
    if current.ends <= standing.now + RENEWED_BEFORE:
        return f"the stored one ends in {int((current.ends - standing.now) / DAY)} days"
    if rotate:
        return "asked for by --rotate"
    if standing.content is None and unknown:
        return "a run before broke off, and what is stored may not be read"
    return None


def _earlier(
    standing: Standing, ours: Sequence[Credential], current: Credential | None
) -> list[Credential]:
    """Return what the one before the current one was for this place, and what has ended."""
    here = {each.key_id for each in standing.stored if each.place == standing.place}
    return [
        each
        for each in ours
        if each != current and (each.key_id in here or each.ends <= standing.now)
    ]
