"""What the page says, before it is HTML: of a plan and of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aadsync_lib.model.carried import RunRecord
from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.model.run import RunReport, Status, TargetReport
from aadsync_lib.report import in_notebook, wording
from aadsync_lib.report.html import notes
from aadsync_lib.report.html.changes import changes_grid, left_grid
from aadsync_lib.report.html.charts import ENDED, Bar, Runs, action_bars, group_bars, run_bars
from aadsync_lib.report.html.grid import Grid
from aadsync_lib.report.html.lines import Line, left_lines, planned_lines, run_lines
from aadsync_lib.report.html.tree import Tree, tree_of
from aadsync_lib.report.next_steps import MEANT, Call, after_plan, after_run
from aadsync_lib.report.summary_view import Alert, Tile, change_tiles, counted, plan_alerts, tile


@dataclass(frozen=True, slots=True)
class View:
    """A page. ``command`` is the line to type for what ``next`` says, where there is one to copy."""

    title: str
    ending: str
    tone: str
    facts: tuple[tuple[str, str], ...]
    alerts: tuple[Alert, ...]
    next: str
    command: str
    tiles: tuple[Tile, ...]
    actions: tuple[Bar, ...]
    groups: tuple[Bar, ...]
    history: Runs | None
    before: tuple[Grid, ...]
    changes: Grid
    tree: Tree
    after: tuple[Grid, ...]

    @property
    def grids(self) -> tuple[Grid, ...]:
        """Every table, in the order of the page."""
        return _told((*self.before, self.changes, *self.after))


def plan_view(plan: Plan, call: Call | None, history: Sequence[RunRecord]) -> View:
    """Say what a plan would do."""
    lines = planned_lines(plan)
    verdict = call.verdict if call else None
    ending, tone = wording.plan_state(plan, verdict)
    several = len(plan.targets) > 1
    left = left_grid(left_lines(plan), several=several)
    next_, command = _next(plan, call) if call else ("", "")
    return View(
        title=wording.plan_title(plan),
        ending=ending,
        tone=tone,
        facts=tuple(_plan_facts(plan)),
        alerts=tuple(plan_alerts(plan, verdict)),
        next=next_,
        command=command,
        tiles=tuple(_plan_tiles(plan.targets)),
        actions=action_bars(lines),
        groups=group_bars(lines),
        history=run_bars(history),
        before=(),
        changes=changes_grid(lines, several=several),
        tree=tree_of(plan.tree, lines),
        after=_told((*notes.plan_notes(plan), left)),
    )


def run_view(
    report: RunReport, plan: Plan | None, call: Call | None, history: Sequence[RunRecord]
) -> View:
    """Say what a run did."""
    lines = run_lines(report, plan)
    several = len(report.targets) > 1
    left = left_grid(left_lines(report), several=several)
    next_, command = _advice(after_run(report, call) if call else "")
    return View(
        title=wording.run_title(report),
        ending=wording.ENDINGS[report.status].capitalize(),
        tone=ENDED[report.status],
        facts=tuple(_run_facts(report)),
        alerts=tuple(_run_alerts(report, plan, report.over)),
        next=next_,
        command=command,
        tiles=tuple(_run_tiles(report, lines)),
        actions=action_bars(lines),
        groups=group_bars(lines),
        history=run_bars(history),
        before=_told((notes.failed_grid(report),)),
        changes=changes_grid(lines, several=several),
        tree=tree_of(plan.tree if plan else (), lines),
        after=_told((*notes.run_notes(report), left)),
    )


def _told(grids: Sequence[Grid]) -> tuple[Grid, ...]:
    return tuple(grid for grid in grids if grid.rows)


def _next(plan: Plan, call: Call) -> tuple[str, str]:
    if not call.in_notebook:
        return _advice(after_plan(plan, call))
    said = in_notebook.after_plan(plan, call.verdict)
    return said, plan.digest if said.endswith(":") else ""


def _advice(sentence: str) -> tuple[str, str]:
    """Part a command that is to be copied from the sentence that leads to it."""
    if sentence.startswith(f"{MEANT}: "):
        return f"{MEANT}, approve exactly this plan:", sentence.removeprefix(f"{MEANT}: ")
    return sentence.replace("named above", "named below"), ""


def _plan_facts(plan: Plan) -> Iterator[tuple[str, str]]:
    yield "Targets", "; ".join(map(wording.plan_line, plan.targets))
    if plan.undoes:
        yield "Undoes run", plan.undoes
    if not plan.empty:
        yield "Cost", wording.estimate_line(plan).removeprefix("Estimate: ")
    yield "Digest", plan.digest


def _run_facts(report: RunReport) -> Iterator[tuple[str, str]]:
    yield "Run", report.run_id
    yield "Targets", "; ".join(map(wording.run_line, report.targets))
    if report.undoes:
        yield "Undoes run", report.undoes
    yield "Cost", wording.cost(report.requests, report.seconds)
    yield "Digest", report.digest


def _run_alerts(report: RunReport, plan: Plan | None, over: tuple[str, ...]) -> Iterator[Alert]:
    if plan and not plan.complete:
        yield Alert("warn", wording.INCOMPLETE)
    if report.status is Status.REFUSED:
        yield Alert("bad", "The guard refused this plan. Nothing was changed.", over)


def _plan_tiles(targets: Sequence[TargetPlan]) -> Iterator[Tile]:
    added = sum(one.members_added for one in targets)
    removed = sum(one.members_removed for one in targets)
    yield from change_tiles(counted(one.counts for one in targets), added, removed)
    yield tile("Drift", sum(len(one.drift) for one in targets), "warn")
    yield tile("Quarantined", sum(len(one.quarantined) for one in targets), "warn")
    yield tile("Held back", sum(len(one.on_hold) for one in targets), "warn")
    seconds = max((one.estimate.seconds for one in targets), default=0.0)
    if seconds:
        shown = wording.duration(seconds).removeprefix("about ").replace("under", "<")
        yield Tile("Time", shown)


def _run_tiles(report: RunReport, lines: Sequence[Line]) -> Iterator[Tile]:
    targets: Sequence[TargetReport] = report.targets
    added = sum(one.members_added for one in targets)
    removed = sum(one.members_removed for one in targets)
    yield from change_tiles(counted(one.applied for one in targets), added, removed)
    yield tile("Failed", sum(len(one.failed) for one in targets), "bad")
    yield tile("Drift", sum(line.change.drift for line in lines), "warn")
    yield tile("Quarantined", sum(len(one.in_quarantine) for one in targets), "warn")
    yield tile("Held back", sum(len(one.on_hold) for one in targets), "warn")
    yield Tile("Seconds", f"{report.seconds:,.1f}")
