"""Age of records by the order of runs, so that a clock that was wrong for a while deletes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from aadsync_lib.model.carried import DAY

LONGEST = (
    30 * DAY
)  # from one run to the next; more, or less than nothing, tells of a clock that moved

DOUBTFUL = (
    "old records were not deleted: by the clock, the last run is not within 30 days before this one. If the "
    "clock is right, a later run deletes them."
)


def horizon(began: Sequence[float], now: float, before: float) -> float | None:
    """Return the time before which records may be deleted, ``None`` while the clock is doubtful.

    ``began`` are the beginnings of all runs, newest first. A run is as old as the plausible times from
    each run to the next add up to: none that is younger than ``before`` asks for loses a record.
    """
    times = (now, *began)
    gaps = [later - earlier for later, earlier in pairwise(times)]
    if not all(map(_plausible, gaps[:2])):
        return None
    age, limit = 0.0, before
    for gap, start in zip(gaps, began, strict=True):
        age += gap if _plausible(gap) else 0.0
        if age > now - before:
            break
        limit = min(limit, start)
    return limit


def _plausible(gap: float) -> bool:
    return 0 <= gap <= LONGEST
