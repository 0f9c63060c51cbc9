"""People and service principals by id, each read once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from aadsync_lib.entra import translate
from aadsync_lib.entra.translate import UserFields
from aadsync_lib.errors import SourceError
from aadsync_lib.graph.errors import APPLICATIONS, USERS, GraphError
from aadsync_lib.graph.http import JsonObject, Request
from aadsync_lib.graph.paging import Graph, read_all, try_one
from aadsync_lib.model.directory import ServicePrincipal, User

T = TypeVar("T")
Rows = dict[str, JsonObject | GraphError]
AT_ONCE = 15  # values of one ``in``: documented for Entra, and short enough for any proxy


@dataclass(frozen=True, slots=True)
class Resolved(Generic[T]):
    """Who could be read, and for everybody else the reason why not."""

    found: dict[str, T]
    missing: dict[str, str]


async def read_users(graph: Graph, ids: Iterable[str], fields: UserFields) -> Resolved[User]:
    """Read people, many in one request. Who does not come back in full is missing."""
    wanted = sorted(set(ids))
    rows: Rows = {}
    chunks = [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]
    refused: list[str] = []
    listings = await asyncio.gather(
        *(read_all(graph, graph.addresses.users(chunk, fields.select)) for chunk in chunks)
    )
    for chunk, listing in zip(chunks, listings, strict=True):
        if listing.failure is not None and listing.failure.status == 400:
            refused += chunk
            continue
        if listing.failure is not None:
            rows |= dict.fromkeys(chunk, listing.failure)
        rows |= {row["id"]: row for row in listing.rows}
    rows |= await _users_singly(graph, refused, fields)
    return _resolved(wanted, rows, lambda row: translate.user(row, fields), USERS)


async def read_service_principals(
    graph: Graph, ids: Iterable[str], known: dict[str, JsonObject]
) -> Resolved[ServicePrincipal]:
    """Resolve service principals from rows of casts, and read only those that these left open."""
    wanted = sorted(set(ids))
    rows: Rows = {key: known[key] for key in wanted if key in known}
    unknown = [k for k in wanted if k not in known or not translate.service_principal(known[k])]
    rows |= await _singly(graph, unknown, graph.addresses.service_principal)
    return _resolved(wanted, rows, translate.service_principal, APPLICATIONS)


async def _users_singly(graph: Graph, ids: Sequence[str], fields: UserFields) -> Rows:
    """Read people one by one, after Graph refused to filter by id."""

    def ask(user_id: str) -> Request:
        return graph.addresses.user(user_id, fields.select)

    first = await _singly(graph, ids[:1], ask)
    for failure in first.values():
        if isinstance(failure, GraphError) and failure.status == 400:
            raise SourceError(
                f"Graph refused to read people with the attributes that scope.users names "
                f"({', '.join(fields.attributes) or 'none'}): {failure.code} {failure.message} "
                f"Nothing was changed. Correct the names in scope.users."
            )
    return first | await _singly(graph, ids[1:], ask)


async def _singly(graph: Graph, ids: Sequence[str], ask: Callable[[str], Request]) -> Rows:
    answers = await asyncio.gather(*(try_one(graph, ask(key)) for key in ids))
    return dict(zip(ids, answers, strict=True))


def _resolved(
    wanted: Iterable[str], rows: Rows, translated: Callable[[JsonObject], T | None], permission: str
) -> Resolved[T]:
    found: dict[str, T] = {}
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
            found[key] = value
    return Resolved(found, missing)
