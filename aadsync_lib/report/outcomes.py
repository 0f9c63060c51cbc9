"""What of a run a person has to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aadsync_lib.model.change import Action
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.model.run import Result, RunReport, Status, TargetReport

UNSAID: Mapping[Result, str] = {
    Result.FAILED: "refused without a reason",
    Result.SKIPPED: "not tried, because something it depends on failed",
    Result.UNKNOWN: "sent, but no answer came; the next run looks it up",
    Result.QUARANTINED: "held back until a person looks",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A change that was not done, and why."""

    action: Action
    name: str
    error: str


def failures(target: TargetReport) -> tuple[Failure, ...]:
    """Return the changes that were not done, the ones that wait for another one included."""
    return tuple(
        Failure(outcome.change.action, outcome.change.name, outcome.error or UNSAID[outcome.result])
        for outcome in target.failed
    )


def quarantined_in(target: TargetReport) -> tuple[Quarantined, ...]:
    """Return what planning held back and what turned out to need a person while it was applied."""
    found = (
        Quarantined(o.change.external_id, o.change.name, o.error or UNSAID[o.result])
        for o in target.outcomes
        if o.result is Result.QUARANTINED
    )
    return tuple(dict.fromkeys((*target.quarantined, *found)))


def exit_code(report: RunReport) -> int:
    """Return how a command that made this run ends: 0, 1, 3 or 4 of the public contract."""
    if report.status is Status.REFUSED:
        return 4
    if report.status is Status.FAILED and not any(target.applied for target in report.targets):
        return 1
    return 0 if all(map(_clean, report.targets)) else 3


def _clean(target: TargetReport) -> bool:
    unfinished = target.failed or target.on_hold or quarantined_in(target)
    return target.status is Status.SUCCEEDED and not unfinished
