"""People, service principals and groups by name, with every group above, in scope or not."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aadsync_lib.config.base import GUID
from aadsync_lib.entra import translate
from aadsync_lib.errors import SourceError
from aadsync_lib.graph.errors import APPLICATIONS, GROUPS, USERS, GraphError, printable
from aadsync_lib.graph.http import JsonObject
from aadsync_lib.graph.paging import Graph, Listing, read_all, try_one
from aadsync_lib.graph.requests import literal
from aadsync_lib.model.directory import DirectoryMatch, GroupAbove
from aadsync_lib.model.identity import Kind

PEOPLE = (Kind.USER, Kind.SERVICE_PRINCIPAL)
NAME = {
    Kind.USER: "userPrincipalName",
    Kind.SERVICE_PRINCIPAL: "appId",
    Kind.GROUP: "displayName",
}
FILTERS = {
    Kind.USER: ("userPrincipalName", "mail", "displayName"),
    Kind.SERVICE_PRINCIPAL: ("displayName",),
    Kind.GROUP: ("displayName",),
}
PERMISSIONS = {Kind.USER: USERS, Kind.SERVICE_PRINCIPAL: APPLICATIONS, Kind.GROUP: GROUPS}
GROUP = "id,displayName,securityEnabled"
SELECT = {
    Kind.USER: "id,displayName,accountEnabled,userPrincipalName",
    Kind.SERVICE_PRINCIPAL: "id,displayName,accountEnabled,appId",
    Kind.GROUP: GROUP,
}


async def search(
    graph: Graph, name: str, kinds: Iterable[Kind] = PEOPLE
) -> tuple[DirectoryMatch, ...]:
    """Find everybody of a name: user name, mail, application id, display name or object id."""
    searches = await asyncio.gather(*(_search(graph, kind, name) for kind in kinds))
    found = {row["id"]: (kind, row) for search in searches for kind, row in search.found}
    failed = [reason for search in searches for reason in search.failed]
    if failed and not found:
        raise SourceError(
            f"Nothing was found as {printable(name)}, but Graph did not answer all that was asked: "
            f"{'; '.join(failed)}. Nothing was changed."
        )
    placed = await asyncio.gather(*(_placed(graph, kind, row) for kind, row in found.values()))
    return tuple(sorted(placed, key=lambda one: (one.name.casefold(), one.id)))


@dataclass(slots=True)
class _Search:
    found: list[tuple[Kind, JsonObject]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


async def _search(graph: Graph, kind: Kind, name: str) -> _Search:
    search = _Search()
    for listing in await asyncio.gather(*_listings(graph, kind, name)):
        search.found += [(kind, row) for row in listing.rows if row.get(NAME[kind])]
        if listing.failure is not None:
            search.failed.append(listing.failure.reason(PERMISSIONS[kind]))
    return search


def _listings(graph: Graph, kind: Kind, name: str) -> Iterable[Any]:
    to, select = graph.addresses, SELECT[kind]
    guid = re.fullmatch(GUID, name)
    keys = FILTERS[kind] + (("appId",) if guid and kind is Kind.SERVICE_PRINCIPAL else ())
    for key in keys:
        yield read_all(graph, to.where(kind, f"{key} eq {literal(name)}", select))
    if guid:
        yield _by_id(graph, kind, name, select)


async def _by_id(graph: Graph, kind: Kind, object_id: str, select: str) -> Listing:
    answer = await try_one(graph, graph.addresses.one(kind, object_id, select))
    if isinstance(answer, GraphError):
        return Listing((), None if answer.status == 404 else answer)
    return Listing((answer,))


async def _placed(graph: Graph, kind: Kind, row: JsonObject) -> DirectoryMatch:
    """Add every group above, level by level, each read once.

    Graph can list them all in one answer, but without saying what is nested in what, and from an
    index that has been seen to leave groups out.
    """
    parents, whole = await _parents(graph, kind, row["id"])
    rows = dict(parents)
    above: dict[str, GroupAbove] = {}
    while level := [gid for gid in rows if gid not in above]:
        answers = await asyncio.gather(*(_parents(graph, Kind.GROUP, gid) for gid in level))
        for gid, (higher, read) in zip(level, answers, strict=True):
            above[gid] = _above(rows[gid], frozenset(higher))
            whole = whole and read
            rows |= higher
    ordered = tuple(sorted(above.values(), key=lambda group: (group.name.casefold(), group.id)))
    if kind is Kind.GROUP:
        ordered = (_above(row, frozenset(parents)), *(g for g in ordered if g.id != row["id"]))
    names = tuple(sorted(group.name for group in above.values()))
    return DirectoryMatch(
        id=row["id"],
        name=row[NAME[kind]],
        display_name=row.get("displayName") or None,
        enabled=row.get("accountEnabled") is not False,
        groups=names if whole else None,
        kind=kind,
        parents=frozenset(parents),
        above=ordered,
    )


async def _parents(graph: Graph, kind: Kind, key: str) -> tuple[dict[str, JsonObject], bool]:
    """Return the groups that an object is directly in, and whether these are all."""
    listing = await read_all(graph, graph.addresses.member_of(kind, key, GROUP))
    groups = {
        row["id"]: row
        for row in listing.rows
        if translate.KINDS.get(translate.type_name(row)) is Kind.GROUP
    }
    named = all(row.get("displayName") for row in groups.values())
    return groups, listing.failure is None and named


def _above(row: JsonObject, parents: frozenset[str]) -> GroupAbove:
    name = row.get("displayName") or row["id"]
    # Limited information says nothing about the kind.
    return GroupAbove(row["id"], name, row.get("securityEnabled") is not False, parents)
