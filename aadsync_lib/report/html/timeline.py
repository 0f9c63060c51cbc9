"""The runs of a history along the time, as numbers; the template draws them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from aadsync_lib.model.carried import RunRecord
from aadsync_lib.model.change import Action
from aadsync_lib.report.escape import visible
from aadsync_lib.report.history.as_json import report_of
from aadsync_lib.report.html.charts import ending, minute, summed, tone
from aadsync_lib.report.plan_rows import ADD, CHANGE, REMOVE, TONES, sign_of
from aadsync_lib.report.wording import count

RUNS = 90  # newest runs drawn
WIDTH = 1000.0  # of the picture
APART = WIDTH / (RUNS + 1)  # from run to run at least: closer ones are moved apart
HALF = 50.0  # height of what comes and changes, and of what goes
DAYS = 45  # up to so many days each has a line; otherwise each first of a month


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a run: it begins at ``y``, counted from the top, and is ``height`` high."""

    tone: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A run at ``x``, how it ended as a tone, and all of it in words."""

    x: float
    tone: str
    bars: tuple[Bar, ...]
    said: str


@dataclass(frozen=True, slots=True)
class Line:
    """Where a day begins."""

    x: float
    day: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Runs and days from left to right, ``first`` and ``last`` as words, and the picture in words."""

    marks: tuple[Mark, ...]
    lines: tuple[Line, ...]
    first: str
    last: str
    said: str
    width: float = WIDTH
    half: float = HALF
    bar: float = 0.7 * APART


def timeline_of(history: Sequence[RunRecord]) -> Timeline | None:
    """Return the newest runs of a history, which has the newest first; ``None`` where there is none."""
    runs = tuple(reversed(history[:RUNS]))
    if not runs:
        return None
    signs = [_signs(report_of(run).applied) for run in runs]
    top = max(max(sign[ADD] + sign[CHANGE], sign[REMOVE]) for sign in signs)
    places = _places([run.started_at for run in runs])
    marks = (
        Mark(round(x, 1), tone(run), tuple(_bars(sign, top)), _said(run, sign))
        for run, x, sign in zip(runs, places, signs, strict=True)
    )
    begin, end = runs[0].started_at, runs[-1].started_at
    said = summed([ending(run) for run in runs], [sign.total() for sign in signs], begin, end)
    lines = tuple(_days([run.started_at for run in runs], places))
    return Timeline(tuple(marks), lines, minute(begin), minute(end), said)


def _signs(applied: Mapping[str, int]) -> Counter[str]:
    signs: Counter[str] = Counter()
    for action, number in applied.items():
        signs[sign_of(Action(action))] += number
    return signs


def _places(times: Sequence[float]) -> list[float]:
    """Return where each run is: as far apart as in time, but for those that would hide each other."""
    span = times[-1] - times[0] or 1.0
    room = WIDTH - APART
    found: list[float] = []
    for time in times:
        wanted = APART / 2 + room * (time - times[0]) / span
        found.append(max(wanted, found[-1] + APART) if found else wanted)
    latest = WIDTH - APART / 2
    for number in reversed(range(len(found))):
        found[number] = min(found[number], latest)
        latest = found[number] - APART
    return found


def _days(times: Sequence[float], places: Sequence[float]) -> Iterator[Line]:
    """Yield where days begin, between the runs before and after."""
    first = datetime.fromtimestamp(times[0], UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    number = int((times[-1] - first.timestamp()) // 86_400)
    every = (first + timedelta(days=day) for day in range(1, number + 1))
    days = [day for day in every if number <= DAYS or day.day == 1]
    steps = list(pairwise(zip(times, places, strict=True)))
    for day in days:
        at = day.timestamp()
        (before, left), (after, right) = next(step for step in steps if step[1][0] >= at)
        share = (at - before) / (after - before)
        yield Line(round(left + share * (right - left), 1), f"{day:%Y-%m-%d}")


def _bars(signs: Counter[str], top: int) -> Iterator[Bar]:
    """Yield what came and changed, upwards, and what went, downwards, by the logarithm."""
    up = _height(signs[ADD] + signs[CHANGE], top)
    came = round(up * signs[ADD] / (signs[ADD] + signs[CHANGE]), 1) if up else 0.0
    went = _height(signs[REMOVE], top)
    for sign, y, height in (
        (ADD, HALF - came, came),
        (CHANGE, HALF - up, up - came),
        (REMOVE, HALF, went),
    ):
        if height:
            yield Bar(TONES[sign], round(y, 1), round(height, 1))


def _height(number: int, top: int) -> float:
    return max(3.0, round(HALF * math.log1p(number) / math.log1p(top), 1)) if number else 0.0


def _said(run: RunRecord, signs: Counter[str]) -> str:
    parts = " ".join(f"{sign}{signs[sign]:,}" for sign in (ADD, CHANGE, REMOVE))
    changes = f"{count(signs.total(), 'change')}" + (f" ({parts})" if signs.total() else "")
    return f"{minute(run.started_at)} UTC, {ending(run)}, {changes}, run {visible(run.run_id)}"
