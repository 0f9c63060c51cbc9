"""Part of the scope as it is now, laid over an earlier read of all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from aadsync_lib.config.scope import Scope
from aadsync_lib.entra.directory import GROUP, Directory
from aadsync_lib.entra.objects import Found, read_ids
from aadsync_lib.entra.principals import Resolved, read_service_principals, read_users
from aadsync_lib.entra.selectors import select
from aadsync_lib.entra.snapshot import assembled, members_of, of_kind
from aadsync_lib.entra.translate import UserFields
from aadsync_lib.entra.traversal import GroupRead, Traversal
from aadsync_lib.model.directory import Affected, Group, KnownRoot, Snapshot
from aadsync_lib.model.identity import Kind
from aadsync_lib.responses import JsonObject

T = TypeVar("T")


async def read_part(
    directory: Directory,
    scope: Scope,
    found: Collection[KnownRoot],
    known: Snapshot,
    about: Affected,
    attributes: Collection[str] = (),
) -> Snapshot:
    """Return the scope as all selectors find it now; of groups and people, only some are read again.

    These are whom it is ``about``, and who was not ``known``. Anybody else is as the earlier read has them.
    """
    (selection, by_line), rows = await asyncio.gather(
        select(directory, scope, found),
        read_ids(directory, Kind.GROUP, about.groups & known.groups.keys(), GROUP),
    )
    traversal = PartTraversal(directory, scope, known, rows)
    there = {**traversal.rows, **selection.groups}
    await traversal.across({key: GroupRead(there[key]) for key in about.groups if key in there})
    inside = await traversal.below(about.whole)
    await traversal.down(selection.groups.values())
    principals = selection.assigned | members_of(traversal.groups.values())
    again = about.users | about.service_principals | inside

    def fresh(kind: Kind, believed: Container[str]) -> list[str]:
        return [key for key in of_kind(principals, kind) if key in again or key not in believed]

    users, services = await asyncio.gather(
        read_users(
            directory, fresh(Kind.USER, known.users), UserFields.of(scope.users, attributes)
        ),
        read_service_principals(
            directory,
            fresh(Kind.SERVICE_PRINCIPAL, known.service_principals),
            traversal.service_principal_rows,
        ),
    )
    return assembled(
        selection,
        by_line,
        traversal,
        _with(users, known.users, principals),
        _with(services, known.service_principals, principals),
    )


class PartTraversal(Traversal):
    """Traversal that takes every group from an earlier read, but for those that are read before it goes down.

    ``rows`` are the groups of that read; ``now`` has those that were read again by themselves.
    """

    def __init__(
        self, directory: Directory, scope: Scope, known: Snapshot, now: Mapping[str, Found]
    ) -> None:
        super().__init__(directory, scope)
        self._known = known
        self._again = set(now)
        again = {key: row for key, row in now.items() if isinstance(row, dict)}
        self.rows = {key: _row(group) for key, group in known.groups.items()} | again

    async def below(self, tops: Iterable[str]) -> frozenset[str]:
        """Read what is nested in groups that were read, at any depth; return who is in any of these."""
        level = {key: self.groups[key] for key in tops if key in self.groups}
        inside: set[str] = set()
        while level:
            inside |= level.keys()
            nested = {key: row for group in level.values() for key, row in group.nested.items()}
            new = {key: GroupRead(row) for key, row in nested.items() if key not in self.groups}
            self._again |= new.keys()
            await self.across(new)
            level = {key: self.groups[key] for key in nested if key not in inside}
        return frozenset().union(*(self.groups[key].members for key in inside))

    async def _read(self, group: GroupRead) -> None:
        key = group.row["id"]
        if key in self._again or key not in self._known.groups:
            await super()._read(group)
            return
        for member in self._known.groups[key].members:
            group.members[member] = self._kind(member)
            if group.members[member] is Kind.GROUP:
                group.nested[member] = self.rows[member]

    def _kind(self, member: str) -> Kind:
        if member in self._known.users:
            return Kind.USER
        return Kind.GROUP if member in self._known.groups else Kind.SERVICE_PRINCIPAL


def _row(group: Group) -> JsonObject:
    return {
        "id": group.id,
        "displayName": group.display_name,
        "mailNickname": group.mail_nickname,
        "securityEnabled": group.security_enabled,
    }


def _with(read: Resolved[T], known: Mapping[str, T], principals: Container[str]) -> Resolved[T]:
    """Add those of an earlier read who are in scope and were not read again."""
    lacking = read.gone | read.missing.keys()
    believed = {k: v for k, v in known.items() if k in principals and k not in lacking}
    return replace(read, principals={**believed, **read.principals})
