"""Explanations of why somebody is in a group, or is not, on both sides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aadsync_lib.model.account import Account
from aadsync_lib.model.carried import MembershipOrigin
from aadsync_lib.model.identity import Kind, Permission
from aadsync_lib.model.link import Origin


class EdgeOutcome(StrEnum):
    """What the scope makes of one direct membership in Entra."""

    KEPT = "kept"  # it is one on the target, too
    FLATTENED = "lifted"  # people below it go to the group above directly
    DROPPED = "cut"  # it brings nobody into the group


@dataclass(frozen=True, slots=True)
class Step:
    """One group of a path, and what becomes of the membership that the path goes on with.

    ``group`` is an object id, or a target id in a path on a target. ``root``: the scope names it.
    """

    group: str
    name: str
    fate: EdgeOutcome = EdgeOutcome.KEPT
    reason: str | None = None
    root: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """From a group down to an identity that is in it, at any depth: the groups, topmost first."""

    steps: tuple[Step, ...]

    @property
    def kept(self) -> bool:
        """Whether the path brings the identity into its topmost group on the targets."""
        return all(step.fate is not EdgeOutcome.DROPPED for step in self.steps)


@dataclass(frozen=True, slots=True)
class Paths:
    """The shortest paths first; ``more`` is how many were found beyond them, ``all`` whether these are all."""

    listed: tuple[Path, ...] = ()
    more: int = 0
    all: bool = True


class Place(StrEnum):
    """Where an identity is in Entra."""

    IN_SCOPE = "in_scope"
    OUT_OF_SCOPE = "out_of_scope"
    DELETED = "deleted"  # in the recycle bin
    GONE = "gone"
    UNREAD = "unread"  # Entra could not be asked
    UNKNOWN = "unknown"  # the target has it, and nothing says what it is in Entra


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom or what is explained. ``reason`` says why it is where it is, or what holds it back."""

    kind: Kind
    name: str
    place: Place
    external_id: str | None = None
    display_name: str | None = None
    enabled: bool | None = None
    reason: str | None = None


class Next(StrEnum):
    """What the next sync would do to a membership."""

    NOTHING = "nothing"
    ADDS = "adds"
    REMOVES = "removes"


@dataclass(frozen=True, slots=True)
class Direct:
    """A group on a target that somebody is directly in, or would be.

    ``group`` is its object id, ``target_id`` its id on the target. ``wanted``: Entra and the scope
    want it. ``since``, ``run_id`` and ``how`` are what the store remembers of its beginning, ``until``
    and ``ended_by`` of its end where it is no longer there; times are seconds since the epoch.
    """

    group: str | None
    target_id: str | None
    name: str
    there: bool
    wanted: bool
    next: Next = Next.NOTHING
    reason: str | None = None
    since: float | None = None
    run_id: str | None = None
    how: MembershipOrigin | None = None
    until: float | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class Entrance:
    """A way into a workspace: by a group, or without one where somebody is assigned directly."""

    group: str | None
    target_id: str
    permission: Permission | None
    entitlements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkspaceEntry:
    """A workspace that somebody can enter, with all that the ``entrances`` give together.

    ``workspace_id`` is ``None`` for a target that is a workspace itself. ``unread`` says what could not be read.
    """

    workspace_id: int | None
    permission: Permission | None = None
    entitlements: tuple[str, ...] = ()
    entrances: tuple[Entrance, ...] = ()
    unread: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What one target has of an identity. ``origin`` is ``None`` for what is not this sync's.

    ``next`` is what the next sync would do to it and why, ``notes`` what is held back and why. ``paths`` are
    those into the group that was asked for, and ``gap`` says what is missing where Entra and the scope
    have a path that the target has not.
    """

    target: str
    account: Account | None = None
    origin: Origin | None = None
    protected: bool = False
    next: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    groups: tuple[Direct, ...] = ()
    paths: Paths | None = None
    gap: str | None = None
    workspaces: tuple[WorkspaceEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """A user or service principal; ``group`` is the one that was asked for.

    ``paths`` start at that group, or else at the groups that the scope names. ``assigned``: directly, to an
    application of the scope. ``others`` are the groups above that are out of scope, ``None`` where not
    all of them could be read.
    """

    identity: Identity
    group: Identity | None
    paths: Paths
    assigned: bool
    others: tuple[str, ...] | None
    targets: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a group at any depth, with the shortest path on each side; ``None``: there is none.

    ``targets`` are in the order of the targets.
    """

    identity: Identity
    entra: Path | None
    targets: tuple[Path | None, ...]


@dataclass(frozen=True, slots=True)
class GroupExplained:
    """A group with everybody in it; ``unread`` says what of it could not be read."""

    identity: Identity
    targets: tuple[Standing, ...]
    members: tuple[Member, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to one question.

    ``unknown`` are the names that nobody has; ``searched`` then says where, and ``nearest`` what else
    there is. ``over`` is what the guard has against the next sync, of which nothing happens then, and
    ``approve`` the digest that would let it run, ``None`` where none does.
    """

    sync: str
    complete: bool
    user: str | None = None
    group: str | None = None
    people: tuple[Person, ...] = ()
    groups: tuple[GroupExplained, ...] = ()
    unknown: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    approve: str | None = None

    @property
    def found(self) -> bool:
        """Whether there was anything to explain."""
        return bool(self.people or self.groups)
