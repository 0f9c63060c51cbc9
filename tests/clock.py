"""A clock that tests move by hand."""

from __future__ import annotations

import threading
import time

START = 1_750_000_000.0  # 2025-06-15T15:06:40Z


class FakeClock:
    """Time stands still until somebody sleeps or advances it; nobody ever waits.

    Safe to use from many threads. Sleeps of different threads add up: each of them moves the time
    for all, as one thread after the other would.
    """

    def __init__(self, now: float = START) -> None:
        self._lock = threading.Lock()
        self._wall = now
        self._passed = 0.0
        self._sleeps: list[float] = []

    def now(self) -> float:
        """Seconds since the epoch."""
        with self._lock:
            return self._wall

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        with self._lock:
            return self._passed

    def sleep(self, seconds: float) -> None:
        """Let the time pass at once, and remember that somebody waited for it."""
        with self._lock:
            self._move(seconds)
            self._sleeps.append(seconds)
        time.sleep(0)  # lets other threads run, as a real wait would

    def advance(self, seconds: float) -> None:
        """Let the time pass without anybody sleeping."""
        with self._lock:
            self._move(seconds)

    def set_wall(self, now: float) -> None:
        """Set the time of day, back or forth, as an administrator would; ``monotonic`` goes on."""
        with self._lock:
            self._wall = now

    @property
    def sleeps(self) -> tuple[float, ...]:
        """Every wait so far, in order."""
        with self._lock:
            return tuple(self._sleeps)

    @property
    def slept(self) -> float:
        """All waits together."""
        return sum(self.sleeps)

    def _move(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError(f"time does not go back: {seconds}")
        self._wall += seconds
        self._passed += seconds
