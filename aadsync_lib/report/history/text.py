"""A history as text and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.report.escape import label, markdown_name, markdown_prose, visible
from aadsync_lib.report.history.view import View
from aadsync_lib.report.page import Look, Page
from aadsync_lib.report.plan_rows import shortened
from aadsync_lib.report.wording import Section, count

LINES = 200  # lines of a table without --all
WHOLE = ("Run", "Began (UTC)", "Since (UTC)")  # columns to copy from


def history_text(view: View, look: Look | None = None, *, full: bool = False) -> str:
    """Return the view for a terminal or a file that people read."""
    page = Page(look or Look())
    page.line(view.title, "bold")
    for line in view.lines:
        page.line(line)
    for section in _filled(view):
        rows, more = shortened(section.rows, None if full else LINES)
        page.heading(f"{section.title} ({len(section.rows):,})")
        cells = ((label(row[0]), *map(visible, row[1:])) for row in rows)
        page.table(section.head, cells, whole=WHOLE)
        if more:
            page.note(_more(more))
    if not _filled(view):
        page.line(view.empty)
    return page.text()


def history_markdown(view: View, *, full: bool = False) -> str:
    """Return the view for a pull request or a job summary."""
    return "\n\n".join(_blocks(view, full=full)) + "\n"


def _blocks(view: View, *, full: bool) -> Iterator[str]:
    yield f"## {markdown_prose(view.title)}"
    yield from map(markdown_prose, view.lines)
    for section in _filled(view):
        rows, more = shortened(section.rows, None if full else LINES)
        yield f"**{section.title} ({len(section.rows):,})**"
        yield "\n".join(_table(section, rows))
        if more:
            yield _more(more)
    if not _filled(view):
        yield markdown_prose(view.empty)


def _table(section: Section, rows: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    yield f"| {' | '.join(section.head)} |"
    yield f"|{' --- |' * len(section.head)}"
    for row in rows:
        yield f"| {' | '.join((markdown_name(row[0]), *map(markdown_prose, row[1:])))} |"


def _filled(view: View) -> tuple[Section, ...]:
    return tuple(section for section in view.sections if section.rows)


def _more(number: int) -> str:
    return f"and {count(number, 'more line')}: the same with --all"
