"""The guard's no, as an operator reads it."""

from __future__ import annotations

from collections.abc import Sequence

from aadsync_lib.config.policy import Limits
from aadsync_lib.errors import UnsafePlanError
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.reconcile.guard import Breach, breaches, touches_protected


class RefusedError(UnsafePlanError):
    """The guard refused the plan; carries it, and the run as it is reported."""

    def __init__(self, message: str, plan: Plan, report: RunReport) -> None:
        super().__init__(message)
        self.plan = plan
        self.report = report


def refusal(plan: Plan, limits: Limits, approve: str | None) -> str | None:
    """Return why this plan may not run, or ``None``. ``approve`` lifts the limits of one plan only."""
    touched = touches_protected(plan)
    if touched:
        return _message(touched, "Something protected is never changed; no approval lifts that.")
    over = breaches(plan, limits)
    if not over or approve == plan.digest:
        return None
    way_out = (
        f"Check the directory first. If this is intended, approve exactly this plan:\n"
        f"  --approve {plan.digest}"
    )
    if approve is not None:
        way_out = f"The digest to approve given, {approve}, is of another plan.\n{way_out}"
    return _message(over, way_out)


def objections(plan: Plan, limits: Limits) -> tuple[str, ...]:
    """Return everything the guard has against a plan, a line each."""
    return tuple(map(str, touches_protected(plan) or breaches(plan, limits)))


def _message(over: Sequence[Breach], way_out: str) -> str:
    lines = "\n".join(f"  {breach}" for breach in over)
    count = "a limit" if len(over) == 1 else f"{len(over)} limits"
    return f"The plan goes over {count}. Nothing was changed.\n{lines}\n{way_out}"
