"""Users and service principals by id, each read once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from aadsync_lib.entra import translate
from aadsync_lib.entra.directory import APPLICATIONS, SERVICE_PRINCIPAL, USERS, Directory
from aadsync_lib.entra.objects import Found, list_ids, read_each
from aadsync_lib.entra.translate import UserFields
from aadsync_lib.errors import SourceError
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.model.directory import ServicePrincipal, User
from aadsync_lib.model.identity import Kind
from aadsync_lib.responses import JsonObject

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Resolved(Generic[T]):
    """Principals that could be read, those that are gone, and for each of the others the reason why not."""

    principals: dict[str, T]
    gone: frozenset[str]
    missing: dict[str, str]


async def read_users(
    directory: Directory, ids: Iterable[str], fields: UserFields
) -> Resolved[User]:
    """Read users, many in one request. A user that does not come back in full is missing."""
    listed = await list_ids(directory, Kind.USER, ids, fields.select)
    left_out = await read_each(directory, Kind.USER, listed.left_out, fields.select, listed=True)
    alone = await _users_singly(directory, listed.refused, fields)
    rows = {**listed.answers, **left_out, **alone}
    return _resolved(rows, lambda row: translate.user(row, fields), USERS)


async def read_service_principals(
    directory: Directory, ids: Iterable[str], known: dict[str, JsonObject]
) -> Resolved[ServicePrincipal]:
    """Resolve service principals from rows of casts, and read only those that these left open."""
    wanted = set(ids)
    rows: dict[str, Found] = {key: known[key] for key in wanted if key in known}
    unknown = [k for k in wanted if k not in known or not translate.service_principal(known[k])]
    rows |= await read_each(directory, Kind.SERVICE_PRINCIPAL, sorted(unknown), SERVICE_PRINCIPAL)
    return _resolved(rows, translate.service_principal, APPLICATIONS)


async def _users_singly(
    directory: Directory, ids: Sequence[str], fields: UserFields
) -> dict[str, Found]:
    """Read users each by itself, after Graph refused to filter by id."""
    first = await read_each(directory, Kind.USER, ids[:1], fields.select, listed=True)
    for failure in first.values():
        if isinstance(failure, GraphError) and failure.status == 400:
            raise SourceError(
                f"Graph refused to read people with the attributes that scope.users names "
                f"({', '.join(fields.attributes) or 'none'}): {failure.code} {failure.message} "
                f"Nothing was changed. Correct the names in scope.users."
            )
    return first | await read_each(directory, Kind.USER, ids[1:], fields.select, listed=True)


def _resolved(
    rows: Mapping[str, Found], translated: Callable[[JsonObject], T | None], permission: str
) -> Resolved[T]:
    principals: dict[str, T] = {}
    missing: dict[str, str] = {}
    for key, row in sorted(rows.items()):
        if isinstance(row, GraphError):
            missing[key] = row.reason(permission)
        elif row is not None:
            value = translated(row)
            if value is None:
                missing[key] = f"Graph gave limited information; grant {permission}"
            else:
                principals[key] = value
    gone = frozenset(key for key, row in rows.items() if row is None)
    return Resolved(principals, gone, missing)
