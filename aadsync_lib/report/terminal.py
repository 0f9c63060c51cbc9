"""Documents as text, for a terminal or for a file that people read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.text import Text

from aadsync_lib.report import wording
from aadsync_lib.report.document import BAD, BENT, GOOD, Branch, Document, Part, Table
from aadsync_lib.report.escape import label, visible
from aadsync_lib.report.heading import head_lines
from aadsync_lib.report.plan_rows import (
    ADD,
    CHANGE,
    REMOVE,
    Row,
    first_names,
    most_affected,
    shortened,
)
from aadsync_lib.report.terminal_page import Look, Page

LISTED = 200  # changes up to which a plan lists each of them, as a table
NAMES = 5  # members named for each group
GROUPS = 10  # groups named in a summary
LINES, ROWS = 20, 200  # lines of a table of a part, and of a document
WHOLE = ("Run", "Began (UTC)", "Since (UTC)")  # columns to copy from

STYLES = {ADD: "green", CHANGE: "yellow", REMOVE: "red", GOOD: "green", BENT: "yellow", BAD: "red"}


def as_text(
    document: Document, look: Look | None = None, *, full: bool = False, listed: int = LISTED
) -> str:
    """Return a document: every change of a small plan or with ``full``, otherwise a summary.

    ``listed`` is the number of changes up to which a plan is small.
    """
    page, small = Page(look or Look()), document.size <= listed
    _head(page, document)
    for number, part in enumerate(document.parts):
        if document.title or number:
            page.line()
        _part(page, part, full=full, small=small)
    for alert in document.alerts:
        limits = tuple((line,) for line in alert.lines)
        _section(page, Table(alert.brief or alert.title, ("Why",), limits))
    _tables(page, document, None if full else ROWS)
    _foot(page, document, shortened=not (full or small))
    return page.text()


def _head(page: Page, document: Document) -> None:
    if document.title:
        page.line(document.title, "bold")
    for line in head_lines(document):
        page.line(line, "dim")
    for alert in document.alerts:
        if not alert.lines and not alert.brief:
            page.line(alert.title, STYLES[alert.tone])
    for line in (*document.lines, *document.items):
        page.line(line)


def _foot(page: Page, document: Document, *, shortened: bool) -> None:
    if document.digest:
        page.line()
        if document.next and shortened:
            page.line("Every change: the same with --all")
        if document.total:
            page.line(f"Total: {document.total}")
        if document.cost:
            page.line(document.cost)
    if document.exactly:
        page.line(document.exactly)
    if document.next:
        page.line(document.next, "bold")


def _tables(page: Page, document: Document, limit: int | None) -> None:
    filled = [table for table in document.tables if table.rows]
    for table in filled:
        rows, more = shortened(table.rows, limit)
        page.heading(f"{table.title} ({len(table.rows):,})")
        page.table(table.head, map(_cells, rows), whole=WHOLE)
        if more:
            page.note(f"and {wording.count(more, 'more line')}: the same with --all")
    if document.empty and not filled:
        page.line(document.empty)


def _part(page: Page, part: Part, *, full: bool, small: bool) -> None:
    page.line(part.title, "bold")
    for line in part.lines:
        page.note(line)
    for table in part.first:
        _section(page, table, None if full else ROWS, BAD)
    if part.first and part.changes:
        page.line()
        page.note("All changes", "bold")
    if part.changes and small:
        _listed(page, part.changes, None if full else NAMES)
    elif part.changes and full:
        page.lines(line for row in part.changes for line in _row_lines(row))
    elif part.totals:
        page.table(("Change", "Number"), part.totals)
        _most_affected(page, part.changes)
    for table in part.tables:
        _section(page, table, None if full else LINES)
    for title, branches in part.trees:
        page.heading(title)
        page.lines(_drawn(branches, ""))


def _listed(page: Page, rows: Iterable[Row], limit: int | None) -> None:
    page.table(
        ("", "Name", "Change", "Why"),
        (
            (
                Text(row.symbol, STYLES[row.symbol]),
                label(row.name),
                Text("\n").join((Text(_what(row)), *_members(row, limit))),
                Text(visible(row.reason), "dim"),
            )
            for row in rows
        ),
    )


def _row_lines(row: Row) -> Iterator[Text]:
    """One line for a change and one more for each of its members: made to be searched."""
    line = f"  {row.symbol} {label(row.name)}  {_what(row)}  ({visible(row.reason)})"
    yield Text(line, STYLES[row.symbol])
    for sign, names in wording.sides(row):
        for name in names:
            yield Text(f"      {sign} {label(name)}", STYLES[sign])


def _what(row: Row) -> str:
    return ", ".join(filter(None, (visible(row.what), wording.members_words(row))))


def _members(row: Row, limit: int | None) -> Iterator[Text]:
    for sign, names in wording.sides(row):
        if names:
            yield Text(f"{sign} {first_names(names, limit, label)}", STYLES[sign])


def _most_affected(page: Page, rows: Iterable[Row]) -> None:
    groups, more = most_affected(rows, GROUPS)
    if groups:
        page.line()
        page.note("Most affected groups", "bold")
        page.table(("Group", "Change"), ((label(row.name), _what(row)) for row in groups))
        _more(page, more, "group")


def _section(page: Page, table: Table, limit: int | None = None, tone: str = "") -> None:
    rows, more = shortened(table.rows, limit)
    if rows:
        page.line()
        style = f"bold {STYLES[tone]}" if tone else "bold"
        page.note(f"{table.title} ({len(table.rows):,})", style)
        page.table(table.head, map(_cells, rows))
        _more(page, more, "line")


def _cells(row: tuple[str, ...]) -> tuple[str, ...]:
    return label(row[0]), *map(visible, row[1:])


def _more(page: Page, number: int, noun: str) -> None:
    if number:
        page.note(f"and {wording.count(number, f'more {noun}')}")


def _drawn(branches: tuple[Branch, ...], indent: str) -> Iterator[Text]:
    """Draw a tree with its lines, one line for each branch, so that it can be searched."""
    for branch in branches:
        last = branch is branches[-1]
        line = Text(f"{indent}{'└── ' if last else '├── '}", "dim")
        line.append(label(branch.name), STYLES.get(branch.tone, "default"))
        if branch.words:
            line.append(f"  {visible(branch.words)}", "dim")
        yield line
        yield from _drawn(branch.below, f"{indent}{'    ' if last else '│   '}")
