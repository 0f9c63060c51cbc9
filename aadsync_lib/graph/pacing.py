"""When to ask again: Graph's own wish, one pause for all requests, and backoff."""

from __future__ import annotations

import asyncio
import math
import random
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import partial

from aadsync_lib.graph.loop import off_loop
from aadsync_lib.ports import Clock

PATIENCE = 900.0  # seconds; Graph's pauses are seconds to minutes, longer ones are not waited for
LONGEST_BACKOFF = 30.0


def retry_after(header: str | None, now: float) -> float | None:
    """Return the seconds a Retry-After asks for: an integer, a float (seen in Graph) or a date."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        seconds = _until(header, now)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def backoff(tries: int) -> float:
    """Return how long to wait after so many tries: doubling, bounded, and not all at once."""
    step = min(LONGEST_BACKOFF, 0.5 * 2.0 ** (tries - 1))
    return step * random.uniform(1.0, 1.5)  # noqa: S311 - spreads requests, is no secret


class Pause:
    """One pause for every request: where one was told to wait, all of them wait.

    Requests sent while throttled count against the limit as well, so none is.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = -math.inf
        self._sleeper = asyncio.Lock()

    def extend(self, seconds: float) -> None:
        """Let nothing be sent for this long from now, or longer if that was said before."""
        self._until = max(self._until, self._clock.monotonic() + seconds)

    async def over(self) -> None:
        """Wait for the end of the pause. One waiter sleeps, the others wait for it."""
        async with self._sleeper:
            while (left := self._until - self._clock.monotonic()) > 0.001:
                await off_loop(partial(self._clock.sleep, left))


def _until(date: str, now: float) -> float:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return math.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
