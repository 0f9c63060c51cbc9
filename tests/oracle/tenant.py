"""Entra as it really is, edited by the day, and read as a traversal from the roots would read it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from aadsync_lib.model.account import Unread
from aadsync_lib.model.directory import (
    Changes,
    Cursor,
    DirectoryMatch,
    Group,
    KnownRoot,
    Presence,
    ServicePrincipal,
    Snapshot,
    User,
)
from aadsync_lib.model.identity import Kind
from tests.unit.randoms import reachable

UNREAD = "503 for the test"


@dataclass
class Tenant:
    """``deleted`` lie in the recycle bin, ``unread`` groups and ``unseen`` ids answer with an error.

    ``others`` are the roots of another sync.
    """

    users: dict[str, User] = field(default_factory=dict)
    services: dict[str, ServicePrincipal] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    roots: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    assigned: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    unread: dict[str, frozenset[str]] = field(default_factory=dict)
    unseen: bool = False

    def ids(self) -> list[str]:
        """Return everybody and everything that a group may contain."""
        return sorted((*self.users, *self.services, *self.groups))

    def put(self, gid: str, members: Iterable[str]) -> None:
        """Make these the direct members of a group."""
        self.groups[gid] = replace(self.groups[gid], members=frozenset(members))

    def drop(self, oid: str) -> None:
        """Delete for good or into the recycle bin: memberships go as well."""
        for mapping in (self.users, self.services, self.groups):
            mapping.pop(oid, None)
        for gid, group in self.groups.items():
            self.put(gid, group.members - {oid})
        self.roots.discard(oid)
        self.others.discard(oid)
        self.assigned.discard(oid)
        self.unread.pop(oid, None)

    def presence(self, oid: str) -> Presence | None:
        """Say where somebody is, ``None`` where nobody can be looked up today."""
        if self.unseen:
            return None
        if oid in self.groups:
            return Presence.PRESENT
        found = self.users.get(oid) or self.services.get(oid)
        if found is None:
            return Presence.DELETED if oid in self.deleted else Presence.GONE
        return Presence.PRESENT if found.enabled else Presence.DISABLED

    def names(self, oid: str) -> frozenset[str]:
        """Return everything that an identity is called, but for a person's display name."""
        names: tuple[str | None, ...] = ()
        if user := self.users.get(oid):
            names = (user.user_principal_name, user.mail)
        elif service := self.services.get(oid):
            names = (service.app_id, service.display_name)
        elif group := self.groups.get(oid):
            names = (group.display_name,)
        return frozenset(name for name in names if name)

    def truth(self) -> Snapshot:
        """Return what a read without any trouble gives."""
        return reachable(self._whole(self.groups))

    def read(self) -> Snapshot:
        """Return what today's read gives: of an unread group, only some members."""
        groups = {
            gid: replace(one, members=one.members & self.unread[gid], unread=UNREAD)
            if gid in self.unread
            else one
            for gid, one in self.groups.items()
        }
        return reachable(self._whole(groups))

    def read_by_other(self) -> Snapshot:
        """Return what another sync reads, which nothing troubles."""
        roots = frozenset(self.others)
        return reachable(replace(self._whole(self.groups), roots=roots, assigned=frozenset()))

    def _whole(self, groups: Mapping[str, Group]) -> Snapshot:
        return Snapshot(
            roots=frozenset(self.roots),
            users=dict(sorted(self.users.items())),
            service_principals=dict(sorted(self.services.items())),
            groups=dict(groups),
            assigned=frozenset(self.assigned),
        )


class TenantSource:
    """A tenant behind ``ports.Source``, as one sync or another reads it."""

    def __init__(self, tenant: Tenant, read: Callable[[], Snapshot]) -> None:
        self.tenant = tenant
        self.requests = 0
        self._read = read

    def read(self, known: Collection[KnownRoot] = ()) -> Snapshot:
        self.requests += 1
        return self._read()

    def changes(self, since: Cursor | None = None, known: Collection[KnownRoot] = ()) -> Changes:
        return Changes(reason="nobody keeps a feed of these weeks")

    def look_up(self, ids: Mapping[str, Kind]) -> Mapping[str, Presence | Unread]:
        self.requests += 1
        return {oid: self.tenant.presence(oid) or Unread(UNREAD) for oid in ids}

    def names(self, ids: Mapping[str, Kind]) -> Mapping[str, frozenset[str] | Unread]:
        self.requests += 1
        if self.tenant.unseen:
            return dict.fromkeys(ids, Unread(UNREAD))
        return {oid: self.tenant.names(oid) for oid in ids}

    def search(self, name: str) -> tuple[DirectoryMatch, ...]:
        return ()


def direct_members(snapshot: Snapshot) -> Snapshot:
    """Return what is read where no group is looked into below the roots."""
    groups = {
        gid: replace(one, members=one.members - snapshot.groups.keys())
        for gid, one in snapshot.groups.items()
        if gid in snapshot.roots
    }
    inside = snapshot.assigned.union(*(one.members for one in groups.values()))
    return replace(
        snapshot,
        groups=groups,
        users={uid: one for uid, one in snapshot.users.items() if uid in inside},
        service_principals={
            s: one for s, one in snapshot.service_principals.items() if s in inside
        },
    )


def without_services(snapshot: Snapshot) -> Snapshot:
    """Return what is read where no service principals are asked for."""
    services = snapshot.service_principals.keys()
    groups = {
        gid: replace(one, members=one.members - services) for gid, one in snapshot.groups.items()
    }
    assigned = snapshot.assigned - services
    return replace(snapshot, groups=groups, service_principals={}, assigned=assigned)
