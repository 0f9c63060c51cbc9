"""The bars of the page, as numbers; the template draws them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aadsync_lib.model.carried import RunRecord
from aadsync_lib.model.change import ORDER, Action
from aadsync_lib.model.run import Result
from aadsync_lib.report.escape import label, visible
from aadsync_lib.report.history.as_json import report_of
from aadsync_lib.report.html.changes import NOT_DONE, Line
from aadsync_lib.report.plan_rows import MEMBERS, TONES, sign_of, words
from aadsync_lib.report.plans import ENDED
from aadsync_lib.report.wording import ENDINGS, count

GROUPS = 10  # bars of groups
RUNS = 40  # bars of the history
UNDONE = frozenset({NOT_DONE, *(result.value for result in Result if result is not Result.DONE)})


@dataclass(frozen=True, slots=True)
class Bar:
    """A line of a chart: parts of a bar as percents with their tones, and the same in words."""

    name: str
    said: str
    parts: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the history: ``height`` in percent grows with the logarithm of its changes."""

    run_id: str
    started: str
    ended: str
    tone: str
    changes: int
    height: float


@dataclass(frozen=True, slots=True)
class Runs:
    """The last runs, oldest first, and the picture in words."""

    runs: tuple[Run, ...]
    said: str


def action_bars(lines: Iterable[Line]) -> tuple[Bar, ...]:
    """Return the number of changes by action, what was not done apart."""
    done: Counter[Action] = Counter()
    undone: Counter[Action] = Counter()
    members: Counter[Action] = Counter()
    for line in lines:
        action = line.change.action
        (undone if line.result in UNDONE else done)[action] += 1
        members[action] += len(line.change.members) if action in MEMBERS else 0
    total = done + undone
    top = max(total.values(), default=0)
    return tuple(
        Bar(
            words(action),
            _said(total[action], undone[action], members[action]),
            _parts(top, (TONES[sign_of(action)], done[action]), ("undone", undone[action])),
        )
        for action in sorted(total, key=ORDER.__getitem__)
    )


def group_bars(lines: Iterable[Line]) -> tuple[Bar, ...]:
    """Return the groups with the most members that come and go."""
    added: Counter[str] = Counter()
    removed: Counter[str] = Counter()
    for line in lines:
        if line.change.action in MEMBERS:
            side = added if line.change.action is Action.ADD_MEMBERS else removed
            side[line.change.name] += len(line.change.members)
    most = sorted((added + removed).items(), key=lambda pair: (-pair[1], pair[0]))[:GROUPS]
    top = most[0][1] if most else 0
    return tuple(
        Bar(
            label(name),
            _signed(added[name], removed[name]),
            _parts(top, ("in", added[name]), ("out", removed[name])),
        )
        for name, _ in most
    )


def run_bars(history: Sequence[RunRecord]) -> Runs | None:
    """Return the last runs of a history, which has the newest first; ``None`` where there is none to show."""
    latest = tuple(reversed(history[:RUNS]))
    if not latest:
        return None
    changes = [report_of(run).applied.total() for run in latest]
    top = math.log1p(max(changes)) or 1.0
    runs = tuple(
        Run(
            visible(run.run_id),
            minute(run.started_at),
            ending(run),
            tone(run),
            number,
            round(100 * math.log1p(number) / top, 1),
        )
        for run, number in zip(latest, changes, strict=True)
    )
    said = summed([run.ended for run in runs], changes, latest[0].started_at, latest[-1].started_at)
    return Runs(runs, said)


def _parts(top: int, *parts: tuple[str, int]) -> tuple[tuple[str, float], ...]:
    """Share the width of the longest bar out; what is there shows, however small."""
    return tuple((tone, max(0.6, round(100 * number / top, 2))) for tone, number in parts if number)


def _said(total: int, undone: int, members: int) -> str:
    notes = [
        *([count(members, "member")] if members else []),
        *([f"{undone:,} not done"] if undone else []),
    ]
    return f"{total:,}" + (f" ({', '.join(notes)})" if notes else "")


def _signed(added: int, removed: int) -> str:
    return " ".join(f"{sign}{n:,}" for sign, n in (("+", added), ("\u2212", removed)) if n)


def ending(run: RunRecord) -> str:
    """Return how a run ended, in words."""
    known = {status.value: words for status, words in ENDINGS.items()}
    return known.get(run.status, "did not end")


def tone(run: RunRecord) -> str:
    """Return whether a run ended well."""
    return {status.value: tone for status, tone in ENDED.items()}.get(run.status, "warn")


def minute(seconds: float) -> str:
    """Return a time to the minute, in UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def summed(endings: Sequence[str], changes: Sequence[int], begin: float, end: float) -> str:
    """Say in words what a picture of runs shows."""
    counted = ", ".join(f"{number} {words}" for words, number in Counter(endings).most_common())
    return (
        f"{count(len(endings), 'run')} from {minute(begin)} to {minute(end)} UTC: {counted}. "
        f"At most {count(max(changes), 'change')} in one run."
    )
