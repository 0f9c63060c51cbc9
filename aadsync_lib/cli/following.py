"""Commands that a text names, with the options that chose settings and target: lines to copy."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from aadsync_lib.own_words import reworded

if TYPE_CHECKING:
    from collections.abc import Callable

    from aadsync_lib.report.document import Document, Part, Table
    from aadsync_lib.report.next_steps import Call

PROGRAM = "aadsync"
DEFAULT_CONFIG = "aadsync.yml"
COMMAND = re.compile(
    r"(?<![\w/\\.-])aadsync ((?:connector|aim) [a-z]+"
    r"|(?:plan|sync|apply|validate|explain|history|undo|doctor|register))\b"
)


class Called(Protocol):
    """The options that chose settings and target."""

    @property
    def config(self) -> Path: ...
    @property
    def target(self) -> str | None: ...
    @property
    def overrides(self) -> tuple[tuple[str, str], ...]: ...


def call_of(options: Called, saved: str | None = None, *acts: str) -> Call:
    """Return how the command was called, for what it says to do next; ``acts`` is what applies its plan."""
    from aadsync_lib.report.next_steps import Call

    config = str(options.config)
    return Call(
        config=None if config == DEFAULT_CONFIG else config,
        target=options.target,
        settings=tuple(f"{key}={value}" for key, value in options.overrides),
        saved=saved,
        acts=acts or ("sync",),
        program=program(),
    )


def program() -> str:
    """Return how to call this program: by its name, or as it was typed where it is not on the PATH."""
    typed = Path(sys.argv[0])
    unknown = typed.stem == PROGRAM and typed.parent != Path() and shutil.which(PROGRAM) is None
    return sys.argv[0] if unknown else PROGRAM


def completed(text: str, call: Call) -> str:
    """Return a text with the options of a call behind each command that its own words name."""

    def complete(match: re.Match[str]) -> str:
        command, named = match[1], match.string.startswith(" --target ", match.end())
        options = (replace(call, target=None) if named else call).options(command.split()[0])
        return shlex.join((call.program, *command.split(), *options))

    return reworded(text, partial(COMMAND.sub, complete))


def completed_document(document: Document, call: Call) -> Document:
    """Return a document that names commands in full; what is of the directory stays as it is."""

    def full(text: str) -> str:
        return completed(text, call)

    return replace(
        document,
        alerts=tuple(replace(alert, title=full(alert.title)) for alert in document.alerts),
        lines=tuple(map(full, document.lines)),
        parts=tuple(_part(part, full) for part in document.parts),
        tables=tuple(_table(table, full) for table in document.tables),
        next=full(document.next),
        empty=full(document.empty),
    )


def _part(part: Part, full: Callable[[str], str]) -> Part:
    tables = tuple(_table(table, full) for table in part.tables)
    lines = tuple(map(full, part.lines))
    return replace(part, title=full(part.title), lines=lines, tables=tables)


def _table(table: Table, full: Callable[[str], str]) -> Table:
    rows = tuple(tuple(map(full, row)) for row in table.rows)
    return replace(table, title=full(table.title), rows=rows)
