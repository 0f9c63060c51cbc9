"""Client for reads from Graph: concurrent requests share a batch, and are tried again."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Self

from aadsync_lib.errors import CredentialError
from aadsync_lib.graph.errors import RETRIED
from aadsync_lib.graph.http import HttpTransport, Request, Response
from aadsync_lib.graph.loop import off_loop
from aadsync_lib.ports import Clock
from aadsync_lib.responses import JsonObject, retry_after

PATIENCE = 900.0  # seconds; Graph's pauses are seconds to minutes, longer ones are not waited for
LONGEST_BACKOFF = 30.0


def backoff(tries: int) -> float:
    """Return how long to wait after so many tries: doubling, bounded, and not all at once."""
    step = min(LONGEST_BACKOFF, 0.5 * 2.0 ** (tries - 1))
    return step * random.uniform(1.0, 1.5)  # noqa: S311 - spreads requests, is no secret


class Pause:
    """One pause for every request: where one has to wait, all of them wait.

    Requests sent while throttled count against the limit as well, so none is.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = -math.inf
        self._sleeper = asyncio.Lock()

    def extend(self, seconds: float) -> None:
        """Let nothing be sent for this long from now, or until the pause so far if that ends later."""
        self._until = max(self._until, self._clock.monotonic() + seconds)

    async def over(self) -> None:
        """Wait for the end of the pause. One waiter sleeps, the others wait for it."""
        async with self._sleeper:
            while (left := self._until - self._clock.monotonic()) > 0.001:
                await off_loop(partial(self._clock.sleep, left))


BATCH = 20  # the most requests that Graph takes in one
NO_BATCH = frozenset({400, 404, 405, 413, 501})  # a gateway in between takes none, or not this one
TRIES = 6
THROTTLED_TRIES = 12
SETTLE = 4  # turns of the loop in which the tasks that one answer woke up send their next request


@dataclass(slots=True)
class _Item:
    """A request on its way, and the future that its caller waits for."""

    request: Request
    result: asyncio.Future[JsonObject] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    tries: int = 0


class GraphClient:
    """Reads Graph, for the loop that it is entered in.

    Callers read one thing each, many at once. Requests of the same moment travel together, up to
    twenty in a ``$batch``; a lone one goes by itself. Those that Graph throttles or fails are sent
    again, together as well: a write belongs into ``HttpTransport``, which sends once. The transport
    is closed at the end.
    """

    def __init__(self, transport: HttpTransport, clock: Clock, concurrency: int) -> None:
        self.endpoint = transport.endpoint
        self.adapter = transport.adapter
        self._transport = transport
        self._clock = clock
        self._pause = Pause(clock)
        self._slots = asyncio.Semaphore(concurrency)
        self._waiting: list[_Item] = []
        self._flush: asyncio.Task[None] | None = None
        self._deliveries: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._deliveries:
            task.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)
        await self._transport.close()

    async def get(self, request: Request) -> JsonObject:
        """Return the body of the answer. Raises ``GraphError`` when there is none to be had."""
        item = _Item(request)
        self._submit([item])
        return await item.result

    def _submit(self, items: Sequence[_Item]) -> None:
        self._waiting.extend(items)
        if self._flush is None:
            self._flush = asyncio.create_task(self._send_waiting())

    async def _send_waiting(self) -> None:
        for _ in range(SETTLE):
            await asyncio.sleep(0)
        waiting, self._waiting, self._flush = self._waiting, [], None
        together = iter([item for item in waiting if self._relative(item) is not None])
        while chunk := list(islice(together, BATCH)):
            self._start(chunk)
        for item in waiting:
            if self._relative(item) is None:
                self._start([item])

    def _relative(self, item: _Item) -> str | None:
        return self.endpoint.relative(item.request.url)

    def _start(self, items: list[_Item]) -> None:
        task = asyncio.create_task(self._deliver(items))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _deliver(self, items: list[_Item]) -> None:
        try:
            async with self._slots:
                await self._pause.over()
                responses = await self._send(items)
            again, wait = self._settle(items, responses)
        except Exception as error:  # noqa: BLE001 - handed to every caller
            for item in items:
                if not item.result.done():
                    item.result.set_exception(error)
            return
        if wait:
            await off_loop(partial(self._clock.sleep, wait))
        if again:
            self._submit(again)

    async def _send(self, items: list[_Item]) -> list[Response]:
        if len(items) == 1:
            return [await self._transport.send(items[0].request)]
        requests = [self._inner(number, item) for number, item in enumerate(items)]
        batch = Request("/$batch", method="POST", body={"requests": requests})
        outer = await self._transport.send(batch)
        if outer.status in NO_BATCH:
            return await asyncio.gather(*(self._transport.send(item.request) for item in items))
        if not outer.ok:
            return [outer] * len(items)
        inner = {str(reply.get("id")): reply for reply in _replies(outer)}
        return [_opened(inner.get(str(number))) for number in range(len(items))]

    def _inner(self, number: int, item: _Item) -> JsonObject:
        request: JsonObject = {"id": str(number), "method": "GET", "url": self._relative(item)}
        return request | ({"headers": item.request.headers} if item.request.headers else {})

    def _settle(self, items: list[_Item], responses: list[Response]) -> tuple[list[_Item], float]:
        """Hand out what came; return what to ask for again, and after how many seconds.

        Where Graph throttles, or says how long to wait, the wait is a pause for everybody.
        """
        again: list[_Item] = []
        wait = 0.0
        for item, response in zip(items, responses, strict=True):
            item.tries += 1
            if response.status == 401:
                raise self._refused(response)
            if response.ok:
                item.result.set_result(response.body)
                continue
            asked = retry_after(response.retry_after, self._clock.now())
            if not _worth_another(item, response, asked):
                item.result.set_exception(response.failure())
                continue
            again.append(item)
            if asked is not None:
                self._pause.extend(asked)
            elif response.status == 429:
                self._pause.extend(backoff(item.tries))
            else:
                wait = max(wait, backoff(item.tries))
        return again, wait

    def _refused(self, response: Response) -> CredentialError:
        return CredentialError(
            f"Graph at {self.endpoint.root} refused the token (401 {response.failure().code}). "
            f"Nothing was read or changed. Check source.auth, source.tenant_id and source.cloud."
        )


def _worth_another(item: _Item, response: Response, asked: float | None) -> bool:
    if response.status not in RETRIED or (asked or 0.0) > PATIENCE:
        return False
    return item.tries < (THROTTLED_TRIES if response.status == 429 else TRIES)


def _replies(outer: Response) -> list[JsonObject]:
    replies = outer.body.get("responses")
    return [reply for reply in replies if isinstance(reply, dict)] if replies else []


def _opened(reply: JsonObject | None) -> Response:
    """Return an answer from within a batch, like one that came by itself."""
    if reply is None:
        return Response.unusable("missing_in_batch")
    headers: JsonObject = reply.get("headers") or {}
    wait = next((str(v) for k, v in headers.items() if k.lower() == "retry-after"), None)
    status = reply.get("status")
    return Response.of(status if isinstance(status, int) else 0, reply.get("body"), wait)
