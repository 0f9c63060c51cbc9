"""The change log of a directory, folded for delta rounds."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log: properties of one object, or one membership of one group."""

    kind: str
    id: str
    properties: frozenset[str] = frozenset()
    created: bool = False
    removed: bool = False
    member: str | None = None
    member_kind: str = ""
    member_removed: bool = False


@dataclass(slots=True)
class Net:
    """All changes of one object in a window, folded into one."""

    id: str
    created: bool = False
    removed: bool = False
    properties: set[str] = field(default_factory=set)
    members: dict[str, tuple[str, bool]] = field(default_factory=dict)

    def fold(self, change: Change) -> None:
        self.properties |= change.properties
        if change.created:
            self.created = True
        if change.removed:
            self.removed = True
        if change.member is not None:
            self.members.pop(change.member, None)
            self.members[change.member] = (change.member_kind, change.member_removed)


def fold(changes: Iterable[Change], kind: str) -> list[Net]:
    """One entry for each changed object of ``kind``, in the order of their first change."""
    nets: dict[str, Net] = {}
    for change in changes:
        if change.kind == kind:
            nets.setdefault(change.id, Net(change.id)).fold(change)
    return list(nets.values())
