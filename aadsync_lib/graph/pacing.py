"""Waits between tries: one pause for all requests, and backoff."""

from __future__ import annotations

import asyncio
import math
import random
from functools import partial

from aadsync_lib.graph.loop import off_loop
from aadsync_lib.ports import Clock

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
