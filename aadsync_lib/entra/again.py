"""A few groups and people of the scope, each read by itself, in one batch where that is enough."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Container, Iterable, Iterator, Mapping

from aadsync_lib.config.scope import Scope
from aadsync_lib.entra import translate
from aadsync_lib.entra.directory import GROUP, Directory
from aadsync_lib.entra.objects import Found, read_each
from aadsync_lib.entra.principals import Resolved, read_service_principals, read_users
from aadsync_lib.entra.translate import UserFields
from aadsync_lib.entra.traversal import GroupRead, Traversal
from aadsync_lib.graph.paging import Listing
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
    _, rows, users, services, groups_of = await asyncio.gather(
        traversal.across(level),
        read_each(directory, Kind.GROUP, level, GROUP),
        read_users(directory, about.users, fields),
        read_service_principals(directory, about.service_principals, {}),
        _groups_of(directory, _may_leave(known, about)),
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
    people = {
        **dict.fromkeys(users.principals, Kind.USER),
        **dict.fromkeys(services.principals, Kind.SERVICE_PRINCIPAL),
    }
    inside = members.keys() | _members(known, without=level)
    outside = {key: kind for key, kind in people.items() if key not in inside}
    late = {key: kind for key, kind in outside.items() if key not in groups_of}
    groups_of |= await _groups_of(directory, late)
    elsewhere = [_elsewhere(key, groups_of[key], known) for key in sorted(outside)]
    return Snapshot(
        frozenset(),
        {**users.principals, **more_users.principals},
        {**services.principals, **more_services.principals},
        {key: _group(rows[key], level[key]) for key in level},
        unread=(
            *_reasons(rows, level),
            *_missing(parts),
            *traversal.gone,
            *filter(None, elsewhere),
        ),
        passed_over=frozenset(traversal.passed_over),
    )


def _members(known: Snapshot, without: Container[str]) -> frozenset[str]:
    groups = known.groups.items()
    return frozenset().union(*(group.members for key, group in groups if key not in without))


def _may_leave(known: Snapshot, about: Affected) -> dict[str, Kind]:
    """Return who was in none but these groups: their own lists are asked for in the same batch."""
    rest = _members(known, without=about.groups)
    inside = frozenset().union(*(known.groups[key].members for key in about.groups)) - rest
    return {
        **dict.fromkeys(about.users & inside, Kind.USER),
        **dict.fromkeys(about.service_principals & inside, Kind.SERVICE_PRINCIPAL),
    }


async def _groups_of(directory: Directory, people: Mapping[str, Kind]) -> dict[str, Listing]:
    reads = (directory.member_of(kind, key, GROUP) for key, kind in people.items())
    return dict(zip(people, await asyncio.gather(*reads), strict=True))


def _elsewhere(key: str, groups: Listing, known: Snapshot) -> str:
    """Return why it is not certain that somebody leaves the scope; empty where it is."""
    if groups.failure is not None:
        return f"groups of {key}"
    group = next((row["id"] for row in groups.rows if row["id"] in known.groups), None)
    return f"{key} has come into group {group}, which is not announced yet" if group else ""


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
