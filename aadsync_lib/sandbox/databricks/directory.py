"""The records of an account and the memberships between them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aadsync_lib.sandbox.databricks.records import Group, Kind, Record, ServicePrincipal, User
from aadsync_lib.sandbox.databricks.table import Table

R = TypeVar("R", User, ServicePrincipal, Group)

FIRST_ID = 4_000_000_000_001


@dataclass
class Directory:
    """Tables by kind, with memberships indexed in both directions."""

    users: Table[User] = field(init=False, default_factory=Table[User])
    groups: Table[Group] = field(init=False, default_factory=Table[Group])
    service_principals: Table[ServicePrincipal] = field(
        init=False, default_factory=Table[ServicePrincipal]
    )
    parents: dict[str, dict[str, None]] = field(init=False, default_factory=dict)
    """Ids of the groups each principal is a direct member of."""
    subgroups: dict[str, dict[str, None]] = field(init=False, default_factory=dict)
    lock: threading.RLock = field(init=False, default_factory=threading.RLock, repr=False)
    next_id: int = field(init=False, default=FIRST_ID)

    def user(self, name: str) -> User:
        return _single(self.users.named(name), name)

    def service_principal(self, application_id: str) -> ServicePrincipal:
        return _single(self.service_principals.named(application_id), application_id)

    def group(self, name: str) -> Group:
        """Return the group of that name, preferring the one with the same case."""
        groups = self.groups.named(name)
        return _single([g for g in groups if g.display_name == name] or groups, name)

    def table(self, kind: Kind) -> Table[Any]:
        match kind:
            case "Users":
                return self.users
            case "Groups":
                return self.groups
            case "ServicePrincipals":
                return self.service_principals

    def kind_of(self, record_id: str) -> Kind | None:
        if record_id in self.users:
            return "Users"
        if record_id in self.groups:
            return "Groups"
        return "ServicePrincipals" if record_id in self.service_principals else None

    def record(self, record_id: str) -> Record:
        kind = self.kind_of(record_id)
        if kind is None:
            raise KeyError(record_id)
        row: Record = self.table(kind)[record_id]
        return row

    def shown(self, record_id: str) -> tuple[Kind, Record] | None:
        """Return the record that a list of members shows, with its kind."""
        kind = self.kind_of(record_id)
        return None if kind is None else (kind, self.table(kind)[record_id])

    def resolve(self, name: str) -> str:
        """Return the id of the record with that id, user name, application id or group name."""
        if self.kind_of(name) is not None:
            return name
        for table in (self.users, self.service_principals):
            if rows := table.named(name):
                return rows[0].id
        return self.group(name).id

    def new_id(self) -> str:
        with self.lock:
            self.next_id += 1
            return str(self.next_id - 1)

    def link(self, group_id: str, member_id: str) -> None:
        self.groups[group_id].members[member_id] = None
        self.parents.setdefault(member_id, {})[group_id] = None
        if member_id in self.groups:
            self.subgroups.setdefault(group_id, {})[member_id] = None

    def unlink(self, group_id: str, member_id: str) -> None:
        self.groups[group_id].members.pop(member_id, None)
        self.parents.get(member_id, {}).pop(group_id, None)
        self.subgroups.get(group_id, {}).pop(member_id, None)

    def remove(self, name: str) -> None:
        """Delete the record of that name or id with all its memberships."""
        with self.lock:
            record_id = self.resolve(name)
            kind = self.kind_of(record_id)
            assert kind is not None
            for parent in list(self.parents.get(record_id, ())):
                self.unlink(parent, record_id)
            if kind == "Groups":
                for member in list(self.groups[record_id].members):
                    self.unlink(record_id, member)
            self.table(kind).drop(record_id)


def _single(rows: list[R], name: str) -> R:
    if len(rows) != 1:
        raise KeyError(f"{len(rows)} records are named {name!r}")
    return rows[0]
