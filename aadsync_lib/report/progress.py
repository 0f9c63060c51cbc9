"""Progress of long work on stderr: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Never, TextIO

from tqdm import tqdm

from aadsync_lib.ports import Progress

EVERY = 10.0  # seconds between two lines


class BarProgress:
    """One bar with an ETA for all that is going on. ``kind`` is the class of tqdm that draws it."""

    def __init__(self, stream: TextIO, kind: type[tqdm[Never]] = tqdm) -> None:
        self._stream = stream
        self._kind = kind
        self._bar: tqdm[Never] | None = None
        self._open = 0
        self._lock = Lock()

    def start(self, total: int, label: str) -> None:
        """Show a bar, or make the one that is shown longer."""
        with self._lock:
            self._open += 1
            if self._bar is None:
                self._bar = self._kind(
                    total=total, desc=label, file=self._stream, leave=False, dynamic_ncols=True,
                    bar_format="{desc}: {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt}, "
                    "{remaining} left",
                )  # fmt: skip
            else:
                _lengthen(self._bar, total)

    def advance(self, count: int) -> None:
        """Count so many more steps as done."""
        with self._lock:
            if self._bar is not None:
                self._bar.update(count)

    def done(self) -> None:
        """Take the bar away with the last work that was started."""
        with self._lock:
            self._open = max(0, self._open - 1)
            if self._bar is not None and self._open == 0:
                self._bar.close()
                self._bar = None


def _lengthen(bar: tqdm[Never], more: int) -> None:
    """Add so many steps to a bar. The widget of a notebook has a length of its own."""
    bar.total = (bar.total or 0) + more
    widget = getattr(bar, "container", None)
    if widget is not None:
        widget.children[1].max = bar.total
    bar.refresh()


class LineProgress:
    """A line at most every ten seconds, with the share done and the time left."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._label = ""
        self._open = self._total = self._count = 0
        self._begun = self._said = 0.0
        self._lock = Lock()

    def start(self, total: int, label: str) -> None:
        """Begin to count, or count further."""
        with self._lock:
            if self._open == 0:
                self._label, self._total, self._count = label, 0, 0
                self._begun = self._said = self._clock()
            self._open += 1
            self._total += total

    def advance(self, count: int) -> None:
        """Count so many more steps as done."""
        with self._lock:
            self._count += count
            now = self._clock()
            if now - self._said >= EVERY:
                self._said = now
                self._stream.write(self._line(now - self._begun))
                self._stream.flush()

    def done(self) -> None:
        """End what was started."""
        with self._lock:
            self._open = max(0, self._open - 1)

    def _line(self, elapsed: float) -> str:
        left = elapsed * max(0, self._total - self._count) / max(1, self._count)
        return f"{self._label}: {self._count:,}/{self._total:,}, about {left:.0f} s left\n"


class NoProgress:
    """Says nothing."""

    def start(self, total: int, label: str) -> None:
        """Say nothing."""

    def advance(self, count: int) -> None:
        """Say nothing."""

    def done(self) -> None:
        """Say nothing."""


def progress_on(stream: TextIO, *, quiet: bool = False) -> Progress:
    """Return the progress that suits a stream."""
    if quiet:
        return NoProgress()
    return BarProgress(stream) if stream.isatty() else LineProgress(stream)
