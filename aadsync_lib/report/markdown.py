"""Plans and runs as Markdown, for a pull request or a job summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.model.run import RunReport, TargetReport
from aadsync_lib.report import wording
from aadsync_lib.report.escape import markdown_name, markdown_prose
from aadsync_lib.report.next_steps import Call, after_plan, after_run
from aadsync_lib.report.plan_rows import Row, most_affected, rows, shortened
from aadsync_lib.report.text import GROUPS, LINES, LISTED, NAMES
from aadsync_lib.report.wording import Section


def plan_markdown(plan: Plan, *, full: bool = False, call: Call | None = None) -> str:
    """Return a plan: every change of a small one or with ``full``, otherwise a summary."""
    listed = full or wording.size(plan) <= LISTED
    return _document(_plan_blocks(plan, call, full=full, listed=listed))


def run_markdown(report: RunReport, *, full: bool = False, call: Call | None = None) -> str:
    """Return what a run did and what a person has to look at."""
    return _document(_run_blocks(report, call, full=full))


def _document(blocks: Iterable[str]) -> str:
    return "\n\n".join(filter(None, blocks)) + "\n"


def _plan_blocks(plan: Plan, call: Call | None, *, full: bool, listed: bool) -> Iterator[str]:
    yield f"## {markdown_prose(wording.plan_title(plan))}"
    yield "" if plan.complete else f"**{wording.INCOMPLETE}**"
    for target in plan.targets:
        yield f"### {markdown_prose(wording.plan_line(target))}"
        if listed:
            yield _listed(target, None if full else NAMES)
        else:
            yield from _summary(target)
        yield from _sections(wording.plan_sections(target), None if full else LINES)
    if call:
        yield from _sections([wording.verdict_section(call.verdict)], None)
    yield "" if listed or not call else "Every change: the same with `--all`."
    yield "" if plan.empty else wording.estimate_line(plan)
    yield f"Digest: `{plan.digest}`"
    yield markdown_prose(after_plan(plan, call)) if call else ""


def _run_blocks(report: RunReport, call: Call | None, *, full: bool) -> Iterator[str]:
    yield f"## {markdown_prose(wording.run_title(report))}"
    for target in report.targets:
        yield f"### {markdown_prose(wording.run_line(target))}"
        yield _totals(target)
        yield from _sections(wording.run_sections(target), None if full else LINES)
    yield from _sections([wording.refused_section(report.over)], None)
    yield markdown_prose(wording.cost_line(report))
    yield f"Digest: `{report.digest}`"
    yield markdown_prose(after_run(report, call)) if call else ""


def _listed(target: TargetPlan, limit: int | None) -> str:
    found = (
        (f"`{r.symbol}`", markdown_name(r.name), _what(r, limit), r.reason) for r in rows(target)
    )
    return _table(("", "Name", "Change", "Why"), ((*r[:3], markdown_prose(r[3])) for r in found))


def _what(row: Row, limit: int | None) -> str:
    lines = [_counts(row)]
    for sign, names in wording.sides(row):
        if names:
            known, more = shortened(names, limit)
            listed = [*map(markdown_name, known), *([f"{more:,} more"] if more else [])]
            lines.append(f"`{sign}` {', '.join(listed)}")
    return "<br>".join(lines)


def _counts(row: Row) -> str:
    return markdown_prose(", ".join(filter(None, (row.what, wording.members_words(row)))))


def _summary(target: TargetPlan) -> Iterator[str]:
    yield _totals(target)
    groups, more = most_affected(target, GROUPS)
    if groups:
        found = ((markdown_name(row.name), _counts(row)) for row in groups)
        yield _table(("Most affected groups", "Change"), found)
        yield _more(more, "group")


def _totals(target: TargetPlan | TargetReport) -> str:
    return _table(("Change", "Number"), wording.totals(target))


def _sections(found: Iterable[Section], limit: int | None) -> Iterator[str]:
    for section in found:
        known, more = shortened(section.rows, limit)
        cells = ((markdown_name(row[0]), *map(markdown_prose, row[1:])) for row in known)
        if known:
            yield f"**{section.title} ({len(section.rows):,})**"
            yield _table(section.head, cells)
            yield _more(more, "line")


def _more(number: int, noun: str) -> str:
    return f"and {wording.count(number, f'more {noun}')}" if number else ""


def _table(head: tuple[str, ...], cells: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in cells]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *lines])
