"""A page of text that is written from top to bottom, for a terminal or for a file."""

from __future__ import annotations

import io
import shutil
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Self, TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from aadsync_lib.report.escape import visible

FILE_WIDTH = 100


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

    def prose(self, text: str, style: str = "") -> None:
        """Add sentences, broken to the width of the page."""
        self._console.print(Text(visible(text), style))

    def bullets(self, sentences: Iterable[str]) -> None:
        """Add an indented list of sentences."""
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=False)
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
        """Add an indented table; every cell is broken rather than cut, but those of ``whole`` columns."""
        names = tuple(head)
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        table.show_header = len(names) > 1
        for name in names:
            table.add_column(name, overflow="fold", no_wrap=name in whole)
        for row in rows:
            table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
        self._indented(table)

    def lines(self, lines: Iterable[Text]) -> None:
        """Add many lines at once: a table would take seconds for thousands of them."""
        self._console.print(Text("\n").join(lines), soft_wrap=True)

    def text(self) -> str:
        """Return the page."""
        return "".join(f"{line.rstrip()}\n" for line in self._out.getvalue().splitlines())

    def _indented(self, what: Table | Text) -> None:
        self._console.print(Padding(what, (0, 0, 0, 2), expand=False))
