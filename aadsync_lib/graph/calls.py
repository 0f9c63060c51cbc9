"""Calls of Graph one after the other, reads and writes: paced, and never repeated blindly."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from azure.core.credentials import TokenCredential

from aadsync_lib.errors import CredentialError
from aadsync_lib.graph.client import PATIENCE, THROTTLED_TRIES, TRIES, backoff
from aadsync_lib.graph.endpoint import PUBLIC, PUBLIC_SCOPE, Endpoint
from aadsync_lib.graph.errors import RETRIED, GraphError
from aadsync_lib.graph.http import HttpTransport, Request, Response
from aadsync_lib.graph.loop import LoopThread
from aadsync_lib.graph.paging import MOST_PAGES
from aadsync_lib.ports import Clock
from aadsync_lib.responses import JsonObject, retry_after

# Requests a second, by what an address holds: 5 in 10 s each (throttling-limits, provisionOnDemand).
SLOW = {"/auditLogs/": 0.5, "/provisionOnDemand": 0.5}
WRITES = 20.0  # of an application in a tenant: 3,000 in 150 s
THROTTLED = 429


class UnclearError(GraphError):
    """A write that may or may not have been done: its answer was lost, or says nothing."""


class GraphCalls:
    """Reads and writes of one caller, in order; to be closed.

    What Graph throttles was not done, and is sent again after the pause that it asks for. Reads, and
    writes that can be repeated, are tried again where no clear answer came; any other write then raises
    ``UnclearError``, and the caller looks what is there.
    """

    def __init__(
        self,
        credential: TokenCredential,
        clock: Clock,
        *,
        endpoint: str = PUBLIC,
        token_scope: str = PUBLIC_SCOPE,
    ) -> None:
        self._endpoint = Endpoint(endpoint)
        self._credential = credential
        self._token_scope = token_scope
        self._clock = clock
        self._pace = _Pace(clock)
        self._loop: LoopThread | None = None
        self._transport: HttpTransport | None = None
        self.requests = 0
        """HTTP requests sent so far."""

    def get(self, path: str, *, eventual: bool = False) -> JsonObject:
        """Return the body of the answer. Raises ``GraphError``, ``CredentialError``."""
        return self._call(Request(path, eventual=eventual), repeatable=True)

    def rows(self, path: str, *, eventual: bool = False) -> list[JsonObject]:
        """Return every row of a collection, or raise: a part of it is none."""
        return [row for page, _ in self.pages(path, eventual=eventual) for row in page]

    def pages(
        self, path: str, *, eventual: bool = False
    ) -> Iterator[tuple[list[JsonObject], bool]]:
        """Yield the rows of each page of a collection, and whether more are to come, as they are read."""
        links: set[str] = set()
        page = self.get(path, eventual=eventual)
        while True:
            value, link = page.get("value"), page.get("@odata.nextLink")
            if not isinstance(value, list):
                raise GraphError(200, "no_value", "the answer is not a collection")
            yield [row for row in value if isinstance(row, dict)], link is not None
            if link is None:
                return
            if link in links or len(links) >= MOST_PAGES:
                raise GraphError(200, "endless_paging")
            links.add(link)
            page = self.get(self._endpoint.follow(str(link)), eventual=eventual)

    def post(self, path: str, body: JsonObject | None, *, repeatable: bool = False) -> JsonObject:
        """Create, or act. ``repeatable``: a second one changes nothing that the first did not."""
        return self._call(Request(path, method="POST", body=body), repeatable=repeatable)

    def put(self, path: str, body: JsonObject) -> JsonObject:
        """Replace."""
        return self._call(Request(path, method="PUT", body=body), repeatable=True)

    def patch(self, path: str, body: JsonObject) -> JsonObject:
        """Change what the body names."""
        return self._call(Request(path, method="PATCH", body=body), repeatable=True)

    def delete(self, path: str) -> None:
        """Delete; what is gone already counts as deleted."""
        try:
            self._call(Request(path, method="DELETE"), repeatable=True)
        except GraphError as error:
            if error.status != 404:
                raise

    def close(self) -> None:
        """Close the connections."""
        loop, transport = self._loop, self._transport
        self._loop = self._transport = None
        if loop and transport:
            try:
                loop.run(transport.close())
            finally:
                loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _call(self, request: Request, *, repeatable: bool) -> JsonObject:
        tries = 0
        while True:
            self._pace.wait(request)
            response = self._send(request)
            tries += 1
            if response.done:
                return response.body
            failure = response.failure()
            if failure.status == 401:
                raise self._refused(failure)
            asked = retry_after(response.retry_after, self._clock.now())
            throttled = failure.status == THROTTLED
            most = THROTTLED_TRIES if throttled else TRIES
            again = failure.status in RETRIED and (repeatable or throttled)
            if again and tries < most and (asked or 0.0) <= PATIENCE:
                self._clock.sleep(backoff(tries) if asked is None else asked)
                continue
            raise failure if _clear(failure, repeatable=repeatable) else _unclear(failure)

    def _send(self, request: Request) -> Response:
        self.requests += 1
        loop, transport = self._opened()
        return loop.run(transport.send(request))

    def _opened(self) -> tuple[LoopThread, HttpTransport]:
        if self._loop is None or self._transport is None:
            self._loop = LoopThread()
            self._transport = self._loop.run(self._open())
        return self._loop, self._transport

    async def _open(self) -> HttpTransport:
        return HttpTransport(self._endpoint, self._credential, self._token_scope)

    def _refused(self, failure: GraphError) -> CredentialError:
        return CredentialError(
            f"Graph at {self._endpoint.root} refused the token (401 {failure.code}). "
            f"Check source.auth, source.tenant_id and source.cloud."
        )


class _Pace:
    """The time between two requests of one kind."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: dict[str, float] = {}

    def wait(self, request: Request) -> None:
        """Wait until a request of this kind may be sent."""
        for kind, rate in _rates(request):
            now = self._clock.monotonic()
            due = self._due.get(kind, -math.inf)
            if due > now:
                self._clock.sleep(due - now)
            self._due[kind] = max(due, now) + 1 / rate


def _rates(request: Request) -> list[tuple[str, float]]:
    slow = [(part, rate) for part, rate in SLOW.items() if part in request.url]
    return slow if request.method == "GET" else [*slow, ("writes", WRITES)]


def _clear(failure: GraphError, *, repeatable: bool) -> bool:
    """Return whether a failure says that nothing was done."""
    return repeatable or failure.status == THROTTLED or failure.status not in RETRIED


def _unclear(failure: GraphError) -> UnclearError:
    return UnclearError(failure.status, failure.code, failure.message)
