"""What differs from Entra by hand or by the policy, and what is there and not ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aadsync_lib.model.change import Change
from aadsync_lib.model.plan import TargetPlan, Unapplied, UnappliedBy, Unowned
from aadsync_lib.model.run import Result, TargetReport
from aadsync_lib.report.plan_rows import details, first_names, words

NAMES = 5  # members named for each difference
REPAIRED = "repaired"
SETTINGS: Mapping[UnappliedBy, str] = {
    UnappliedBy.ADDITIVE: "policy.mode: additive",
    UnappliedBy.MANAGED: "policy.members: managed",
    UnappliedBy.DRIFT: "policy.drift: report",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A change that would make both sides equal, and what becomes of it in words."""

    change: Change
    ending: str

    @property
    def cells(self) -> tuple[str, str, str]:
        """The line of a table: name, change, what becomes of it."""
        listed = first_names(tuple(member.name for member in self.change.members), NAMES)
        what = words(self.change.action) + details(self.change)
        return self.change.name, f"{what}: {listed}" if listed else what, self.ending


def drift_in_plan(target: TargetPlan) -> tuple[Difference, ...]:
    """Return every difference that nobody made in Entra."""
    mended = (Difference(change, REPAIRED) for change in target.changes if change.drift)
    return (*mended, *drift_left(target.unapplied))


def drift_repaired(target: TargetReport) -> tuple[Difference, ...]:
    """Return what came of the changes of a run that mend drift."""
    return tuple(
        Difference(outcome.change, ending(outcome.result.value)) for outcome in target.drift
    )


def ending(result: str) -> str:
    """Say what became of a change that mends drift."""
    return REPAIRED if result == Result.DONE else result


def drift_left(left: Iterable[Unapplied]) -> tuple[Difference, ...]:
    """Return the drift that the policy leaves alone."""
    return _left(one for one in left if one.change.drift)


def left_alone(left: Iterable[Unapplied]) -> tuple[Difference, ...]:
    """Return what Entra made and the policy does not carry over."""
    return _left(one for one in left if not one.change.drift)


def found_cells(one: Unowned) -> tuple[str, str, str, str]:
    """Return the line of a table: name, id, who seems to own it, what would adopt it."""
    return one.name, one.target_id, one.owner, one.setting or "no setting"


def _left(left: Iterable[Unapplied]) -> tuple[Difference, ...]:
    return tuple(Difference(one.change, f"left alone, {SETTINGS[one.by]}") for one in left)
