"""The tables that follow the changes, and the sentences around them, the same in every format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from aadsync_lib.model.change import ORDER, Action
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.plan import Plan, Quarantined, TargetPlan, Unapplied, Unowned
from aadsync_lib.model.run import Requests, RunReport, Status, TargetReport
from aadsync_lib.own_words import joined, own
from aadsync_lib.reconcile.holds.retries import TRY_NOW
from aadsync_lib.report.document import Table
from aadsync_lib.report.plan_rows import (
    ADD,
    REMOVE,
    Difference,
    Row,
    drift_in_plan,
    drift_left,
    drift_repaired,
    found_cells,
    left_alone,
    words,
)

REFUSED_BY = "Refused by the guard"


def plan_tables(target: TargetPlan) -> Iterator[Table]:
    """What a reader of a plan has to know beside its changes."""
    yield _named("Groups that left the scope", target.retired)
    yield _named("Groups that would have no member left", target.emptied)
    yield from _differences(drift_in_plan(target), target.unapplied)
    yield from _waiting(target.quarantined, target.on_hold)
    yield _found(target.unowned)
    yield _warnings(target.warnings)


def run_tables(target: TargetReport) -> Iterator[Table]:
    """What a reader of a run has to look at."""
    failed = tuple((o.change.name, words(o.change.action), o.reason) for o in target.failed)
    yield Table("Failed", ("Name", "Change", "Error"), failed)
    yield from _waiting(target.in_quarantine, target.on_hold)
    yield _warnings(target.warnings)
    drift = (*drift_repaired(target), *drift_left(target.unapplied))
    yield from _differences(drift, target.unapplied)
    yield _found(target.unowned)


def _differences(drift: Iterable[Difference], left: Iterable[Unapplied]) -> Iterator[Table]:
    """What somebody changed on the target by hand, and what the policy leaves as it is."""
    head = ("Name", "Change", "What becomes of it")
    yield Table("Drift", head, tuple(difference.cells for difference in drift))
    yield Table("Left alone", head, tuple(difference.cells for difference in left_alone(left)))


def plan_title(plan: Plan) -> str:
    """Say how much the plan does."""
    changes, sync = size(plan), f"{plan.sync}{_undoing(plan.undoes)}"
    if changes == 0:
        return f"Plan for {sync}: nothing to do"
    targets = count(len(plan.targets), "target")
    return f"Plan for {sync}: {count(changes, 'change')} on {targets}"


def run_title(report: RunReport) -> str:
    """Say how the run ended."""
    return f"Run of {report.sync}{_undoing(report.undoes)}: {ENDINGS[report.status]}"


def _undoing(run_id: str | None) -> str:
    return f", undoing run {run_id}" if run_id else ""


ENDINGS: Mapping[Status, str] = {
    Status.SUCCEEDED: "done",
    Status.PARTIAL: "done in part",
    Status.REFUSED: "refused, nothing was changed",
    Status.FAILED: "failed",
}

INCOMPLETE = "A part of Entra could not be read. What depends on that part is held back."


def size(plan: Plan) -> int:
    """Return the number of changes on all targets."""
    return sum(len(target.changes) for target in plan.targets)


def sides(row: Row) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the members that a row removes and those that it adds, each with its sign."""
    return ((REMOVE, row.removed), (ADD, row.added))


def members_words(row: Row) -> str:
    """Return how many members a group gains and loses: ``members +3 -1``."""
    return _members(len(row.added), len(row.removed)).removeprefix(", ")


def totals(target: TargetPlan | TargetReport) -> tuple[tuple[str, str], ...]:
    """Return changes by action; member changes are counted in memberships as well."""
    counts = target.counts if isinstance(target, TargetPlan) else target.applied
    members = {
        Action.ADD_MEMBERS: target.members_added,
        Action.REMOVE_MEMBERS: target.members_removed,
    }
    return tuple(
        (words(Action(action)), f"{number:,}{_memberships(members.get(Action(action)))}")
        for action, number in sorted(counts.items(), key=lambda pair: ORDER[Action(pair[0])])
    )


def plan_line(target: TargetPlan) -> str:
    """Say in one line what changes on a target."""
    if not target.changes:
        return f"{target.target}: nothing to do"
    line = f"{target.target}: {count(len(target.changes), 'change')}"
    return line + _members(target.members_added, target.members_removed)


def run_line(target: TargetReport) -> str:
    """Say in one line what was changed on a target."""
    applied = sum(target.applied.values())
    said = f"{count(applied, 'change')} applied" if applied else "nothing changed"
    ending = "" if target.status is Status.SUCCEEDED else f"{target.status.value}, "
    return f"{target.target}: {ending}{said}" + _members(
        target.members_added, target.members_removed
    )


def estimate_line(plan: Plan) -> str:
    """Say what applying will cost. Targets are written at the same time, each at its own pace."""
    requests = sum(target.estimate.requests for target in plan.targets)
    seconds = max((target.estimate.seconds for target in plan.targets), default=0.0)
    return f"Estimate: {count(requests, 'request')}, {duration(seconds)}"


def cost_line(report: RunReport) -> str:
    """Say what the run did cost."""
    run = f"Run {report.run_id}: " if report.run_id else ""
    return run + cost(report.requests, report.seconds)


def cost(sent: Requests, seconds: float) -> str:
    """Say what something did cost."""
    return (
        f"{count(sent.graph, 'request')} to Microsoft Graph, {sent.databricks:,} to Databricks, "
        f"{seconds:,.1f} s"
    )


def count(number: int, noun: str) -> str:
    """Return ``1 change`` or ``2,000 changes``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def duration(seconds: float) -> str:
    """Return a time as a person says it."""
    if seconds < 1:
        return "under 1 s"
    if seconds < 120:
        return f"about {seconds:.0f} s"
    if seconds < 7200:
        return f"about {seconds / 60:.0f} min"
    return f"about {seconds / 3600:.1f} h"


def _named(title: str, names: tuple[str, ...]) -> Table:
    return Table(title, ("Group",), tuple((name,) for name in names))


def _waiting(quarantined: Iterable[Quarantined], held: Iterable[Quarantined]) -> Iterator[Table]:
    head = ("Name", "Why")
    yield Table("Quarantined", head, tuple((item.name, _why(item)) for item in quarantined))
    yield Table("Held back", head, tuple((item.name, _why(item)) for item in held))


def _why(item: Quarantined) -> str:
    """Return the reason; the store keeps it as a plain text, so that its own words are known by their end."""
    data = item.reason.removesuffix(TRY_NOW)
    return joined(data, own(TRY_NOW)) if data != item.reason else data


def _found(found: Iterable[Unowned]) -> Table:
    head = ("Name", "Id", "Who seems to own it", "Adopted by")
    return Table("Found, not ours", head, tuple(map(found_cells, found)))


def _warnings(notices: Iterable[Notice]) -> Table:
    rows = tuple((notice.code, notice.message) for notice in notices)
    return Table("Warnings", ("Code", "What"), rows)


def _members(added: int, removed: int) -> str:
    signs = [f"{sign}{n:,}" for sign, n in (("+", added), ("-", removed)) if n]
    return f", members {' '.join(signs)}" if signs else ""


def _memberships(number: int | None) -> str:
    return "" if number is None else f" ({count(number, 'membership')})"
