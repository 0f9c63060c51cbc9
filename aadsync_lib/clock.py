"""The real clock, ids of runs that begin by it, and times as documents and messages have them."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime

from aadsync_lib.ports import Clock


class SystemClock:
    """Time and waiting of the operating system."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds from some fixed point, never going back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for real."""
        time.sleep(seconds)


def utc(seconds: float) -> str:
    """Return a time (seconds since the epoch) as documents and messages have it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_run_id(clock: Clock) -> str:
    """Return an id that tells when the run began by its clock; the order of runs is the store's."""
    began = datetime.fromtimestamp(clock.now(), UTC)
    return f"{began:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
