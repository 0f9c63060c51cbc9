"""What to do next, in the words of a notebook and of the job; ``next_steps.py`` has a command line's."""

from __future__ import annotations

from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport, Status
from aadsync_lib.reconcile.guard import Verdict
from aadsync_lib.report import next_steps
from aadsync_lib.report.next_steps import MEANT, NOTHING, PROTECTED, after_nothing

APPROVE = f"{MEANT}, set approve, a widget here and a parameter of the job, to this digest and run it again:"
APPLY = "Next: 03_apply applies exactly this, where reports has kept it; 04_sync plans afresh."
UNDO = (
    "Next: if this is what you want, type this digest into confirm and run the notebook again; it also "
    "lets the plan over the limits:"
)
REFUSED = "Next: 02_plan shows why, and what may be approved."
AGAIN = "Next: look at what is named above; the next run tries it again."


def after_plan(plan: Plan, verdict: Verdict | None) -> str:
    """Say what to do with a plan, which the guard may have stopped."""
    if plan.empty:
        return after_nothing(plan)
    if verdict and not verdict.approvable:
        return PROTECTED
    if plan.undoes:
        return UNDO
    return APPROVE if verdict and not verdict.allowed else APPLY


def after_run(report: RunReport, *, clean: bool) -> str:
    """Say what to do after a run."""
    if report.status is Status.REFUSED:
        return REFUSED
    if report.undoes:
        return f"{NOTHING if clean else next_steps.LOOK}".rstrip(".") + f"; {next_steps.AGAIN}."
    return f"{NOTHING} 02_plan shows the next changes." if clean else AGAIN


def of_another_plan(approve: str) -> str:
    """Say that an approval does not fit."""
    return f"The digest in approve, {approve}, is of another plan."
