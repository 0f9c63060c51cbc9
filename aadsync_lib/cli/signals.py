"""Ctrl-C and SIGTERM during a run."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
STOPPING = (
    b"\naadsync: finishing and recording what is in flight. "
    b"Run again to go on. A second signal exits at once.\n"
)


@contextmanager
def interruptible(
    stop: Callable[[], None], leave: Callable[[int], object] = os._exit
) -> Iterator[None]:
    """Let the first signal ask to stop and a second one leave at once.

    Leaving does not wait for threads: what was sent is in the journal, and the next run looks it up.
    """
    seen: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1:
            leave(128 + number)
            return
        # The stream may be in use at this very moment.
        os.write(2, STOPPING)
        stop()

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
