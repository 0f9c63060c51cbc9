"""Documents as one compact page of HTML, for ``displayHTML`` and for the folder of a run.

A page holds no script and asks for nothing from outside. Its size has a bound, whatever the names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment

from aadsync_lib.report import wording
from aadsync_lib.report.document import Document, Table
from aadsync_lib.report.escape import cut, label, visible
from aadsync_lib.report.heading import head_facts
from aadsync_lib.report.plan_rows import TONES, shortened
from aadsync_lib.report.templates import templates

CHANGES = 50  # changes listed
ALERTED = 20  # lines of what the guard has against a plan
CARDS = 12  # targets that have their numbers shown one by one
NAMES = 3  # members named for each group
LINES = 10  # lines of a table that is not the list of changes
LONGEST_NAME, LONGEST_SENTENCE, LONGEST_WORDS = 64, 160, 240  # characters shown of each
LEFT_OUT = frozenset({"Drift"})  # its table says it


@dataclass(frozen=True, slots=True)
class Shown:
    """The first lines of a table, whose ``size`` is of all of them."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    size: int
    more: int


def summary(document: Document, *, kept: str | None = None) -> str:
    """Return the page of a document. ``kept`` is the path of the full report."""
    return page(document.title, summary_part(document, kept=kept))


def summary_part(document: Document, *, kept: str | None = None) -> str:
    """Return what the page of a document says, to be put into a page with more.

    One without a title is drawn as trees.
    """
    if not document.title:
        return _templates().get_template("summary_tree.html.j2").render(view=document)
    parts = document.parts
    return (
        _templates()
        .get_template("summary_part.html.j2")
        .render(
            view=document,
            alerts=[alert for alert in document.alerts if not alert.brief],
            tiles=[tile for tile in document.tiles if tile.label not in LEFT_OUT],
            changes=[(part.target, row) for part in parts for row in part.changes],
            first=tuple(_merged((part.target, part.first) for part in parts)),
            several=len(parts) > 1,
            tables=tuple(_tables(document)),
            kept=kept,
            heading=head_facts(document),
            say=wording,
        )
    )


def page(title: str, *parts: str) -> str:
    """Return a page of parts that are HTML already; paragraphs and lists may stand between plans."""
    return _templates().get_template("summary.html.j2").render(title=title, parts=parts)


def _tables(document: Document) -> Iterator[Shown]:
    """Yield each table once, for all targets; where there are several, a line names its own."""
    for table in document.tables:
        yield from _shown(table.title, table.head, table.rows)
    yield from _merged((part.target, part.tables) for part in document.parts)


def _merged(parts: Iterable[tuple[str, tuple[Table, ...]]]) -> Iterator[Shown]:
    named = tuple(parts)
    several = len(named) > 1
    merged: dict[str, list[tuple[str, ...]]] = {}
    heads: dict[str, tuple[str, ...]] = {}
    for target, tables in named:
        for table in tables:
            heads[table.title] = (*table.head, "Target") if several else table.head
            rows = ((*row, target) for row in table.rows) if several else table.rows
            merged.setdefault(table.title, []).extend(rows)
    for title, lines in merged.items():
        yield from _shown(title, heads[title], tuple(lines))


def _shown(title: str, head: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Iterator[Shown]:
    known, more = shortened(rows, LINES)
    if known:
        yield Shown(title, head, known, len(rows), more)


@cache
def _templates() -> Environment:
    environment = templates("aadsync_lib.report")
    environment.filters["name"] = lambda name: cut(label(name), LONGEST_NAME)
    environment.filters["sentence"] = lambda text: cut(visible(text), LONGEST_SENTENCE)
    environment.filters["words"] = lambda text: cut(visible(text), LONGEST_WORDS)
    environment.filters["line"] = lambda text: cut(visible(text), 2 * LONGEST_SENTENCE)
    limits = {"CHANGES": CHANGES, "ALERTED": ALERTED, "CARDS": CARDS, "NAMES": NAMES}
    environment.globals |= {**limits, "TONES": TONES}
    return environment
