"""The pace of requests: evenly, just below the published limits, slower after a 429."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from aadsync_lib.model.rates import Verb
from aadsync_lib.ports import Clock

HEADROOM = 0.98  # of the limit: the other side's clock and the network are not ours
BURST = (
    0.05  # seconds' worth that may be made up after a delay; at the published limits that is none
)
SLOWEST = 1 / 16
CLIMB = 1 / 20  # of the full rate, for each success
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0  # seconds; a longer Retry-After is asked about again


@dataclass(slots=True)
class _Lane:
    """One class of request, as a virtual schedule: ``due`` is when the next request is due."""

    full: float
    rate: float
    due: float
    paused_until: float
    last: float = -inf  # when a request was last let go
    streak: int = 0
    epoch: int = 0

    def reserve(self, now: float) -> float:
        """Take the next slot and return its time."""
        slot = max(now, self.due - self._slack(), self.paused_until)
        self.due = max(self.due, slot) + 1 / self.rate
        return slot

    def pause(self, until: float) -> None:
        """Void every slot that was reserved, and begin anew, without a burst, at ``until``.

        A pause may be shorter than the time between two requests, which goes on then.
        """
        self.paused_until = until
        self.due = max(until, self.last + 1 / self.full) + self._slack()
        self.epoch += 1

    def _slack(self) -> float:
        return max(0.0, BURST - 1 / self.rate)


class Pacer:
    """Keeps each class of request at its share of the published rate; safe to use from many threads.

    The classes are independent. In any ``seconds`` there are at most ``rate * seconds`` requests
    of a class, and a burst of 50 ms' worth, at least one. ``rates`` are these shares. Where listings have
    no rate of their own they share that of GET.
    """

    def __init__(self, rates: Mapping[Verb, float], share: float, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        now = clock.monotonic()
        self.rates = {verb: rate * share for verb, rate in rates.items()}
        full = {verb: rate * HEADROOM for verb, rate in self.rates.items()}
        self._lanes = {verb: _Lane(rate, rate, now, now) for verb, rate in full.items()}
        if Verb.GET in self._lanes:
            self._lanes.setdefault(Verb.LIST, self._lanes[Verb.GET])
        self.met: Counter[float | None] = Counter()
        """The Retry-After of every 429 so far, in seconds."""

    def rate(self, verb: Verb) -> float:
        """Return how many requests of this class are sent in a second at present."""
        with self._lock:
            return self._lanes[verb].rate

    def wait(self, verb: Verb) -> None:
        """Wait until a request of this class may be sent."""
        lane = self._lanes[verb]
        while True:
            with self._lock:
                now = self._clock.monotonic()
                slot, epoch = lane.reserve(now), lane.epoch
                if slot <= now:
                    lane.last = now
                    return
            self._clock.sleep(slot - now)
            with self._lock:
                if lane.epoch == epoch:
                    lane.last = max(lane.last, slot)
                    return

    def throttled(self, verb: Verb, retry_after: float | None) -> None:
        """Take note of a 429: all senders of the class pause, then go on at half the rate.

        Without ``retry_after`` (seconds) the pause doubles from one 429 to the next. Requests that
        were under way when the pause began may prolong it; they do not halve the rate again.
        """
        lane = self._lanes[verb]
        with self._lock:
            self.met[retry_after] += 1
            now = self._clock.monotonic()
            under_way = now < lane.paused_until
            if not under_way:
                lane.rate = max(lane.full * SLOWEST, lane.rate / 2)
                lane.streak += 1
            doubled = FIRST_PAUSE * 2.0 ** min(lane.streak - 1, 10)
            pause = doubled if retry_after is None else retry_after
            until = now + min(max(pause, 0.0), LONGEST_PAUSE)
            if not under_way or until > lane.paused_until:
                lane.pause(until)

    def succeeded(self, verb: Verb) -> None:
        """Take note of an answer other than 429: the rate climbs back."""
        lane = self._lanes[verb]
        with self._lock:
            if lane.streak == 0 and lane.rate >= lane.full:
                return
            if self._clock.monotonic() < lane.paused_until:
                return  # sent before the pause, it says nothing about the rate after it
            lane.streak = 0
            lane.rate = min(lane.full, lane.rate + lane.full * CLIMB)
