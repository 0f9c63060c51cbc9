"""Widths of the columns of a table of text in which no address is broken."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable

from rich.cells import cell_len
from rich.text import Text

WORD = 12  # characters of a word that a column holds, too, before it gives room to an address


def least_widths(
    names: tuple[str, ...],
    lines: tuple[tuple[Text, ...], ...],
    whole: Container[str],
    width: int,
) -> list[int | None]:
    """Return how wide each column is at least, so that no address is broken; nothing where all have no room."""
    columns = tuple(zip(*lines, strict=True)) or ((),) * len(names)
    least = [_widest(column, lambda word: "@" in word) for column in columns]
    words = [_widest(column, lambda word: len(word) <= WORD) for column in columns]
    full = [max((cell.cell_len for cell in column), default=0) for column in columns]
    needed = sum(
        2 + (full[at] if name in whole else max(least[at], words[at], len(name)))
        for at, name in enumerate(names)
    )
    return [size or None for size in least] if needed + 2 <= width else [None] * len(names)


def _widest(column: Iterable[Text], counts: Callable[[str], bool]) -> int:
    return max(
        (cell_len(word) for cell in column for word in cell.plain.split() if counts(word)),
        default=0,
    )
