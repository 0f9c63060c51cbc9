"""The scope in Entra as one snapshot: the ``Source`` of a sync."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any, TypeVar

from azure.core.credentials import TokenCredential

from aadsync_lib.config.scope import Scope
from aadsync_lib.entra.again import read_again
from aadsync_lib.entra.delta import Feed
from aadsync_lib.entra.directory import Directory
from aadsync_lib.entra.part import read_part
from aadsync_lib.entra.presence import look_up, read_names
from aadsync_lib.entra.search import PEOPLE, search
from aadsync_lib.entra.snapshot import read_snapshot
from aadsync_lib.entra.translate import UserFields
from aadsync_lib.graph.client import GraphClient
from aadsync_lib.graph.endpoint import PUBLIC, PUBLIC_SCOPE, Endpoint
from aadsync_lib.graph.http import HttpTransport
from aadsync_lib.graph.loop import run_apart
from aadsync_lib.model.account import Unread
from aadsync_lib.model.directory import (
    Affected,
    Changes,
    Cursor,
    DirectoryMatch,
    KnownRoot,
    Presence,
    Snapshot,
)
from aadsync_lib.model.identity import Kind
from aadsync_lib.ports import Clock

log = logging.getLogger(__name__)

T = TypeVar("T")


class EntraSource:
    """Reads the scope through Microsoft Graph. Every read has a loop and connections of its own.

    ``attributes`` are properties of people to read beside the usual ones and those of ``scope.users``.
    """

    def __init__(
        self,
        scope: Scope,
        credential: TokenCredential,
        *,
        endpoint: str = PUBLIC,
        token_scope: str = PUBLIC_SCOPE,
        clock: Clock,
        attributes: Collection[str] = (),
        concurrency: int = 8,
    ) -> None:
        self._scope = scope
        self._attributes = attributes
        self._credential = credential
        self._endpoint = Endpoint(endpoint)
        self._token_scope = token_scope
        self._clock = clock
        self._concurrency = concurrency
        self._requests = 0

    @property
    def requests(self) -> int:
        """HTTP requests sent so far; a batch is one."""
        return self._requests

    def read(self, known: Collection[KnownRoot] = ()) -> Snapshot:
        """Read everything in scope; ``known`` is ``Snapshot.found`` of an earlier read.

        What could not be read in full says so in the snapshot. Raises ``SourceError`` when no
        selector could be read, ``CredentialError`` when Entra or Graph refuse the login.
        """
        snapshot = self._in_directory(
            lambda directory: read_snapshot(directory, self._scope, known, self._attributes)
        )
        log.info(
            "read %d groups, %d users and %d service principals from Entra in %d requests%s",
            len(snapshot.groups),
            len(snapshot.users),
            len(snapshot.service_principals),
            self._requests,
            "" if snapshot.complete else "; some of it could not be read",
        )
        return snapshot

    def changes(self, since: Cursor | None = None, known: Collection[KnownRoot] = ()) -> Changes:
        """Return what Entra announces since a cursor, and where to go on."""
        fields = UserFields.of(self._scope.users, self._attributes)
        return self._in_directory(
            lambda directory: Feed(directory, self._scope, fields).read(since, known)
        )

    def read_again(self, known: Snapshot, about: Affected) -> Snapshot:
        """Return what these groups, with their members, and people are now, each read by itself.

        ``known`` is an earlier read, in which the groups are. What could not be read is ``unread``.
        """
        return self._in_directory(
            lambda directory: read_again(directory, self._scope, known, about, self._attributes)
        )

    def read_part(self, found: Collection[KnownRoot], known: Snapshot, about: Affected) -> Snapshot:
        """Return the scope as it is now where it is ``about`` somebody, and as it was ``known`` elsewhere."""
        return self._in_directory(
            lambda directory: read_part(
                directory, self._scope, found, known, about, self._attributes
            )
        )

    def look_up(self, ids: Mapping[str, Kind]) -> Mapping[str, Presence | Unread]:
        """Return the presence of each object id, in scope or not. Without ids nothing is sent."""
        return self._in_directory(lambda directory: look_up(directory, ids)) if ids else {}

    def names(self, ids: Mapping[str, Kind]) -> Mapping[str, frozenset[str] | Unread]:
        """Return every name that Entra has for each object id now; none for one that is gone.

        User name and mail of a person, client id and display name of a service principal, display name
        of a group. Without ids nothing is sent.
        """
        return self._in_directory(lambda directory: read_names(directory, ids)) if ids else {}

    def search(self, name: str, kinds: Collection[Kind] = PEOPLE) -> tuple[DirectoryMatch, ...]:
        """Find people and service principals, or other kinds, by any of their names, in scope or not.

        Raises ``SourceError`` when nobody was found and Graph did not answer everything.
        """
        return self._in_directory(lambda directory: search(directory, name, kinds))

    def _in_directory(self, work: Callable[[Directory], Coroutine[Any, Any, T]]) -> T:
        """Run ``work`` with a client of its own, on a loop of its own."""

        async def run() -> T:
            transport = HttpTransport(
                self._endpoint, self._credential, self._token_scope, self._count
            )
            async with GraphClient(transport, self._clock, self._concurrency) as client:
                return await work(Directory(client))

        return run_apart(run)

    def _count(self) -> None:
        self._requests += 1
