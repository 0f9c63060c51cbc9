"""A page of lines and tables for a terminal, or for a file that people read."""

from __future__ import annotations

import io
import shutil
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Self, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from aadsync_lib.report.escape import visible

FILE_WIDTH = 100
INDENT = GAP = 2  # before tables, and between columns
WORD = 16  # letters that stay together


@dataclass(frozen=True, slots=True)
class Look:
    """How wide a page is, and whether it may use colours."""

    width: int = FILE_WIDTH
    color: bool = False

    @classmethod
    def of(cls, stream: TextIO) -> Self:
        """Return what suits a stream: plain unless it is a terminal."""
        if not stream.isatty():
            return cls()
        probe = Console(file=stream)
        width = max(40, shutil.get_terminal_size((FILE_WIDTH, 24)).columns)
        return cls(width, color=probe.color_system is not None and not probe.no_color)


class Page:
    """Collects lines and tables. Texts are data: no markup in them is obeyed."""

    def __init__(self, look: Look) -> None:
        self._out = io.StringIO()
        self._console = Console(
            file=self._out,
            width=look.width,
            force_terminal=look.color,
            color_system="standard" if look.color else None,
            markup=False,
            highlight=False,
            emoji=False,
            legacy_windows=False,
        )

    def line(self, text: str = "", style: str = "") -> None:
        """Add a line that is never broken, so that it can be copied."""
        self._console.print(Text(visible(text), style), soft_wrap=True)

    def prose(self, text: str) -> None:
        """Add sentences, broken to the width of the page."""
        self._console.print(Text(visible(text)))

    def bullets(self, sentences: Iterable[str]) -> None:
        """Add an indented list of sentences."""
        table = RichTable(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=False)
        for sentence in sentences:
            table.add_row("-", Text(visible(sentence)))
        self._indented(table)

    def heading(self, text: str) -> None:
        """Add an empty line and a heading."""
        self.line()
        self.line(text, "bold")

    def note(self, text: str, style: str = "") -> None:
        """Add an indented sentence."""
        self._indented(Text(visible(text), style))

    def table(
        self,
        head: Iterable[str],
        rows: Iterable[tuple[Text | str, ...]],
        whole: Container[str] = (),
    ) -> None:
        """Add an indented table; every cell is broken rather than cut, but those of ``whole`` columns.

        Addresses are broken only where they are too long for the page.
        """
        names, cells = tuple(head), tuple(rows)
        table = RichTable(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
        table.show_header = len(names) > 1
        room = self._console.width - INDENT - GAP * len(names)
        widths = _widths([*zip(names, *cells, strict=True)], whole, room)
        for name, width in zip(names, widths, strict=True):
            table.add_column(name, overflow="fold", no_wrap=name in whole, width=width)
        for row in cells:
            table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
        self._indented(table)

    def lines(self, lines: Iterable[Text]) -> None:
        """Add many lines at once: a table would take seconds for thousands of them."""
        self._console.print(Text("\n").join(lines), soft_wrap=True)

    def text(self) -> str:
        """Return the page."""
        return "".join(f"{line.rstrip()}\n" for line in self._out.getvalue().splitlines())

    def _indented(self, what: RichTable | Text) -> None:
        self._console.print(Padding(what, (0, 0, 0, INDENT), expand=False))


def _widths(
    columns: Sequence[Sequence[Text | str]], whole: Container[str], room: int
) -> list[int | None]:
    """Return the width of each column that has addresses, so that none is broken, if there is room for that."""
    full = [max(cell_len(str(cell)) for cell in column) for column in columns]
    least = [
        width if column[0] in whole else max(map(_least_width, column))
        for column, width in zip(columns, full, strict=True)
    ]
    if sum(least) > room:
        return [None] * len(columns)
    spare, share = room - sum(full), max(WORD, room // len(columns))  # what each has in any case
    return [
        max(need, min(width, width + spare)) if need > share and column[0] not in whole else None
        for column, need, width in zip(columns, least, full, strict=True)
    ]


def _least_width(cell: Text | str) -> int:
    words = str(cell).split()
    return max(
        (cell_len(word) if "://" in word else min(len(word), WORD) for word in words), default=0
    )
