"""Documents as Markdown, for a pull request or a job summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aadsync_lib.report import wording
from aadsync_lib.report.document import BAD, Alert, Branch, Document, Part, Table
from aadsync_lib.report.escape import markdown_name, markdown_prose, visible
from aadsync_lib.report.heading import head_facts
from aadsync_lib.report.next_steps import parted
from aadsync_lib.report.plan_rows import Row, first_names, most_affected, shortened
from aadsync_lib.report.terminal import GROUPS, LINES, LISTED, NAMES, ROWS

OPEN = 20  # lines of a list that are open; the others unfold, so that a pull request stays short


def as_markdown(document: Document, *, full: bool = False) -> str:
    """Return a document: every change of a small plan or with ``full``, otherwise a summary."""
    return "\n\n".join(filter(None, _blocks(document, full=full))) + "\n"


def table(head: tuple[str, ...], cells: Iterable[tuple[str, ...]]) -> str:
    """Return a table of cells that are Markdown already; nothing where there is none."""
    lines = [f"| {' | '.join(row)} |" for row in cells]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *lines])


def _blocks(document: Document, *, full: bool) -> Iterator[str]:
    listed = full or document.size <= LISTED
    if document.title:
        yield f"## {markdown_prose(document.title)}"
    yield _heading(document)
    for alert in document.alerts:
        yield from _alert(alert)
    advice = tuple(_command(document.next, document.digest))
    refused = document.tone == BAD and bool(advice[-1])
    yield from advice if refused else ()
    yield from map(markdown_prose, document.lines)
    yield _items(document.items)
    for part in document.parts:
        yield f"{'###' if document.title else '##'} {markdown_prose(part.title)}"
        yield from _part(part, listed=listed, full=full)
    for each in document.tables:
        yield from _section(each, None if full else ROWS, ": the same with --all")
    if document.empty and not any(each.rows for each in document.tables):
        yield markdown_prose(document.empty)
    yield "" if listed or not document.next else "Every change: the same with `--all`."
    yield f"Total: `{document.total}`" if document.total else ""
    yield markdown_prose(document.cost)
    yield from _command(document.exactly)
    yield from () if refused else advice


def _alert(alert: Alert) -> Iterator[str]:
    lines = tuple((line,) for line in alert.lines)
    if not lines:
        yield "" if alert.brief else f"**{markdown_prose(alert.title)}**"
    yield from _section(Table(alert.brief or alert.title, ("Why",), lines))


def _command(sentence: str, digest: str = "") -> Iterator[str]:
    """Yield a sentence; the command or digest that it leads to is code, to be copied."""
    words, command = parted(sentence, digest)
    yield markdown_prose(words)
    yield f"```\n{visible(command)}\n```" if command else ""


def _heading(document: Document) -> str:
    lines = (
        f"{term}: `{fact}`" if term == "Digest" else f"{term}: {markdown_prose(fact)}"
        for term, fact in head_facts(document)
    )
    return "<br>\n".join(lines)


def _part(part: Part, *, listed: bool, full: bool) -> Iterator[str]:
    yield _items(part.lines)
    for each in part.first:
        yield from _section(each, None if full else ROWS)
    if part.changes and listed:
        yield from _listed(part.changes, None if full else NAMES)
    else:
        yield table(("Change", "Number"), part.totals)
        yield from _most_affected(part.changes)
    for each in part.tables:
        yield from _section(each, None if full else LINES)
    for title, branches in part.trees:
        yield f"### {markdown_prose(title)}"
        lines = tuple(_nested(branches, 0))
        yield "\n".join(lines[:OPEN])
        yield from _folded(len(lines) - OPEN, "\n".join(lines[OPEN:]))


def _items(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {markdown_prose(sentence)}" for sentence in sentences)


def _listed(rows: Iterable[Row], limit: int | None) -> Iterator[str]:
    cells = (
        (f"`{row.symbol}`", markdown_name(row.name), _what(row, limit), markdown_prose(row.reason))
        for row in rows
    )
    yield from _long(("", "Name", "Change", "Why"), tuple(cells))


def _long(head: tuple[str, ...], cells: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    """Yield a table of cells that are Markdown already; what is beyond its first lines is folded."""
    yield table(head, cells[:OPEN])
    yield from _folded(len(cells) - OPEN, table(head, cells[OPEN:]))


def _folded(number: int, block: str) -> Iterator[str]:
    if number > 0:
        yield f"<details><summary>{wording.count(number, 'more line')}</summary>"
        yield block
        yield "</details>"


def _what(row: Row, limit: int | None) -> str:
    members = (_members(sign, names, limit) for sign, names in wording.sides(row) if names)
    return "<br>".join((_counts(row), *members))


def _members(sign: str, names: tuple[str, ...], limit: int | None) -> str:
    shown = f"`{sign}` {first_names(names, limit, markdown_name)}"
    if limit is None and len(names) > OPEN:
        return f"<details><summary>{sign}{len(names):,}</summary>{shown}</details>"
    return shown


def _counts(row: Row) -> str:
    return markdown_prose(", ".join(filter(None, (row.what, wording.members_words(row)))))


def _most_affected(rows: Iterable[Row]) -> Iterator[str]:
    groups, more = most_affected(rows, GROUPS)
    if groups:
        cells = ((markdown_name(row.name), _counts(row)) for row in groups)
        yield table(("Most affected groups", "Change"), cells)
        yield _more(more, "group")


def _section(section: Table, limit: int | None = None, hint: str = "") -> Iterator[str]:
    rows, more = shortened(section.rows, limit)
    if rows:
        yield f"**{markdown_prose(section.title)} ({len(section.rows):,})**"
        cells = ((markdown_name(row[0]), *map(markdown_prose, row[1:])) for row in rows)
        yield from _long(section.head, tuple(cells))
        yield _more(more, "line") + hint if more else ""


def _more(number: int, noun: str) -> str:
    return f"and {wording.count(number, f'more {noun}')}" if number else ""


def _nested(branches: Iterable[Branch], depth: int) -> Iterator[str]:
    for branch in branches:
        words = f": {markdown_prose(branch.words)}" if branch.words else ""
        yield f"{'  ' * depth}- {markdown_name(branch.name)}{words}"
        yield from _nested(branch.below, depth + 1)
