"""Where objects are in Entra that a read of the scope did not show."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from aadsync_lib.entra.principals import AT_ONCE
from aadsync_lib.graph.errors import APPLICATIONS, GROUPS, GROUPS_DELETED, USERS, GraphError
from aadsync_lib.graph.http import JsonObject
from aadsync_lib.graph.paging import Graph, read_all, try_one
from aadsync_lib.model.account import Unread
from aadsync_lib.model.directory import Presence
from aadsync_lib.model.identity import Kind

PERMISSIONS = {Kind.USER: USERS, Kind.SERVICE_PRINCIPAL: APPLICATIONS, Kind.GROUP: GROUPS}
SELECT = {
    Kind.USER: "id,accountEnabled",
    Kind.SERVICE_PRINCIPAL: "id,accountEnabled",
    Kind.GROUP: "id,displayName",
}
Places = dict[str, Presence | Unread]


async def look_up(graph: Graph, ids: Mapping[str, Kind]) -> Places:
    """Look for each object among its kind, then in the recycle bin, then once more by itself.

    Whatever Graph refuses or fails to answer leaves an object unread, never gone.
    """
    parts = await asyncio.gather(*(_chunk(graph, kind, chunk) for kind, chunk in _chunks(ids)))
    return {key: place for part in parts for key, place in part.items()}


def _chunks(ids: Mapping[str, Kind]) -> Iterator[tuple[Kind, list[str]]]:
    for kind in Kind:
        wanted = sorted(key for key, its in ids.items() if its is kind)
        for start in range(0, len(wanted), AT_ONCE):
            yield kind, wanted[start : start + AT_ONCE]


async def _chunk(graph: Graph, kind: Kind, ids: Sequence[str]) -> Places:
    listing = await read_all(graph, graph.addresses.of_ids(kind, ids, SELECT[kind]))
    places: Places = {row["id"]: _place(kind, row) for row in listing.rows}
    rest = [key for key in ids if key not in places]
    if listing.failure is not None and listing.failure.status != 400:
        return places | dict.fromkeys(rest, Unread(listing.failure.reason(PERMISSIONS[kind])))
    searched = await asyncio.gather(*(_search(graph, kind, key) for key in rest))
    return places | dict(zip(rest, searched, strict=True))


async def _search(graph: Graph, kind: Kind, key: str) -> Presence | Unread:
    """Say where an object is that no listing shows; the last look is for one just restored."""
    deleted = await try_one(graph, graph.addresses.deleted(key))
    if not isinstance(deleted, GraphError):
        return Presence.DELETED
    row = await try_one(graph, graph.addresses.one(kind, key, SELECT[kind]))
    if not isinstance(row, GraphError):
        return _place(kind, row)
    if row.status != 404:
        return Unread(row.reason(PERMISSIONS[kind]))
    if deleted.status != 404:
        bin_permission = GROUPS_DELETED if kind is Kind.GROUP else PERMISSIONS[kind]
        return Unread(f"deleted items: {deleted.reason(bin_permission)}")
    return Presence.GONE


def _place(kind: Kind, row: JsonObject) -> Presence | Unread:
    enabled = row.get("accountEnabled")
    if kind is Kind.GROUP or enabled is True:
        return Presence.PRESENT
    if enabled is None:
        return Unread(f"Graph gave limited information; grant {PERMISSIONS[kind]}")
    return Presence.DISABLED
