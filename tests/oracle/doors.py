"""Workspaces that keep every write that took effect, and let none through that was not announced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from zlib import crc32

from aadsync_lib.model.assignment import WorkspaceId
from aadsync_lib.model.identity import Permission, name_key
from tests.oracle.watched import WatchedTarget
from tests.unit.workspaces import FakeWorkspaces

Seat = tuple[WorkspaceId, str]  # a workspace and, by target id, whoever may enter it


@dataclass(frozen=True)
class Hold:
    """What somebody has in a workspace."""

    permission: Permission | None = None
    entitlements: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Step:
    """A write that was done, with what was there before and after."""

    seat: Seat
    before: Hold
    after: Hold


@dataclass(frozen=True)
class Doors:
    """What all workspaces hold at one moment. ``closed`` ones cannot be read, of ``half_closed`` ones no entitlements."""

    holds: Mapping[Seat, Hold] = field(default_factory=dict)
    local: Mapping[int, frozenset[str]] = field(default_factory=dict)
    closed: frozenset[WorkspaceId] = frozenset()
    half_closed: frozenset[WorkspaceId] = frozenset()

    def at(self, seat: Seat) -> Hold:
        return self.holds.get(seat, Hold())


class WatchedWorkspaces(FakeWorkspaces):
    """``tried`` are the seats that any write was sent for; the trouble is that of the target."""

    target: WatchedTarget

    def __init__(self, target: WatchedTarget) -> None:
        super().__init__(target)
        self.steps: list[Step] = []
        self.tried: set[Seat] = set()
        self.unannounced: list[str] = []
        self.announced: Callable[[Seat], bool] = lambda _: True

    def doors(self) -> Doors:
        """Return what is there now, of whoever is still on the target."""
        seats = {(place, tid) for place, held in self.permissions.items() for tid in held}
        seats |= {(place, tid) for place, held in self.entitlements.items() for tid in held}
        return Doors(
            {seat: self.hold(seat) for seat in seats if seat[1] in self.target.accounts},
            {place: frozenset(map(name_key, names)) for place, names in self.local.items()},
            frozenset(self.unreadable),
            frozenset(self.unreadable_scim),
        )

    def hold(self, seat: Seat) -> Hold:
        place, tid = seat
        permission = None if place is None else self.permissions[place].get(tid)
        return Hold(permission, frozenset(self.entitlements[place].get(tid, ())))

    def put(self, seat: Seat, permission: Permission | None, entitlements: set[str]) -> None:
        """Let somebody give or take something by hand."""
        place, tid = seat
        if place is not None:
            self.permissions[place].pop(tid, None)
            self.permissions[place] |= {tid: permission} if permission else {}
        known = place is None or permission
        self.entitlements[place][tid] = entitlements if known else set()

    def assign(self, workspace_id: int, target_id: str, permission: Permission) -> None:
        if target_id in self.permissions[workspace_id]:  # nothing is in its way any more
            name = name_key(self.target.accounts[target_id].name)
            self.local[workspace_id] = {n for n in self.local[workspace_id] if name_key(n) != name}
        super().assign(workspace_id, target_id, permission)

    def _write(self, what: str, target_id: str, act: Callable[[], None]) -> None:
        verb, place = what.split()[:2]
        seat = (None if place == "None" else int(place), target_id)
        self.tried.add(seat)
        if not self.announced(seat):
            self.unannounced.append(what)
        target, index = self.target, len(self.log)
        self.faults.pop(index, None)
        if target.trouble and crc32(f"{verb} {self._name(target_id)}".encode()) % target.share == 0:
            self.faults[index] = target.trouble
            target.hits += 1
        super()._write(what, target_id, lambda: self._seen(seat, act))

    def _seen(self, seat: Seat, act: Callable[[], None]) -> None:
        before = self.hold(seat)
        act()
        self.steps.append(Step(seat, before, self.hold(seat)))
