"""Groups and people that an application is to be assigned to, by what the settings call them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping

from azure.core.credentials import TokenCredential

from aadsync_lib.config.scope import GroupSelector, Scope
from aadsync_lib.entra.directory import PERMISSIONS, USERS, Directory
from aadsync_lib.entra.objects import read_one
from aadsync_lib.entra.selection import ADDS_NOBODY
from aadsync_lib.entra.selectors import select
from aadsync_lib.errors import SourceError
from aadsync_lib.graph.client import GraphClient
from aadsync_lib.graph.endpoint import Endpoint
from aadsync_lib.graph.errors import GraphError, printable
from aadsync_lib.graph.http import HttpTransport
from aadsync_lib.graph.loop import run_apart
from aadsync_lib.graph.odata import literal
from aadsync_lib.model.connector import Principals
from aadsync_lib.model.directory import ASSIGNED_BY, SCOPE_EMPTY, KnownRoot, Notice
from aadsync_lib.model.identity import GUID, Kind, same_name
from aadsync_lib.ports import Clock

PERSON = "id,displayName,userPrincipalName,mail"
EITHER = ("userPrincipalName", "mail")


class AssignableReader:
    """Finds groups by the selectors of a scope, and people by name."""

    def __init__(
        self, credential: TokenCredential, *, endpoint: str, token_scope: str, clock: Clock
    ) -> None:
        self._credential = credential
        self._endpoint = Endpoint(endpoint)
        self._token_scope = token_scope
        self._clock = clock

    def find(
        self,
        groups: Collection[GroupSelector],
        users: Collection[str],
        known: Collection[str] = (),
    ) -> Principals:
        """Return them; of ``known``, by id, what a list leaves out is looked for once more.

        Raises ``SourceError`` for a name that is nobody's, or several people's, and for a selector that
        finds nothing: what it found before would be unassigned for a name that changed or is misspelt.
        """

        async def run() -> Principals:
            transport = HttpTransport(self._endpoint, self._credential, self._token_scope)
            async with GraphClient(transport, self._clock, concurrency=8) as client:
                return await _find(Directory(client), tuple(groups), tuple(users), known)

        return run_apart(run) if groups or users else Principals({}, {})


async def _find(
    directory: Directory,
    groups: tuple[GroupSelector, ...],
    users: tuple[str, ...],
    known: Collection[str],
) -> Principals:
    kinds: dict[str, Kind] = {}
    names: dict[str, str] = {}
    unread: tuple[str, ...] = ()
    nobody: list[str] = []
    if groups:
        selection, _ = await select(directory, Scope(groups=groups), _roots(groups, known))
        nobody += map(_without_any, selection.notices)
        kinds = dict.fromkeys(selection.groups, Kind.GROUP) | selection.assigned
        rows = {key: str(row.get("displayName") or key) for key, row in selection.groups.items()}
        names = rows | selection.names
        unread = tuple(selection.unread)
    answers = await asyncio.gather(*(_person(directory, name) for name in users))
    nobody += [problem for problem, _ in answers]
    if problems := list(filter(None, nobody)):
        raise SourceError("\n".join(problems) + "\nNothing was changed.")
    for _, person in answers:
        if isinstance(person, str):
            unread += (person,)
        else:
            key, names[person[0]] = person
            kinds[key] = Kind.USER
    return Principals(kinds, names, unread)


def _roots(groups: Iterable[GroupSelector], known: Collection[str]) -> list[KnownRoot]:
    """Return who may have been found by a list; what an id or a name stands for is asked by that."""
    lists = [selector for selector in groups if selector.by in ("prefix", "filter", "application")]
    keys = (f"{ASSIGNED_BY if s.application else ''}{s.key}" for s in lists)
    return [KnownRoot(key, principal, "") for key in keys for principal in known]


def _without_any(notice: Notice) -> str:
    """Return the problem where a notice is of a selector that finds nothing."""
    if notice.code != SCOPE_EMPTY:
        return ""
    return f"connector.assign.groups: {printable(notice.message.replace(ADDS_NOBODY, ''))}"


async def _person(directory: Directory, name: str) -> tuple[str, str | tuple[str, str]]:
    """Return a problem, and id and user name of a person or why it is not known."""
    if GUID.fullmatch(name):
        row = await read_one(directory, Kind.USER, name.lower(), PERSON)
        if isinstance(row, GraphError):
            return "", f"user {name}: {row.reason(USERS)}"
        rows: list[Mapping[str, str]] = [row] if row else []
    else:
        filter_ = " or ".join(f"{key} eq {literal(name)}" for key in EITHER)
        listing = await directory.where(Kind.USER, filter_, PERSON)
        if listing.failure is not None:
            return "", f"user {printable(name)}: {listing.failure.reason(PERMISSIONS[Kind.USER])}"
        rows = list(listing.rows)
    by_name = [row for row in rows if same_name(str(row.get("userPrincipalName") or ""), name)]
    rows = by_name or rows
    if len(rows) == 1:
        return "", (rows[0]["id"], rows[0].get("userPrincipalName") or rows[0]["id"])
    what = "nobody has this user name, mail address or id" if not rows else "several people have it"
    ids = f": {', '.join(row['id'] for row in rows)}" if rows else ""
    return f"connector.assign.users: {printable(name)}: {what}{ids}.", ""
