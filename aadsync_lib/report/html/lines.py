"""The changes of a plan and what came of those of a run, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.plan import Plan, UnappliedBy
from aadsync_lib.model.run import Outcome, RunReport
from aadsync_lib.report.plan_rows import ADD, CHANGE, MEMBERS, REMOVE, SYMBOLS

NOT_DONE = "not done"


@dataclass(frozen=True, slots=True)
class Line:
    """A change on a target; ``result`` is empty in a plan, ``why`` may be an error."""

    target: str
    change: Change
    result: str = ""
    why: str = ""
    left: UnappliedBy | None = None


def planned_lines(plan: Plan) -> tuple[Line, ...]:
    """Return the changes of a plan."""
    return tuple(Line(one.target, change) for one in plan.targets for change in one.changes)


def run_lines(report: RunReport, plan: Plan | None) -> tuple[Line, ...]:
    """Return what came of each change; of a target that nothing was sent to, what was planned."""
    planned = {one.target: one.changes for one in plan.targets} if plan else {}
    return tuple(
        line
        for one in report.targets
        for line in _ended(one.target, one.outcomes, planned.get(one.target, ()))
    )


def left_lines(source: Plan | RunReport) -> tuple[Line, ...]:
    """Return the differences that the policy leaves as they are."""
    return tuple(
        Line(one.target, left.change, left=left.by)
        for one in source.targets
        for left in one.unapplied
    )


def _ended(target: str, outcomes: Sequence[Outcome], planned: Sequence[Change]) -> Iterator[Line]:
    for outcome in outcomes:
        yield Line(target, outcome.change, outcome.result.value, outcome.reason)
    if not outcomes:
        for change in planned:
            yield Line(target, change, NOT_DONE)


def sign_of(action: Action) -> str:
    """Return whether an action brings, takes or changes."""
    if action in MEMBERS:
        return ADD if action is Action.ADD_MEMBERS else REMOVE
    return SYMBOLS.get(action.verb, CHANGE)
