"""A table of the page: its columns, its rows, and what a row opens to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from aadsync_lib.report.escape import label, visible

LISTED = 50  # rows of a page of a table, and what is there to read without a script

Look = Literal["name", "tone", "pill", "text", "quiet", "code", "run"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column; one that is not ``shown`` is still searched, and still filtered by."""

    title: str
    look: Look = "text"
    shown: bool = True
    filtered: bool = False


@dataclass(frozen=True, slots=True)
class Detail:
    """What a row opens to: facts by name, attributes before and after, and names of members."""

    facts: tuple[tuple[str, str], ...] = ()
    differences: tuple[tuple[str, str, str], ...] = ()
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """The values of a column to choose one from."""

    column: int
    title: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with a search box, sorting and paging. ``tones`` tells a tone and a sign by a cell's text."""

    name: str
    title: str
    intro: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    details: tuple[Detail, ...] = ()
    tones: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def filters(self) -> tuple[Filter, ...]:
        """The columns that differ from row to row, for choosing."""
        known = (
            Filter(number, column.title, tuple(dict.fromkeys(row[number] for row in self.rows)))
            for number, column in enumerate(self.columns)
            if column.filtered
        )
        return tuple(each for each in known if len(each.values) > 1)


def cleaned(
    columns: tuple[Column, ...], rows: Iterable[tuple[str, ...]]
) -> tuple[tuple[str, ...], ...]:
    """Return the rows with everything made visible that could steer or hide text."""
    makers = [label if column.look == "name" else visible for column in columns]
    return tuple(
        tuple(maker(cell) if cell else "" for maker, cell in zip(makers, row, strict=True))
        for row in rows
    )
