"""What was measured, beside what it may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. ``bound`` is what the project promises, if it promises anything."""

    what: str
    measured: str
    bound: str = ""
    kept: bool = True

    @property
    def cells(self) -> tuple[str, ...]:
        verdict = ("yes" if self.kept else "NO") if self.bound else ""
        return self.what, self.measured, self.bound, verdict


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together, with a line on how they were measured."""

    title: str
    note: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    missed: Sequence[str] = ()


def section(title: str, note: str, rows: Iterable[Row]) -> Section:
    """Return a section of measurements with their bounds."""
    found = tuple(rows)
    return Section(
        title,
        note,
        ("what", "measured", "bound", "kept"),
        [row.cells for row in found],
        [f"{title}: {row.what}: {row.measured}, not {row.bound}" for row in found if not row.kept],
    )


def markdown(one: Section) -> str:
    """Return a section as Markdown whose source reads as a table, too."""
    rows = [tuple(one.head), *(tuple(row) for row in one.rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join((f"## {one.title}", "", one.note, "", *_lines(rows, widths), ""))


def _lines(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield f"| {' | '.join(map(str.ljust, row, widths))} |"
        if number == 0:
            yield f"|{'|'.join('-' * (width + 2) for width in widths)}|"
