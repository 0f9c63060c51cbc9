"""The objects of a tenant and their memberships, with every change written to a log."""

from collections.abc import Callable, Collection
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import RLock
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from aadsync_lib.sandbox.entra.changes import Change
from aadsync_lib.sandbox.entra.kinds import KINDS, JsonObject

Positioned = tuple[list[str], list[int]]


@dataclass(slots=True)
class Deleted:
    """A soft-deleted object, with what comes back when it is restored."""

    kind: str
    object: JsonObject
    parents: tuple[str, ...] = ()
    members: tuple[str, ...] = ()


class Directory:
    """Objects by id. Each object and membership keeps the position at which it was added,
    so that pages neither skip nor repeat rows while the directory changes between them.
    """

    def __init__(
        self, tenant_id: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.tenant_id = tenant_id
        self.lock = RLock()
        self.clock = clock
        self.objects: dict[str, JsonObject] = {}
        self.kinds: dict[str, str] = {}
        self.former_kinds: dict[str, str] = {}  # of what was deleted, soft or not
        self.members: dict[str, dict[str, int]] = {}
        self.parents: dict[str, dict[str, None]] = {}
        self.deleted: dict[str, Deleted] = {}
        self.assignments: dict[str, JsonObject] = {}
        self.log: list[Change] = []
        self._positions: dict[str, dict[str, int]] = {kind: {} for kind in KINDS}
        self._rows: dict[str, Positioned] = {}
        self._member_rows: dict[str, Positioned] = {}
        self._names: dict[str, str] = {}
        self._last = 0

    def now(self) -> str:
        return self.clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def rows(self, kind: str, named: Collection[str] | None = None) -> Positioned:
        """Ids of one kind, or the ``named`` ones of it, with their positions, in that order."""
        with self.lock:
            if named is not None:
                known = self._positions[kind]
                numbered = sorted((known[key], key) for key in set(named) & known.keys())
                return [key for _, key in numbered], [position for position, _ in numbered]
            if kind not in self._rows:
                positions = self._positions[kind]
                self._rows[kind] = list(positions), list(positions.values())
            return self._rows[kind]

    def member_rows(self, group: str) -> Positioned:
        """Ids of the direct members of a group with their positions, both in order of position."""
        with self.lock:
            if group not in self._member_rows:
                members = self.members[group]
                self._member_rows[group] = list(members), list(members.values())
            return self._member_rows[group]

    def find(self, name: str) -> str | None:
        """The id of a user by userPrincipalName, or of a service principal by appId."""
        return self._names.get(name.casefold())

    def ids(self, kind: str) -> list[str]:
        """Ids of one kind, oldest first."""
        return list(self.rows(kind)[0])

    def update(self, key: str, **properties: Any) -> None:
        """Set properties of an object. Setting a value it already has is no change."""
        with self.lock:
            old = self.objects[key]
            changed = {k: v for k, v in properties.items() if old.get(k) != v}
            if not changed:
                return
            self._unname(key)
            old.update(changed)
            self._name(key)
            self.log.append(Change(self.kinds[key], key, properties=frozenset(changed)))

    def add_member(self, group: str, member: str) -> None:
        """Add a direct member; one that is a member already is no change."""
        with self.lock:
            if member not in self.objects:
                raise KeyError(f"no object {member!r} to add to group {group!r}")
            if member in self.members[group]:
                return
            self.members[group][member] = self._position()
            self._member_rows.pop(group, None)
            self.parents.setdefault(member, {})[group] = None
            self.log.append(Change("group", group, member=member, member_kind=self.kinds[member]))

    def remove_member(self, group: str, member: str) -> None:
        with self.lock:
            if self.members[group].pop(member, None) is None:
                return
            self._member_rows.pop(group, None)
            del self.parents[member][group]
            change = Change(
                "group", group, member=member, member_kind=self.kinds[member], member_removed=True
            )
            self.log.append(change)

    def add(self, kind: str, properties: JsonObject) -> str:
        """Add an object as created just now; without an ``id`` it gets the tenant's next one."""
        with self.lock:
            key = self.insert(kind, {"createdDateTime": self.now(), **properties})
            self.log.append(Change(kind, key, created=True))
            return key

    def insert(self, kind: str, properties: JsonObject) -> str:
        """Put an object in place without a change log entry, as when a world is loaded."""
        key = properties.get("id") or self._next_id(kind)
        if key in self.kinds or key in self.deleted:
            raise ValueError(f"two objects with id {key!r}")
        item = {"id": key, **{k: copy(v) for k, v in KINDS[kind].fill.items()}, **properties}
        self.objects[key] = item
        self.kinds[key] = kind
        self._positions[kind][key] = self._position()
        self._rows.pop(kind, None)
        self._name(key)
        if kind == "group":
            self.members[key] = {}
        return key

    def delete(self, key: str, *, soft: bool) -> None:
        """Delete an object; its memberships go with it, and come back when it is restored."""
        with self.lock:
            kind = self.kinds[key]
            parents = tuple(self.parents.get(key, ()))
            members = tuple(self.members.get(key, ()))
            for group in parents:
                self.remove_member(group, key)
            for member in members:
                del self.members[key][member]
                self.parents[member].pop(key, None)
            item = self._take(key)
            if soft:
                item["deletedDateTime"] = self.now()
                self.deleted[key] = Deleted(kind, item, parents, members)
            self.log.append(Change(kind, key, removed=True))

    def purge(self, key: str) -> None:
        """Delete a soft-deleted object for good."""
        with self.lock:
            self.log.append(Change(self.deleted.pop(key).kind, key, removed=True))

    def restore(self, key: str) -> None:
        """Bring a soft-deleted object back, with the memberships that still make sense."""
        with self.lock:
            gone = self.deleted.pop(key)
            gone.object.pop("deletedDateTime", None)
            self.insert(gone.kind, gone.object)
            self.log.append(Change(gone.kind, key, created=True))
            for group in gone.parents:
                if group in self.members:
                    self.add_member(group, key)
            for member in gone.members:
                if member in self.objects:
                    self.add_member(key, member)

    def _take(self, key: str) -> JsonObject:
        self._unname(key)
        kind = self.former_kinds[key] = self.kinds.pop(key)
        del self._positions[kind][key]
        self._rows.pop(kind, None)
        self.members.pop(key, None)
        self._member_rows.pop(key, None)
        self.parents.pop(key, None)
        return self.objects.pop(key)

    def _position(self) -> int:
        self._last += 1
        return self._last

    def _next_id(self, kind: str) -> str:
        number = self._last
        while True:
            key = str(uuid5(NAMESPACE_URL, f"{self.tenant_id}/{kind}/{number}"))
            if key not in self.kinds and key not in self.deleted:
                return key
            number += 1

    def _key_name(self, key: str) -> str | None:
        if self.kinds[key] == "application":  # its service principal has the same appId
            return None
        item = self.objects[key]
        name = item.get("userPrincipalName") or item.get("appId")
        return None if name is None else str(name).casefold()

    def _name(self, key: str) -> None:
        name = self._key_name(key)
        if name is not None:
            self._names.setdefault(name, key)

    def _unname(self, key: str) -> None:
        name = self._key_name(key)
        if name is not None and self._names.get(name) == key:
            del self._names[name]
