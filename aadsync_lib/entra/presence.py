"""Presence in Entra of objects that a read of the scope did not show."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from aadsync_lib.entra.directory import AT_ONCE, GROUPS_DELETED, PERMISSIONS, Directory
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.model.account import Unread
from aadsync_lib.model.directory import Presence
from aadsync_lib.model.identity import Kind
from aadsync_lib.responses import JsonObject

SELECT = {
    Kind.USER: "id,accountEnabled",
    Kind.SERVICE_PRINCIPAL: "id,accountEnabled",
    Kind.GROUP: "id,displayName",
}
Presences = dict[str, Presence | Unread]


async def look_up(directory: Directory, ids: Mapping[str, Kind]) -> Presences:
    """Look for each object among its kind, then in the recycle bin, then once more by itself.

    Whatever Graph refuses or fails to answer leaves an object unread, never gone.
    """
    parts = await asyncio.gather(*(_chunk(directory, kind, chunk) for kind, chunk in _chunks(ids)))
    return {key: presence for part in parts for key, presence in part.items()}


def _chunks(ids: Mapping[str, Kind]) -> Iterator[tuple[Kind, list[str]]]:
    for kind in Kind:
        wanted = sorted(key for key, its in ids.items() if its is kind)
        for start in range(0, len(wanted), AT_ONCE):
            yield kind, wanted[start : start + AT_ONCE]


async def _chunk(directory: Directory, kind: Kind, ids: Sequence[str]) -> Presences:
    listing = await directory.of_ids(kind, ids, SELECT[kind])
    presences: Presences = {row["id"]: _presence(kind, row) for row in listing.rows}
    rest = [key for key in ids if key not in presences]
    if listing.failure is not None and listing.failure.status != 400:
        return presences | dict.fromkeys(rest, Unread(listing.failure.reason(PERMISSIONS[kind])))
    searched = await asyncio.gather(*(_search(directory, kind, key) for key in rest))
    return presences | dict(zip(rest, searched, strict=True))


async def _search(directory: Directory, kind: Kind, key: str) -> Presence | Unread:
    """Find an object that no listing shows; the last look is for one just restored."""
    deleted = await directory.deleted(key)
    if not isinstance(deleted, GraphError):
        return Presence.DELETED
    row = await directory.get(kind, key, SELECT[kind])
    if not isinstance(row, GraphError):
        return _presence(kind, row)
    if row.status != 404:
        return Unread(row.reason(PERMISSIONS[kind]))
    if deleted.status != 404:
        bin_permission = GROUPS_DELETED if kind is Kind.GROUP else PERMISSIONS[kind]
        return Unread(f"deleted items: {deleted.reason(bin_permission)}")
    return Presence.GONE


def _presence(kind: Kind, row: JsonObject) -> Presence | Unread:
    enabled = row.get("accountEnabled")
    if kind is Kind.GROUP or enabled is True:
        return Presence.PRESENT
    if enabled is None:
        return Unread(f"Graph gave limited information; grant {PERMISSIONS[kind]}")
    return Presence.DISABLED
