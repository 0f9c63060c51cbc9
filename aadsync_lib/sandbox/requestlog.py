"""A log of the requests the sandbox saw, to count them by."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import unquote_plus

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
AUTH_PATH = re.compile(r"/oidc/|/\.well-known/|/oauth2/|/openid|/discovery/")
READING_POST = re.compile(
    r"/(\$batch|getByIds|getMemberObjects|getMemberGroups|checkMember\w+|validateCredentials)$"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One request; ``status`` is 0 where the client got no answer."""

    seq: int
    side: str
    method: str
    path: str
    query: str
    status: int
    seconds: float
    place: str = ""
    """Name of the workspace at whose host it came; empty is the account, Graph or Entra."""

    @property
    def is_auth(self) -> bool:
        """Whether it only discovers or fetches a token."""
        return AUTH_PATH.search(self.path) is not None

    @property
    def is_write(self) -> bool:
        """Whether it may change something besides tokens, done or refused."""
        if self.is_auth or self.method not in WRITES:
            return False
        return READING_POST.search(self.path) is None


class RequestLog:
    """Entries in the order the requests came. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._entries: dict[int, Entry] = {}
        self._seq = 0

    def add(
        self, side: str, method: str, path: str, *, query: str, status: int, seconds: float
    ) -> None:
        self.answered(self.came(side, method, path, query), status, seconds)

    def came(self, side: str, method: str, path: str, query: str, place: str = "") -> int:
        """Log a request that has no answer yet; return its number."""
        with self._lock:
            self._seq += 1
            self._entries[self._seq] = Entry(self._seq, side, method, path, query, 0, 0.0, place)
            return self._seq

    def answered(self, seq: int, status: int, seconds: float) -> None:
        """Complete an entry, unless the log was cleared meanwhile."""
        with self._lock:
            if seq in self._entries:
                entry = self._entries[seq]
                self._entries[seq] = replace(entry, status=status, seconds=seconds)

    @property
    def entries(self) -> tuple[Entry, ...]:
        with self._lock:
            return tuple(self._entries.values())

    def select(
        self,
        side: str | None = None,
        method: str | None = None,
        path: str | None = None,
        *,
        auth: bool = True,
        after: int = 0,
        place: str | None = None,
    ) -> tuple[Entry, ...]:
        """Return entries after a mark; ``path`` is a regular expression for path and query."""
        pattern = re.compile(path or "")
        return tuple(
            e
            for e in self.entries
            if e.seq > after
            and (side is None or e.side == side)
            and (place is None or e.place == place)
            and (method is None or e.method == method.upper())
            and (auth or not e.is_auth)
            and pattern.search(f"{e.path}?{e.query}" if e.query else e.path)
        )

    def count(
        self,
        side: str | None = None,
        method: str | None = None,
        path: str | None = None,
        *,
        auth: bool = True,
        after: int = 0,
        place: str | None = None,
    ) -> int:
        return len(self.select(side, method, path, auth=auth, after=after, place=place))

    def writes(
        self, side: str | None = None, *, after: int = 0, place: str | None = None
    ) -> tuple[Entry, ...]:
        return tuple(e for e in self.select(side, after=after, place=place) if e.is_write)

    def mark(self) -> int:
        """Return a point in the log for ``since`` and ``after``; clearing does not reset it."""
        with self._lock:
            return self._seq

    def since(self, mark: int) -> tuple[Entry, ...]:
        return self.select(after=mark)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


class RequestLogMiddleware:
    """Logs every request of one side. The outermost layer, so that it sees the final status."""

    def __init__(self, app: ASGIApp, log: RequestLog, side: str, place: str = "") -> None:
        self.app = app
        self.log = log
        self.side = side
        self.place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sandbox/"):
            await self.app(scope, receive, send)
            return
        query = unquote_plus(scope["query_string"].decode("latin-1"))
        seq = self.log.came(self.side, scope["method"], scope["path"], query, self.place)
        started = self.log.clock()

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":  # before the client can look here
                self.log.answered(seq, message["status"], self.log.clock() - started)
            await send(message)

        with suppress(ClientDisconnect):  # a client that gave up is no error of the server
            await self.app(scope, receive, watch)
