"""Refusal of a plan, as an operator reads it."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.errors import UnsafePlanError
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.reconcile.guard import Verdict
from aadsync_lib.report.escape import visible
from aadsync_lib.report.next_steps import finding_nothing

FINDS_NOTHING = "A selector of scope.groups finds nothing, which may be why:"


class RefusedError(UnsafePlanError):
    """The guard refused the plan; carries it, the verdict, and the run as it is reported."""

    def __init__(self, verdict: Verdict, plan: Plan, report: RunReport) -> None:
        super().__init__(refusal(verdict, plan))
        self.verdict = verdict
        self.plan = plan
        self.report = report


def refusal(verdict: Verdict, plan: Plan, approving: str | None = None) -> str:
    """Say what is against a plan, what of its scope may be to blame, and the way out.

    ``approving`` is how the plan is approved where this is read.
    """
    nothing = [f"  {visible(line)}" for line in finding_nothing(plan.targets)]
    return "\n".join(
        (
            f"{_what(verdict)} Nothing was changed.",
            *(f"  {line}" for line in _against(verdict)),
            *((FINDS_NOTHING, *nothing) if nothing else ()),
            _way_out(verdict, approving or f"--approve {verdict.digest}"),
        )
    )


def _what(verdict: Verdict) -> str:
    number = len(verdict.protected) + len(verdict.breaches)
    if not number:
        return "This is not the plan that was approved."
    other = ", and the digest that was given is another plan's" if verdict.foreign else ""
    return f"The plan goes over {'a limit' if number == 1 else f'{number} limits'}{other}."


def _against(verdict: Verdict) -> Iterator[str]:
    yield from map(str, (*verdict.protected, *verdict.breaches))
    if verdict.foreign:
        yield f"given:       {verdict.approve}"
        yield f"this plan's: {verdict.digest}"


def _way_out(verdict: Verdict, line: str) -> str:
    if not verdict.approvable:
        return "Something protected is never changed; no approval lifts that."
    look = "Check the directory first" if verdict.breaches else "Look at this plan first"
    return f"{look}. If this is intended, approve exactly this plan:\n  {line}"
