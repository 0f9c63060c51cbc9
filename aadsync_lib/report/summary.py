"""Plans and runs as one compact page of HTML, for ``displayHTML`` and for the folder of a run.

A page holds no script and asks for nothing from outside. Its size has a bound, whatever the names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache

from jinja2 import Environment

from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.model.run import RunReport, Status
from aadsync_lib.reconcile.guard import Verdict
from aadsync_lib.report import in_notebook, wording
from aadsync_lib.report.escape import cut, label, visible
from aadsync_lib.report.plan_rows import rows
from aadsync_lib.report.summary_view import (
    Alert,
    Card,
    Listed,
    Tile,
    View,
    change_tiles,
    counted,
    plan_alerts,
    tables,
    tile,
)
from aadsync_lib.report.templates import templates
from aadsync_lib.report.wording import Section

CHANGES = 50  # changes listed
ALERTED = 20  # lines of what the guard has against a plan
CARDS = 12  # targets that have their numbers shown one by one
NAMES = 3  # members named for each group
LONGEST_NAME, LONGEST_SENTENCE = 64, 160  # characters shown of each

PILLS: Mapping[Status, str] = {
    Status.SUCCEEDED: "good",
    Status.PARTIAL: "warn",
    Status.REFUSED: "bad",
    Status.FAILED: "bad",
}


def plan_summary(plan: Plan, verdict: Verdict | None = None, *, kept: str | None = None) -> str:
    """Return the page of a plan. ``kept`` is the path of the full report."""
    part = plan_part(plan, verdict, kept=kept)
    return page(wording.plan_title(plan), part)


def plan_part(plan: Plan, verdict: Verdict | None = None, *, kept: str | None = None) -> str:
    """Return what the page of a plan says, to be put into a page with more."""
    ending, tone = wording.plan_state(plan, verdict)
    targets = plan.targets
    return _part(
        View(
            title=wording.plan_title(plan),
            ending=ending,
            tone=tone,
            alerts=tuple(plan_alerts(plan, verdict)),
            tiles=tuple(_plan_tiles(targets)),
            cards=tuple(Card(wording.plan_line(one), wording.totals(one)) for one in targets),
            changes=tuple(Listed(one.target, row) for one in targets for row in rows(one)),
            tables=tables((one.target, wording.plan_sections(one)) for one in targets),
            facts=() if plan.empty else (wording.estimate_line(plan),),
            next=in_notebook.after_plan(plan, verdict),
            digest=plan.digest,
            approve=bool(verdict and verdict.approvable and not verdict.allowed),
            kept=kept or "",
        )
    )


def run_summary(
    report: RunReport,
    *,
    errors: Mapping[str, str] | None = None,
    refused: str | None = None,
    kept: str | None = None,
) -> str:
    """Return the page of a run, or of several that one report brings together.

    ``errors`` tells by target why it has no report, ``refused`` why the guard stopped the plan.
    """
    view = _run_view(report, errors or {}, refused)
    return page(view.title, _part(replace(view, kept=kept or "")))


def page(title: str, *parts: str) -> str:
    """Return a page of parts that are HTML already; paragraphs and lists may stand between plans."""
    return _templates().get_template("summary.html.j2").render(title=title, parts=parts)


def _plan_tiles(targets: tuple[TargetPlan, ...]) -> Iterator[Tile]:
    added = sum(one.members_added for one in targets)
    removed = sum(one.members_removed for one in targets)
    yield from change_tiles(counted(one.counts for one in targets), added, removed)
    yield tile("Quarantined", sum(len(one.quarantined) for one in targets), "warn")
    yield tile("Held back", sum(len(one.on_hold) for one in targets), "warn")
    yield tile("Requests", sum(one.estimate.requests for one in targets))
    seconds = max((one.estimate.seconds for one in targets), default=0.0)
    yield Tile("Time", wording.duration(seconds).removeprefix("about "))


def _run_view(report: RunReport, errors: Mapping[str, str], refused: str | None) -> View:
    lost = tuple(errors.items())
    targets = report.targets
    untold = Section("Without a report", ("Target", "Why"), lost)
    clean = report.clean and not lost
    return View(
        title=wording.run_title(report),
        ending=wording.ENDINGS[report.status].capitalize(),
        tone=PILLS[report.status],
        alerts=tuple(_run_alerts(refused)),
        tiles=tuple(_run_tiles(report, len(lost))),
        cards=tuple(Card(wording.run_line(one), wording.totals(one)) for one in targets),
        tables=(
            *tables([("", [untold])]),
            *tables((one.target, wording.run_sections(one)) for one in targets),
        ),
        facts=(wording.cost_line(report),),
        next="" if refused else in_notebook.after_run(report, clean=clean),
        digest=report.digest,
    )


def _run_alerts(refused: str | None) -> Iterator[Alert]:
    if refused:
        title, *lines = refused.splitlines()
        yield Alert("bad", title, tuple(line.strip() for line in lines))


def _run_tiles(report: RunReport, lost: int) -> Iterator[Tile]:
    targets = report.targets
    added = sum(one.members_added for one in targets)
    removed = sum(one.members_removed for one in targets)
    yield from change_tiles(counted(one.applied for one in targets), added, removed)
    if lost:
        yield tile("Without a report", lost, "bad")
    yield tile("Failed", sum(len(one.failed) for one in targets), "bad")
    yield tile("Quarantined", sum(len(one.in_quarantine) for one in targets), "warn")
    yield tile("Held back", sum(len(one.on_hold) for one in targets), "warn")
    yield tile("Requests", report.requests.graph + report.requests.databricks)
    yield Tile("Seconds", f"{report.seconds:,.1f}")


def _part(view: View) -> str:
    return _templates().get_template("summary_part.html.j2").render(view=view, say=wording)


@cache
def _templates() -> Environment:
    found = templates("aadsync_lib.report")
    found.filters["name"] = lambda name: cut(label(name), LONGEST_NAME)
    found.filters["sentence"] = lambda text: cut(visible(text), LONGEST_SENTENCE)
    found.filters["line"] = lambda text: cut(visible(text), 2 * LONGEST_SENTENCE)
    found.globals |= {"CHANGES": CHANGES, "ALERTED": ALERTED, "CARDS": CARDS, "NAMES": NAMES}
    return found
