"""Documents of plans and of runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from aadsync_lib.model.change import ACCESS, Action
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.model.run import RunReport, Status, TargetReport
from aadsync_lib.reconcile.guard import Verdict
from aadsync_lib.report import wording
from aadsync_lib.report.document import BAD, BENT, GOOD, Alert, Document, Part, Table, Tile
from aadsync_lib.report.heading import places_of
from aadsync_lib.report.lost_access import lost_access, lost_tables
from aadsync_lib.report.next_steps import Advice, finding_nothing
from aadsync_lib.report.plan_rows import MEMBERS, rows, total_line

COMING = (Action.CREATE_USER, Action.ACTIVATE_USER)
GIVEN = (Action.ASSIGN_WORKSPACE, Action.GRANT_ENTITLEMENTS)
TAKEN = (Action.UNASSIGN_WORKSPACE, Action.REVOKE_ENTITLEMENTS)
GOING = (Action.DEACTIVATE_USER, Action.DELETE_USER)
ENDED = {Status.SUCCEEDED: GOOD, Status.PARTIAL: BENT, Status.REFUSED: BAD, Status.FAILED: BAD}
GROUPS = "Groups, members apart"
NOTHING_FOUND = "A selector finds nothing"
EMPTY_SELECTOR = "A selector of scope.groups finds nothing: nobody is in scope by it"
REFUSED = "The guard refused this plan. Nothing was changed."


def plan_document(
    plan: Plan, verdict: Verdict | None = None, advice: Advice | None = None
) -> Document:
    """Say what a plan would do, what the guard has against it, and what to do next."""
    state, tone = _state(plan, verdict)
    return Document(
        title=wording.plan_title(plan),
        state=state,
        tone=tone,
        alerts=tuple(_plan_alerts(plan, verdict)),
        tiles=tuple(_plan_tiles(plan)),
        parts=tuple(map(_planned, plan.targets)),
        size=wording.size(plan),
        cost="" if plan.empty else wording.estimate_line(plan),
        total="" if plan.empty else total_line(target.counts for target in plan.targets),
        undoes=plan.undoes or "",
        digest=plan.digest,
        next=advice.after_plan(plan, verdict) if advice else "",
        exactly=advice.exactly(plan, verdict) if advice else "",
        head=plan.head,
        places=places_of((target.target, target.address) for target in plan.targets),
        approve=bool(verdict and verdict.approvable and not verdict.allowed),
    )


def run_document(
    report: RunReport,
    verdict: Verdict | None = None,
    advice: Advice | None = None,
    *,
    plan: Plan | None = None,
    unreported: Mapping[str, str] | None = None,
    refusal: str | None = None,
) -> Document:
    """Say what a run did and what a person has to look at.

    The verdict is of a run that was refused, ``plan`` what it would have done. ``unreported`` tells by
    target why it has no report, ``refusal`` why the guard stopped a plan that several runs were to apply.
    """
    lost = tuple((unreported or {}).items())
    return Document(
        title=wording.run_title(report),
        state=wording.ENDINGS[report.status].capitalize(),
        tone=ENDED[report.status],
        alerts=tuple(_run_alerts(report, plan, refusal)),
        tiles=tuple(_run_tiles(report, plan, len(lost))),
        parts=tuple(map(_done, report.targets)),
        tables=(Table("Without a report", ("Target", "Why"), lost),),
        cost=wording.cost_line(report),
        total=total_line([report.applied]) if report.applied else "",
        run_id=report.run_id,
        undoes=report.undoes or "",
        digest=report.digest,
        next=advice.after_run(report, verdict) if advice else "",
        head=report.head,
        places=places_of((target.target, target.address) for target in report.targets),
    )


def _planned(target: TargetPlan) -> Part:
    return Part(
        title=wording.plan_line(target),
        target=target.target,
        first=tuple(lost_tables(target)),
        changes=rows(target),
        totals=wording.totals(target),
        tables=tuple(wording.plan_tables(target)),
    )


def _done(target: TargetReport) -> Part:
    return Part(
        title=wording.run_line(target),
        target=target.target,
        totals=wording.totals(target),
        tables=tuple(wording.run_tables(target)),
    )


def _state(plan: Plan, verdict: Verdict | None) -> tuple[str, str]:
    if verdict and not verdict.allowed:
        return _against(verdict), BAD
    if plan.empty:
        return (NOTHING_FOUND, BENT) if finding_nothing(plan.targets) else ("Nothing to do", GOOD)
    return ("Approved", BENT) if verdict and verdict.breaches else ("Not applied yet", "calm")


def _plan_alerts(plan: Plan, verdict: Verdict | None) -> Iterator[Alert]:
    if not plan.complete:
        yield Alert(BENT, wording.INCOMPLETE)
    if empty := finding_nothing(plan.targets):
        yield Alert(BAD, EMPTY_SELECTOR, empty)
    if verdict and not verdict.allowed:
        yield Alert(BAD, f"{_against(verdict)}: sync will refuse this", verdict.objections)
    elif verdict and verdict.breaches:
        yield Alert(BENT, "Over the limits, and approved by its digest", verdict.objections)


def _against(verdict: Verdict) -> str:
    over = verdict.protected or verdict.breaches
    return "Over the limits" if over else "Not the plan that was approved"


def _run_alerts(report: RunReport, plan: Plan | None, refusal: str | None) -> Iterator[Alert]:
    if plan and not plan.complete:
        yield Alert(BENT, wording.INCOMPLETE)
    if empty := finding_nothing(report.targets):
        yield Alert(BAD, EMPTY_SELECTOR, empty)
    if refusal:
        title, *lines = refusal.splitlines()
        yield Alert(BAD, title, tuple(line.strip() for line in lines))
    elif report.status is Status.REFUSED:
        yield Alert(BAD, REFUSED, report.over, brief=wording.REFUSED_BY)


def _plan_tiles(plan: Plan) -> Iterator[Tile]:
    targets = plan.targets
    losing = Counter(lost.kind for target in targets for lost in lost_access(target))
    yield _tile("People who lose access", losing[Kind.USER], "out")
    if losing[Kind.SERVICE_PRINCIPAL]:
        label = "Service principals that lose access"
        yield _tile(label, losing[Kind.SERVICE_PRINCIPAL], "out")
    yield from _change_tiles(targets, [target.counts for target in targets])
    yield _tile("Drift", sum(len(target.drift) for target in targets), BENT)
    yield _tile("Quarantined", sum(len(target.quarantined) for target in targets), BENT)
    yield _tile("Held back", sum(len(target.on_hold) for target in targets), BENT)
    yield _tile("Requests", sum(target.estimate.requests for target in targets))
    seconds = max((target.estimate.seconds for target in targets), default=0.0)
    yield Tile("Time", wording.duration(seconds).removeprefix("about "))


def _run_tiles(report: RunReport, plan: Plan | None, lost: int) -> Iterator[Tile]:
    targets = report.targets
    yield from _change_tiles(targets, [target.applied for target in targets])
    if lost:
        yield _tile("Without a report", lost, BAD)
    yield _tile("Failed", len(report.failed), BAD)
    planned = plan.targets if plan else ()
    mending = {each.target: sum(change.drift for change in each.changes) for each in planned}
    drift = (len(t.drift) if t.outcomes else mending.get(t.target, 0) for t in targets)
    yield _tile("Drift", sum(drift), BENT)
    yield _tile("Quarantined", len(report.in_quarantine), BENT)
    yield _tile("Held back", len(report.on_hold), BENT)
    yield _tile("Requests", report.requests.graph + report.requests.databricks)
    yield Tile("Seconds", f"{report.seconds:,.1f}")


def _change_tiles(
    targets: Sequence[TargetPlan | TargetReport], counts: Sequence[Mapping[str, int]]
) -> Iterator[Tile]:
    """Say who comes and who goes."""
    yield _tile("People out", _total(counts, GOING), "out")
    yield _tile("People in", _total(counts, COMING), "in")
    services = _total(counts, _of_kind(Kind.SERVICE_PRINCIPAL))
    if services:
        yield _tile("Service principals", services)
    yield _tile(GROUPS, _total(counts, _of_kind(Kind.GROUP)))
    yield _tile("Members removed", sum(target.members_removed for target in targets), "out")
    yield _tile("Members added", sum(target.members_added for target in targets), "in")
    if _total(counts, tuple(ACCESS)):
        yield _tile("Access taken", _total(counts, TAKEN), "out")
        yield _tile("Access given", _total(counts, GIVEN), "in")


@cache
def counted_as(action: Action) -> str:
    """Return the label of the tile that counts an action; nothing where none does."""
    tiles = (
        ("People in", COMING),
        ("People out", GOING),
        ("Service principals", _of_kind(Kind.SERVICE_PRINCIPAL)),
        (GROUPS, _of_kind(Kind.GROUP)),
        ("Members added", (Action.ADD_MEMBERS,)),
        ("Members removed", (Action.REMOVE_MEMBERS,)),
        ("Access given", GIVEN),
        ("Access taken", TAKEN),
    )
    return next((label for label, actions in tiles if action in actions), "")


def _of_kind(kind: Kind) -> tuple[Action, ...]:
    others = ACCESS.union(MEMBERS)
    return tuple(action for action in Action if action.kind is kind and action not in others)


def _total(counts: Sequence[Mapping[str, int]], actions: Sequence[Action]) -> int:
    return sum(count.get(action.value, 0) for count in counts for action in actions)


def _tile(label: str, number: int, tone: str = "") -> Tile:
    return Tile(label, f"{number:,}", tone if number else "")
