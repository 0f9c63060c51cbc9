"""People and groups that a connector provisions, and why it leaves out whom it does.

It takes who is assigned, and the direct members of assigned groups. Sources: graph_api.md, sections 5 and
6 (Behaviour).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from aadsync_lib.connector.compare.filters import failing, graph_name
from aadsync_lib.connector.compare.model import ConnectorScope
from aadsync_lib.model.directory import AttributeValue, Group, Snapshot, User
from aadsync_lib.model.identity import Kind
from aadsync_lib.reconcile.desired.filters import value_of

SERVICE = "service principal: the connector provisions people and groups only"
DISABLED = (
    "disabled in Entra: the connector provisions nobody who is; this sync keeps an account that it manages, "
    "inactive and with its groups"
)
NOT_ASSIGNED = "not assigned to the connector's application"
NO_SECURITY_GROUP = "no security group: the connector provisions no other"
OFF = "the connector's mapping of {0} is switched off"


@dataclass(slots=True)
class Provisioned:
    """The connector's side of one reading of Entra."""

    scope: ConnectorScope
    snapshot: Snapshot
    _above: Mapping[str, str] | None = field(default=None, init=False)

    def users(self) -> frozenset[str]:
        """Return the people that it provisions, by object id."""
        return frozenset(uid for uid in self._reached() if not any(self._of_user(uid)))

    def groups(self) -> frozenset[str]:
        """Return the groups that it provisions, by object id."""
        known = self.snapshot.groups
        if self.scope.missing:
            return frozenset()
        reached = known.keys() if self.scope.everybody else self.scope.groups & known.keys()
        return frozenset(gid for gid in reached if not any(self._of_group(gid)))

    def why_not(self, object_id: str) -> str:
        """Return every reason why it does not provision somebody or something of the sync."""
        if self.scope.missing:
            return self.scope.missing
        if object_id in self.snapshot.service_principals:
            return SERVICE
        if object_id in self.snapshot.groups:
            return "; ".join(self._reasons_of_group(object_id)) or NOT_ASSIGNED
        return "; ".join(self._reasons_of_user(object_id)) or NOT_ASSIGNED

    def by_way_of(self, object_id: str) -> str:
        """Return through what it provisions somebody: assigned, or as a member of an assigned group."""
        if self.scope.everybody:
            return "the connector provisions everybody of the tenant"
        if object_id in self.scope.users | self.scope.groups:
            return "assigned to the connector's application"
        names = sorted(
            group.display_name for group in self._assigned_groups() if object_id in group.members
        )
        return f"member of {', '.join(names)}, assigned to the connector's application"

    def _reached(self) -> frozenset[str]:
        if self.scope.missing:
            return frozenset()
        if self.scope.everybody:
            return frozenset(self.snapshot.users)
        members = (group.members for group in self._assigned_groups())
        return self.scope.users.union(*members) & self.snapshot.users.keys()

    def _assigned_groups(self) -> Iterator[Group]:
        groups = self.snapshot.groups
        return (groups[gid] for gid in sorted(self.scope.groups & groups.keys()))

    def _reasons_of_user(self, uid: str) -> Iterator[str]:
        if uid not in self._reached():
            yield self._nested_in(uid) or NOT_ASSIGNED
        yield from self._of_user(uid)

    def _of_user(self, uid: str) -> Iterator[str]:
        """Yield what keeps somebody out who is reached."""
        user = self.snapshot.users[uid]
        if Kind.USER not in self.scope.kinds:
            yield OFF.format("people")
        if not user.enabled:
            yield DISABLED
        reason = failing(self.scope.filters.get(Kind.USER, ()), lambda name: of_user(user, name))
        if reason:
            yield reason

    def _reasons_of_group(self, gid: str) -> Iterator[str]:
        if not self.scope.everybody and gid not in self.scope.groups:
            yield self._nested_in(gid) or NOT_ASSIGNED
        yield from self._of_group(gid)

    def _of_group(self, gid: str) -> Iterator[str]:
        group = self.snapshot.groups[gid]
        if Kind.GROUP not in self.scope.kinds:
            yield OFF.format("groups")
        if not group.security_enabled:
            yield NO_SECURITY_GROUP
        reason = failing(self.scope.filters.get(Kind.GROUP, ()), lambda name: of_group(group, name))
        if reason:
            yield reason

    def _nested_in(self, object_id: str) -> str | None:
        """Return the group by way of which somebody is in an assigned one, though not directly."""
        if self._above is None:
            self._above = self._nesting()
        root = self._above.get(object_id)
        if root is None:
            return None
        if object_id in self.snapshot.groups:
            return f"nested in {root}, which is assigned: the connector provisions no nested groups"
        return (
            f"nested: it is in {root} through nested groups, and the connector takes direct members"
        )

    def _nesting(self) -> Mapping[str, str]:
        """Return the assigned group above everything that lies below one, at any depth."""
        groups, roots = self.snapshot.groups, {}
        waiting = deque(
            (gid, groups[gid].display_name) for gid in sorted(self.scope.groups & groups.keys())
        )
        while waiting:
            gid, root = waiting.popleft()
            for member in sorted(groups[gid].members):
                if member not in roots:
                    roots[member] = root
                    if member in groups:
                        waiting.append((member, root))
        return roots


def of_user(user: User, attribute: str) -> AttributeValue:
    """Return an attribute of a person by Entra's name. Raises ``KeyError`` for one that is not read."""
    name = graph_name(attribute)
    if name is None:
        raise KeyError(attribute)
    return value_of(name, user)


def of_group(group: Group, attribute: str) -> AttributeValue:
    """Return an attribute of a group by Entra's name. Raises ``KeyError`` for one that is not read."""
    values: Mapping[str, AttributeValue] = {
        "displayname": group.display_name,
        "mailnickname": group.mail_nickname,
        "securityenabled": group.security_enabled,
        "objectid": group.id,
        "id": group.id,
    }
    return values[attribute.lower()]
