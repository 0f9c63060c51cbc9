"""Plans and runs as text, for a terminal or for a file that people read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.text import Text

from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.model.run import RunReport, TargetReport
from aadsync_lib.report import wording
from aadsync_lib.report.escape import label, visible
from aadsync_lib.report.next_steps import Call, after_plan, after_run
from aadsync_lib.report.page import Look, Page
from aadsync_lib.report.plan_rows import ADD, CHANGE, REMOVE, Row, most_affected, rows, shortened
from aadsync_lib.report.wording import Section

LISTED = 200  # changes up to which a plan lists each of them, as a table
NAMES = 5  # members named for each group
GROUPS = 10  # groups named in a summary
LINES = 20  # lines of any other table

STYLES = {ADD: "green", CHANGE: "yellow", REMOVE: "red"}


def plan_text(
    plan: Plan,
    look: Look | None = None,
    *,
    full: bool = False,
    call: Call | None = None,
    listed: int = LISTED,
) -> str:
    """Return a plan: every change of a small one or with ``full``, otherwise a summary.

    ``call`` is for a command, which says what to do next. ``listed`` is what counts as small.
    """
    page = Page(look or Look())
    page.line(wording.plan_title(plan), "bold")
    if not plan.complete:
        page.line(wording.INCOMPLETE, "yellow")
    for target in plan.targets:
        page.heading(wording.plan_line(target))
        _changes(page, target, full=full, small=wording.size(plan) <= listed)
        _sections(page, wording.plan_sections(target), None if full else LINES)
    if call:
        _sections(page, [wording.verdict_section(call.verdict)], None)
    page.line()
    if call and not full and wording.size(plan) > listed:
        page.line("Every change: the same with --all")
    if not plan.empty:
        page.line(wording.estimate_line(plan))
    page.line(f"Digest: {plan.digest}")
    if call:
        page.line(after_plan(plan, call), "bold")
    return page.text()


def run_text(
    report: RunReport, look: Look | None = None, *, full: bool = False, call: Call | None = None
) -> str:
    """Return what a run did and what a person has to look at."""
    page = Page(look or Look())
    page.line(wording.run_title(report), "bold")
    for target in report.targets:
        page.heading(wording.run_line(target))
        _totals(page, target)
        _sections(page, wording.run_sections(target), None if full else LINES)
    _sections(page, [wording.refused_section(report.over)], None)
    page.line()
    page.line(wording.cost_line(report))
    page.line(f"Digest: {report.digest}")
    if call:
        page.line(after_run(report, call), "bold")
    return page.text()


def _changes(page: Page, target: TargetPlan, *, full: bool, small: bool) -> None:
    if not target.changes:
        return
    if small:
        _listed(page, rows(target), None if full else NAMES)
    elif full:
        page.lines(line for row in rows(target) for line in _row_lines(row))
    else:
        _summary(page, target)


def _listed(page: Page, found: Sequence[Row], limit: int | None) -> None:
    page.table(
        ("", "Name", "Change", "Why"),
        (
            (
                Text(row.symbol, STYLES[row.symbol]),
                label(row.name),
                Text("\n").join((Text(_what(row)), *_members(row, limit))),
                Text(visible(row.reason), "dim"),
            )
            for row in found
        ),
    )


def _row_lines(row: Row) -> Iterable[Text]:
    """One line for a change and one more for each of its members: made to be searched."""
    line = f"  {row.symbol} {label(row.name)}  {_what(row)}  ({visible(row.reason)})"
    yield Text(line, STYLES[row.symbol])
    for sign, names in wording.sides(row):
        for name in names:
            yield Text(f"      {sign} {label(name)}", STYLES[sign])


def _what(row: Row) -> str:
    return ", ".join(filter(None, (visible(row.what), wording.members_words(row))))


def _members(row: Row, limit: int | None) -> Iterable[Text]:
    for sign, names in wording.sides(row):
        if names:
            known, more = shortened(names, limit)
            listed = [*map(label, known), *([f"{more:,} more"] if more else [])]
            yield Text(f"{sign} {', '.join(listed)}", STYLES[sign])


def _summary(page: Page, target: TargetPlan) -> None:
    _totals(page, target)
    groups, more = most_affected(target, GROUPS)
    if groups:
        page.line()
        page.note("Most affected groups", "bold")
        page.table(("Group", "Change"), ((label(row.name), _what(row)) for row in groups))
        _more(page, more, "group")


def _totals(page: Page, target: TargetPlan | TargetReport) -> None:
    totals = wording.totals(target)
    if totals:
        page.table(("Change", "Number"), totals)


def _sections(page: Page, found: Iterable[Section], limit: int | None) -> None:
    for section in found:
        known, more = shortened(section.rows, limit)
        if known:
            page.line()
            page.note(f"{section.title} ({len(section.rows):,})", "bold")
            page.table(section.head, ((label(r[0]), *map(visible, r[1:])) for r in known))
            _more(page, more, "line")


def _more(page: Page, number: int, noun: str) -> None:
    if number:
        page.note(f"and {wording.count(number, f'more {noun}')}")
