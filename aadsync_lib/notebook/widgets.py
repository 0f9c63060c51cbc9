"""Widgets: declared once from the parameters, and read as one mapping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from aadsync_lib.config.problems import SLIP
from aadsync_lib.config.settings import Settings
from aadsync_lib.errors import UsageError
from aadsync_lib.notebook.parameters import RUN_PARAMETERS, Parameter

RUN = {one.name: one for some in RUN_PARAMETERS.values() for one in some}


def declare(dbutils: Any, parameters: Iterable[Parameter]) -> None:
    """Show a widget for each parameter. The value of a job, or of a person, stays."""
    if dbutils is None:
        return
    for one in parameters:
        if one.choices:
            dbutils.widgets.dropdown(one.name, one.default, list(one.choices), one.name)
        else:
            dbutils.widgets.text(one.name, one.default, one.name)


def read(dbutils: Any, parameters: Iterable[Parameter]) -> dict[str, str]:
    """Return what is set, by name, those that nobody declared included: any setting may be a parameter.

    Raises ``UsageError`` rather than take ``plan_only`` = True, or ``planonly`` = true, for nothing.
    """
    if dbutils is None:
        return {one.name: one.default for one in parameters if one.default}
    found = {
        **_undeclared(dbutils),
        **{one.name: dbutils.widgets.get(one.name) for one in parameters},
    }
    values = {name: value.strip() for name, value in found.items() if value.strip()}
    if problems := tuple(_problems(values)):
        raise UsageError("\n".join(problems))
    return values


def settings_in(values: Mapping[str, str]) -> dict[str, str]:
    """Return those of the values that are settings, or meant to be: nothing else has a dotted name."""
    return {
        name: value
        for name, value in values.items()
        if "." in name or name in Settings.model_fields
    }


def _problems(values: Mapping[str, str]) -> Iterator[str]:
    """Say what of a run is misspelt; the settings tell of themselves."""
    for name, value in values.items():
        if name in RUN:
            choices = RUN[name].choices
            if choices and value not in choices:
                yield f"{name}: found {value!r}; expected {' or '.join(choices)}"
        elif not settings_in({name: value}):
            for near in get_close_matches(name, RUN, 1, SLIP):
                yield f"{name}: no such parameter; did you mean `{near}`?"


def _undeclared(dbutils: Any) -> Mapping[str, str]:
    """Return every parameter of the run; not all places can tell."""
    try:
        every: Mapping[str, str] = dbutils.widgets.getAll()
    except (AttributeError, NotImplementedError):  # databricks-sdk's stand-in has no getAll
        return {}
    return every
