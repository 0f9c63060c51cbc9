"""The published limit of five requests in ten seconds."""

from __future__ import annotations

from collections import defaultdict, deque

MOST = 5
WINDOW = 10.0


class Pace:
    """Times of the requests admitted lately, by what they were for."""

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = defaultdict(deque)

    def wait(self, what: str, speed: float, now: float) -> float:
        """Count a request and return 0, or return the seconds until one is admitted."""
        times, window = self._times[what], WINDOW / speed
        while times and times[0] <= now - window:
            times.popleft()
        if len(times) >= MOST:
            return times[0] + window - now
        times.append(now)
        return 0.0
