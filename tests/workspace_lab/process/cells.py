"""The source format of Databricks notebooks: cells, titles and magic commands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

HEADER = "# Databricks notebook source"
SEPARATOR = "# COMMAND ----------"
TITLE = re.compile(r"# DBTITLE \d+,(.*)")
MAGIC = re.compile(r"# MAGIC ?(.*)")

# What the environment already stands for, or what has no effect on a cell of Python.
RECORDED = frozenset({"pip", "python", "set_cell_max_output_size_in_mb"})


class NotANotebookError(Exception):
    """The file is no notebook in source format."""


class UnsupportedMagicError(Exception):
    """A magic command that needs more than one Python process."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; ``source`` starts with as many empty lines as stand before it in the file."""

    number: int
    title: str
    source: str
    magics: tuple[tuple[str, str], ...]

    @property
    def has_code(self) -> bool:
        return any(line.strip() and not line.startswith("#") for line in self.source.splitlines())


def read_cells(path: str, text: str) -> tuple[Cell, ...]:
    lines = text.split("\n")
    if lines[0].rstrip("\r") != HEADER:
        raise NotANotebookError(
            f"expected a notebook at {path} but got a file: its first line is not {HEADER!r}"
        )
    return tuple(_cells([line.rstrip("\r") for line in lines]))


def _cells(lines: list[str]) -> Iterator[Cell]:
    start, number = 1, 0
    for end, line in enumerate([*lines, SEPARATOR]):
        if line.rstrip() != SEPARATOR:
            continue
        if any(part.strip() for part in lines[start:end]):
            number += 1
            yield _cell(number, start, lines[start:end])
        start = end + 1


def _cell(number: int, start: int, body: list[str]) -> Cell:
    titles = [found[1].strip() for line in body if (found := TITLE.fullmatch(line))]
    magic_lines = [found[1] for line in body if (found := MAGIC.fullmatch(line))]
    magics = tuple(_magics(magic_lines))
    if any(name == "python" for name, _ in magics):
        body = [_unmagic(line) for line in body]
    source = "\n" * start + "\n".join(body)
    return Cell(number, titles[0] if titles else "", source, magics)


def _magics(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Names with what follows them; a language's text goes on to the end of the cell."""
    for index, line in enumerate(lines):
        if not line.startswith("%"):
            continue
        name, _, rest = line[1:].partition(" ")
        if name in {"pip", "restart_python"}:
            yield name, rest.strip()
            continue
        yield name, "\n".join([rest, *lines[index + 1 :]]).strip()
        return


def _unmagic(line: str) -> str:
    found = MAGIC.fullmatch(line)
    if found is None:
        return line
    return "" if found[1].startswith("%") else found[1]
