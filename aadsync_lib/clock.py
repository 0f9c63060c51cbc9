"""The real clock."""

from __future__ import annotations

import time


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
