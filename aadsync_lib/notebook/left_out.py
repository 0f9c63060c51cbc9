"""Lines of the settings file's groups that a widget's list leaves out: whom they brought in would leave the scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aadsync_lib import files
from aadsync_lib.config.load import settings_from
from aadsync_lib.config.scope import GroupSelector
from aadsync_lib.errors import AadsyncError
from aadsync_lib.notebook.parameters import settings_in
from aadsync_lib.notebook.settings_file import path_in
from aadsync_lib.report.document import BENT, Alert, Document

GROUPS = "scope.groups"
TITLE = "scope.groups of this notebook leaves out lines of the settings file; whom only they bring in leaves the scope"


def left_out(values: Mapping[str, str], usual: str | None) -> tuple[str, ...]:
    """Return the lines that the file has and the parameter ``scope.groups`` does not cover.

    ``usual`` is the file's place unless somebody says otherwise. Of settings that cannot be read, none: those
    are told of where they are used.
    """
    path, given = path_in(values, usual), settings_in(values)
    if path is None or GROUPS not in given:
        return ()
    others = {name: value for name, value in given.items() if name != GROUPS}
    try:
        text = files.read_text(path)
        before = settings_from(text, path, others).scope.groups
        now = settings_from(text, path, given).scope.groups
    except AadsyncError:
        return ()
    return tuple(line.line for line in before if not any(_covers(each, line) for each in now))


def with_left_out(document: Document, lines: tuple[str, ...]) -> Document:
    """Return a document of a plan that begins with the lines that are left out."""
    alerts = (Alert(BENT, TITLE, lines), *document.alerts)
    return replace(document, alerts=alerts) if lines else document


def _covers(wide: GroupSelector, line: GroupSelector) -> bool:
    begins = (line.name or line.prefix or "").lower()
    return wide == line or (wide.prefix is not None and begins.startswith(wide.prefix.lower()))
