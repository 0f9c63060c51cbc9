"""The directory of one workspace: its own records, and copies of the account's that are assigned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

from aadsync_lib.sandbox.databricks.records import Group, Kind, Record
from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.databricks.table import GHOST_SECONDS

Permission = Literal["USER", "ADMIN"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ADMINS = "admins"
EVERYBODY = "users"


@dataclass
class WorkspaceDirectory(DatabricksState):
    """Records of a workspace.

    A federated one shows the account's principals that are assigned to it as copies with the
    account's ids; its own are local groups, and without federation users and service principals, too.
    """

    system_groups: ClassVar[tuple[str, ...]] = (ADMINS, EVERYBODY)

    name: str = "workspace"
    federated: bool = False
    number: int = 1
    """Place among the workspaces of the account, from 1; its ids come from a range of their own."""
    account: DatabricksState = field(default_factory=DatabricksState, repr=False)
    granted: dict[str, list[str]] = field(init=False, default_factory=dict)
    """By account principal, its entitlements here; its own principals' are in their records."""
    assignments: dict[str, Permission] = field(init=False, default_factory=dict)
    """By account principal, in a federated workspace."""
    inactive: set[str] = field(init=False, default_factory=set)
    """Account principals that are deactivated in this workspace alone."""

    _assigned_before: dict[str, Permission] = field(init=False, default_factory=dict, repr=False)
    _assigned_changed: float = field(init=False, default=float("-inf"), repr=False)
    _copies: set[str] = field(init=False, default_factory=set, repr=False)

    def assign(self, principal: str, permission: Permission = "USER") -> None:
        """Assign the account principal of that name or id."""
        with self.lock:
            self._remember_assignments()
            self.assignments[self.account.resolve(principal)] = permission

    def unassign(self, principal: str) -> None:
        """Take the assignment away, with the entitlements of who is not there by a group."""
        with self.lock:
            self._remember_assignments()
            self.assignments.pop(self.account.resolve(principal), None)
            self.refresh()

    def assigned(self) -> dict[str, Permission]:
        """Names of the assigned principals, with what they may."""
        with self.lock:
            self.refresh()
            return {self.account.record(i).name: p for i, p in self.assignments.items()}

    def assignments_read(self, stale: float) -> dict[str, Permission]:
        """Return the assignments as a read shows them that may be so many seconds stale."""
        if self.clock() - self._assigned_changed < stale:
            return self._assigned_before
        return self.assignments

    def resolve(self, name: str) -> str:
        self.refresh()
        try:
            return super().resolve(name)
        except KeyError:
            if not self.federated:
                raise
            return self.account.resolve(name)

    def system(self, name: str) -> Group:
        """Return the group that every workspace has by that name, whatever else is named so."""
        return next(g for g in self.groups.values() if g.system and g.display_name == name)

    def refresh(self) -> None:
        """Copy what the account has by now of the principals that are assigned here."""
        if not self.federated or len(self.groups) < len(self.system_groups):
            return
        self.assignments = {i: p for i, p in self.assignments.items() if self.account.kind_of(i)}
        wanted = self._visible()
        for record_id in self._copies - wanted.keys():
            self._hide(record_id)
        for record_id in wanted:
            self._copy(record_id)
        self._copies = set(wanted)
        admins = [i for i, p in self.assignments.items() if p == "ADMIN"]
        self.system(EVERYBODY).members = dict.fromkeys(wanted)
        self.system(ADMINS).members = dict.fromkeys(admins)

    def shown(self, record_id: str) -> tuple[Kind, Record] | None:
        """Members of assigned groups show, groups that are not assigned themselves included."""
        found = super().shown(record_id)
        return self.account.shown(record_id) if found is None and self.federated else found

    def is_copy(self, row: Record) -> bool:
        return row.id in self._copies

    def _remember_assignments(self) -> None:
        if self.clock() - self._assigned_changed >= GHOST_SECONDS:
            self._assigned_before = dict(self.assignments)
        self._assigned_changed = self.clock()

    def _visible(self) -> dict[str, None]:
        """Ids of the assigned, and of the people and applications in groups that are."""
        found = dict.fromkeys(self.assignments)
        if not self.switches.inherited_listed:
            return found
        waiting = [i for i in self.assignments if i in self.account.groups]
        seen = set(waiting)
        while waiting:
            for member in self.account.groups[waiting.pop()].members:
                if member not in self.account.groups:
                    found[member] = None
                elif member not in seen:
                    seen.add(member)
                    waiting.append(member)
        return found

    def _copy(self, record_id: str) -> None:
        kind = self.account.kind_of(record_id)
        assert kind is not None
        row: Any = self.account.table(kind)[record_id].copy()
        if not isinstance(row, Group):
            row.active = row.active and record_id not in self.inactive
        row.entitlements = self.granted.get(record_id, [])
        table = self.table(kind)
        if table.get(record_id) != row:
            table.put(row)

    def _hide(self, record_id: str) -> None:
        for parent in list(self.parents.get(record_id, ())):
            self.unlink(parent, record_id)
        for kind in KINDS:
            if record_id in self.table(kind):
                self.table(kind).drop(record_id)
        self.granted.pop(record_id, None)
