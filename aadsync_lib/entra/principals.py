"""Users and service principals by id, each read once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from aadsync_lib.entra import translate
from aadsync_lib.entra.directory import (
    APPLICATIONS,
    AT_ONCE,
    SERVICE_PRINCIPAL,
    USERS,
    Directory,
)
from aadsync_lib.entra.translate import UserFields
from aadsync_lib.errors import SourceError
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.model.directory import ServicePrincipal, User
from aadsync_lib.model.identity import Kind
from aadsync_lib.responses import JsonObject

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
