"""Entra as it really is, edited by the day, and read as a traversal from the roots would read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from aadsync_lib.model.account import Unread
from aadsync_lib.model.directory import (
    Cursor,
    DirectoryMatch,
    Group,
    Presence,
    Reading,
    ServicePrincipal,
    Snapshot,
    User,
)
from aadsync_lib.model.identity import Kind
from tests.unit.randoms import reachable

UNREAD = "503 for the test"


@dataclass
class Tenant:
    """``deleted`` lie in the recycle bin, ``unread`` groups and ``unseen`` ids answer with an error."""

    users: dict[str, User] = field(default_factory=dict)
    services: dict[str, ServicePrincipal] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    roots: set[str] = field(default_factory=set)
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
        self.assigned.discard(oid)
        self.unread.pop(oid, None)

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

    def _whole(self, groups: Mapping[str, Group]) -> Snapshot:
        return Snapshot(
            roots=frozenset(self.roots),
            users=dict(sorted(self.users.items())),
            service_principals=dict(sorted(self.services.items())),
            groups=dict(groups),
            assigned=frozenset(self.assigned),
        )


class TenantSource:
    """A tenant behind ``ports.Source``."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.requests = 0

    def read(self, since: Cursor | None = None) -> Reading:
        self.requests += 1
        return Reading(self.tenant.read())

    def look_up(self, ids: Mapping[str, Kind]) -> Mapping[str, Presence | Unread]:
        self.requests += 1
        return {oid: self._presence(oid) for oid in ids}

    def search(self, name: str) -> tuple[DirectoryMatch, ...]:
        return ()

    def _presence(self, oid: str) -> Presence | Unread:
        if self.tenant.unseen:
            return Unread(UNREAD)
        found = self.tenant.users.get(oid) or self.tenant.services.get(oid)
        if found is None:
            return Presence.DELETED if oid in self.tenant.deleted else Presence.GONE
        return Presence.PRESENT if found.enabled else Presence.DISABLED
