"""A few groups and people of the scope, each read by itself, in one batch where that is enough."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping

from aadsync_lib.config.scope import Scope
from aadsync_lib.entra import translate
from aadsync_lib.entra.directory import GROUP, Directory
from aadsync_lib.entra.objects import Found, read_each
from aadsync_lib.entra.principals import Resolved, read_service_principals, read_users
from aadsync_lib.entra.translate import UserFields
from aadsync_lib.entra.traversal import GroupRead, Traversal
from aadsync_lib.model.directory import Affected, Group, ServicePrincipal, Snapshot, User
from aadsync_lib.model.identity import Kind
from aadsync_lib.responses import JsonObject


async def read_again(
    directory: Directory,
    scope: Scope,
    known: Snapshot,
    about: Affected,
    attributes: Collection[str] = (),
) -> Snapshot:
    """Return the groups, the people, and who else is in the groups and was not known.

    ``unread`` says why the answer is not to be gone by. What of a group tells more than its name is of this read.
    """
    traversal, fields = Traversal(directory, scope), UserFields.of(scope.users, attributes)
    level = {key: GroupRead(_row(known.groups[key])) for key in sorted(about.groups)}
    _, rows, users, services = await asyncio.gather(
        traversal.across(level),
        read_each(directory, Kind.GROUP, level, GROUP),
        read_users(directory, about.users, fields),
        read_service_principals(directory, about.service_principals, {}),
    )
    members = {key: kind for group in level.values() for key, kind in group.members.items()}
    there = known.users.keys() | known.service_principals.keys() | known.groups.keys()
    new = {key: kind for key, kind in members.items() if key not in there}
    more_users, more_services = await asyncio.gather(
        read_users(directory, _of(new, Kind.USER) - users.principals.keys(), fields),
        read_service_principals(
            directory,
            _of(new, Kind.SERVICE_PRINCIPAL) - services.principals.keys(),
            traversal.service_principal_rows,
        ),
    )
    parts = (users, services, more_users, more_services)
    return Snapshot(
        frozenset(),
        {**users.principals, **more_users.principals},
        {**services.principals, **more_services.principals},
        {key: _group(rows[key], level[key]) for key in level},
        unread=(*_reasons(rows, level), *_missing(parts), *traversal.gone),
        passed_over=frozenset(traversal.passed_over),
    )


def _of(members: Mapping[str, Kind], kind: Kind) -> set[str]:
    return {key for key, its in members.items() if its is kind}


def _row(group: Group) -> JsonObject:
    return {"id": group.id, "displayName": group.display_name}


def _group(row: Found, read: GroupRead) -> Group:
    shown = row if isinstance(row, dict) else read.row
    return translate.group(shown, frozenset(read.members), None)


def _reasons(rows: Mapping[str, Found], level: Mapping[str, GroupRead]) -> Iterator[str]:
    """Yield which groups are not shown in full. Members that are hidden may only look as if there were none."""
    for key, row in rows.items():
        if not isinstance(row, dict) or row.get("visibility") == "HiddenMembership":
            yield f"group {key}"
        yield from level[key].reasons


def _missing(parts: Iterable[Resolved[User] | Resolved[ServicePrincipal]]) -> Iterator[str]:
    """Yield who could not be read, or is gone."""
    for part in parts:
        yield from (*sorted(part.missing), *sorted(part.gone))
