"""Users and service principals by id, each read once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from aadsync_lib.entra import translate
from aadsync_lib.entra.directory import (
    APPLICATIONS,
    AT_ONCE,
    GROUPS_DELETED,
    PERMISSIONS,
    SERVICE_PRINCIPAL,
    USERS,
    Directory,
)
from aadsync_lib.entra.translate import UserFields
from aadsync_lib.errors import SourceError
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.model.account import Unread
from aadsync_lib.model.directory import Presence, ServicePrincipal, User
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


T = TypeVar("T")
Rows = dict[str, JsonObject | GraphError]


@dataclass(frozen=True, slots=True)
class Resolved(Generic[T]):
    """Principals that could be read, and for each of the others the reason why not."""

    principals: dict[str, T]
    missing: dict[str, str]


async def read_users(
    directory: Directory, ids: Iterable[str], fields: UserFields
) -> Resolved[User]:
    """Read users, many in one request. A user that does not come back in full is missing."""
    wanted = sorted(set(ids))
    rows: Rows = {}
    chunks = [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]
    refused: list[str] = []
    listings = await asyncio.gather(
        *(directory.of_ids(Kind.USER, chunk, fields.select) for chunk in chunks)
    )
    for chunk, listing in zip(chunks, listings, strict=True):
        if listing.failure is not None and listing.failure.status == 400:
            refused += chunk
            continue
        if listing.failure is not None:
            rows |= dict.fromkeys(chunk, listing.failure)
        rows |= {row["id"]: row for row in listing.rows}
    rows |= await _users_singly(directory, refused, fields)
    return _resolved(wanted, rows, lambda row: translate.user(row, fields), USERS)


async def read_service_principals(
    directory: Directory, ids: Iterable[str], known: dict[str, JsonObject]
) -> Resolved[ServicePrincipal]:
    """Resolve service principals from rows of casts, and read only those that these left open."""
    wanted = sorted(set(ids))
    rows: Rows = {key: known[key] for key in wanted if key in known}
    unknown = [k for k in wanted if k not in known or not translate.service_principal(known[k])]
    rows |= await _singly(directory, Kind.SERVICE_PRINCIPAL, unknown, SERVICE_PRINCIPAL)
    return _resolved(wanted, rows, translate.service_principal, APPLICATIONS)


async def _users_singly(directory: Directory, ids: Sequence[str], fields: UserFields) -> Rows:
    """Read users each by itself, after Graph refused to filter by id."""
    first = await _singly(directory, Kind.USER, ids[:1], fields.select)
    for failure in first.values():
        if isinstance(failure, GraphError) and failure.status == 400:
            raise SourceError(
                f"Graph refused to read people with the attributes that scope.users names "
                f"({', '.join(fields.attributes) or 'none'}): {failure.code} {failure.message} "
                f"Nothing was changed. Correct the names in scope.users."
            )
    return first | await _singly(directory, Kind.USER, ids[1:], fields.select)


async def _singly(directory: Directory, kind: Kind, ids: Sequence[str], select: str) -> Rows:
    rows = await asyncio.gather(*(directory.get(kind, key, select) for key in ids))
    return dict(zip(ids, rows, strict=True))


def _resolved(
    wanted: Iterable[str], rows: Rows, translated: Callable[[JsonObject], T | None], permission: str
) -> Resolved[T]:
    principals: dict[str, T] = {}
    missing: dict[str, str] = {}
    for key in wanted:
        row = rows.get(key)
        if isinstance(row, GraphError):
            missing[key] = row.reason(permission)
            continue
        value = None if row is None else translated(row)
        if value is None:
            missing[key] = f"Graph gave no or limited information; grant {permission}"
        else:
            principals[key] = value
    return Resolved(principals, missing)
