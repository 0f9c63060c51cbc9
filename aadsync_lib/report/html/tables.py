"""Tables and lines of a document, whatever it reports, as tables of the page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from aadsync_lib.report.document import Document, Part, Table
from aadsync_lib.report.html.grid import Column, Grid, Look, cleaned

LOOKS: Mapping[str, Look] = {"Name": "name", "Code": "code", "Kind": "quiet", "Run": "run"}
FILTERED = frozenset({"Kind", "Code", "Change", "Target"})


def document_grids(document: Document) -> tuple[Grid, ...]:
    """Return what each target is like, and each table once for all targets."""
    several = len(document.parts) > 1
    tables = {
        table.title: _grid(table.title, table.head, list(table.rows)) for table in document.tables
    }
    rows: dict[str, list[tuple[str, ...]]] = {}
    heads: dict[str, tuple[str, ...]] = {}
    for part in document.parts:
        for table in part.tables:
            heads[table.title] = (*table.head, "Target") if several else table.head
            rows.setdefault(table.title, []).extend(_rows(part, table, several=several))
    tables |= {title: _grid(title, heads[title], lines) for title, lines in rows.items()}
    return (_overview(document), *tables.values())


def _rows(part: Part, table: Table, *, several: bool) -> Iterator[tuple[str, ...]]:
    return ((*row, part.target) if several else row for row in table.rows)


def _overview(document: Document) -> Grid:
    columns = (Column("Target"), Column("Fact"), Column("Words"))
    rows = (row for part in document.parts for row in _facts(part))
    return Grid("targets", "Targets", "", columns, cleaned(columns, rows))


def _facts(part: Part) -> Iterator[tuple[str, ...]]:
    target = part.target or part.title
    state = part.title.removeprefix(target).removeprefix(": ")
    if state:
        yield target, "State", state
    yield from ((target, *_split(line)) for line in part.lines)


def _split(line: str) -> tuple[str, str]:
    """Return the label of a line and what follows it; a sentence has none."""
    match = re.fullmatch(r"([A-Z][a-z ]{1,24}): (.+)", line, re.DOTALL)
    return (match[1], match[2]) if match else ("", line)


def _grid(title: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Grid:
    columns = tuple(
        Column(name, LOOKS.get(name, "text"), filtered=name in FILTERED) for name in head
    )
    name = re.sub(r"[^a-z]+", "-", title.lower()).strip("-")
    return Grid(f"table-{name}", title, "", columns, cleaned(columns, rows))
