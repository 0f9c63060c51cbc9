"""Refusal of a plan, as an operator reads it."""

from __future__ import annotations

from aadsync_lib.errors import UnsafePlanError
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.reconcile.guard import Verdict
from aadsync_lib.report.escape import visible

FINDS_NOTHING = "A line of scope.groups finds nothing, which may be why:"


class RefusedError(UnsafePlanError):
    """The guard refused the plan; carries it, the verdict, and the run as it is reported."""

    def __init__(self, verdict: Verdict, plan: Plan, report: RunReport) -> None:
        super().__init__(refusal(verdict, plan))
        self.verdict = verdict
        self.plan = plan
        self.report = report


def refusal(verdict: Verdict, plan: Plan) -> str:
    """Say what is against a plan, what of its scope may be to blame, and the way out."""
    objections = (f"  {objection}" for objection in verdict.objections)
    nothing = [f"  {visible(line)}" for line in plan.finds_nothing]
    blamed = (FINDS_NOTHING, *nothing) if nothing else ()
    first = f"{_what(verdict)} Nothing was changed."
    return "\n".join((first, *objections, *blamed, _way_out(verdict)))


def _what(verdict: Verdict) -> str:
    number = len(verdict.protected) + len(verdict.breaches)
    if not number:
        return "This is not the plan that was approved."
    return f"The plan goes over {'a limit' if number == 1 else f'{number} limits'}."


def _way_out(verdict: Verdict) -> str:
    if not verdict.approvable:
        return "Something protected is never changed; no approval lifts that."
    return (
        f"Check the directory first. If this is intended, approve exactly this plan:\n"
        f"  --approve {verdict.digest}"
    )
