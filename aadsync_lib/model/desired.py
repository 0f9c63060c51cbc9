"""Desired state of the targets, worked out from what Entra has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Principal
from aadsync_lib.model.plan import Quarantined


@dataclass(frozen=True, slots=True)
class Nest:
    """A group of the desired nesting, before people are filtered and named.

    ``members`` are object ids; ``height`` is 0 for a group without nested groups, so that children
    come first when sorted by it. ``unread`` is why nothing may be removed from it.
    """

    members: frozenset[str]
    height: int = 0
    unread: str | None = None


@dataclass(frozen=True, slots=True)
class DesiredGroup:
    """A group as the target should have it; ``members`` are Entra object ids in scope."""

    principal: Principal
    members: frozenset[str]
    height: int = 0
    unread: str | None = None


@dataclass(frozen=True, slots=True)
class Desired:
    """The people, service principals and groups in scope, by Entra object id.

    ``quarantined`` ones are in scope, too, but may not be created, adopted or renamed; what is linked of
    them is neither a leaver nor retired. ``excluded`` were read and are out of scope whatever group they
    are in. ``assigned`` are those whom an application of the scope assigns directly. ``names`` are what Entra calls whoever was read beside the name here: user name, mail, display
    name of a group. ``complete``: who is not in here is out of scope.
    """

    principals: Mapping[str, Principal]
    groups: Mapping[str, DesiredGroup]
    quarantined: Mapping[str, Quarantined]
    notices: tuple[Notice, ...] = ()
    excluded: frozenset[str] = frozenset()
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    complete: bool = True
    assigned: frozenset[str] = frozenset()
