"""Presence and names of objects by id, in scope or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from aadsync_lib.entra.directory import PERMISSIONS, Directory
from aadsync_lib.entra.objects import Answer, Found, absent, list_ids, read_ids, second_look
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.model.account import Unread
from aadsync_lib.model.directory import Presence
from aadsync_lib.model.identity import Kind, canonical_id
from aadsync_lib.responses import JsonObject

SELECT = {
    Kind.USER: "id,accountEnabled",
    Kind.SERVICE_PRINCIPAL: "id,accountEnabled",
    Kind.GROUP: "id,displayName",
}
NAMES = {
    Kind.USER: ("userPrincipalName", "mail"),
    Kind.SERVICE_PRINCIPAL: ("appId", "displayName"),
    Kind.GROUP: ("displayName",),
}
Names = frozenset[str] | Unread
T = TypeVar("T")


async def look_up(directory: Directory, ids: Mapping[str, Kind]) -> dict[str, Presence | Unread]:
    """Look for each object among its kind, then by itself and in the recycle bin.

    Gone is what a listing leaves out and two reads by id do not find; the recycle bin only says the
    word for it. Whatever Graph refuses or fails to answer leaves an object unread, never gone.
    """
    return await _by_kind(ids, lambda kind, keys: _presences(directory, kind, keys))


async def read_names(directory: Directory, ids: Mapping[str, Kind]) -> dict[str, Names]:
    """Return every name by which each object is known now; none for one that is gone or deleted."""
    return await _by_kind(ids, lambda kind, keys: _names(directory, kind, keys))


async def _by_kind(
    ids: Mapping[str, Kind],
    read: Callable[[Kind, list[str]], Awaitable[Mapping[str, T]]],
) -> dict[str, T]:
    """Read objects kind by kind, and answer under the ids as they were given."""
    wanted = {kind: [canonical_id(key) for key, its in ids.items() if its is kind] for kind in Kind}
    kinds = [kind for kind in Kind if wanted[kind]]
    parts = await asyncio.gather(*(read(kind, wanted[kind]) for kind in kinds))
    answers = dict(zip(kinds, parts, strict=True))
    return {key: answers[kind][canonical_id(key)] for key, kind in ids.items()}


async def _presences(
    directory: Directory, kind: Kind, keys: list[str]
) -> dict[str, Presence | Unread]:
    listed = await list_ids(directory, kind, keys, SELECT[kind])
    presences = {key: _presence(kind, answer) for key, answer in listed.answers.items()}
    rest = (*listed.left_out, *listed.refused)
    searched = await asyncio.gather(*(_search(directory, kind, key) for key in rest))
    return presences | dict(zip(rest, searched, strict=True))


async def _search(directory: Directory, kind: Kind, key: str) -> Presence | Unread:
    """Find an object that no listing shows."""
    first, deleted = await asyncio.gather(
        directory.get(kind, key, SELECT[kind]), directory.deleted(key)
    )
    if absent(first) and not isinstance(deleted, GraphError):
        return Presence.DELETED
    row = await second_look(directory, kind, key, SELECT[kind], first)
    return Presence.GONE if row is None else _presence(kind, row)


def _presence(kind: Kind, answer: Answer) -> Presence | Unread:
    if isinstance(answer, GraphError):
        return Unread(answer.reason(PERMISSIONS[kind]))
    enabled = answer.get("accountEnabled")
    if kind is Kind.GROUP or enabled is True:
        return Presence.PRESENT
    return _limited(kind) if enabled is None else Presence.DISABLED


async def _names(directory: Directory, kind: Kind, keys: list[str]) -> dict[str, Names]:
    select = ",".join(("id", *NAMES[kind]))
    rows = await read_ids(directory, kind, keys, select)
    return {key: _names_of(kind, row) for key, row in rows.items()}


def _names_of(kind: Kind, row: Found) -> Names:
    if row is None:
        return frozenset()
    if isinstance(row, GraphError):
        return Unread(row.reason(PERMISSIONS[kind]))
    names = _texts(row, NAMES[kind])
    # Everybody has the first of these names; only a group may be without.
    whole = kind is Kind.GROUP or row.get(NAMES[kind][0])
    return names if whole else _limited(kind)


def _texts(row: JsonObject, keys: tuple[str, ...]) -> frozenset[str]:
    return frozenset(row[key] for key in keys if row.get(key))


def _limited(kind: Kind) -> Unread:
    return Unread(f"Graph gave limited information; grant {PERMISSIONS[kind]}")
