"""Widgets: declared once from the parameters, and read as one mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aadsync_lib.config.settings import Settings
from aadsync_lib.notebook.parameters import Parameter


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
    """Return what is set, by name, those that nobody declared included: any setting may be a parameter."""
    if dbutils is None:
        return {one.name: one.default for one in parameters if one.default}
    found = {
        **_undeclared(dbutils),
        **{one.name: dbutils.widgets.get(one.name) for one in parameters},
    }
    return {name: value.strip() for name, value in found.items() if value.strip()}


def settings_in(values: Mapping[str, str]) -> dict[str, str]:
    """Return those of the values that are settings: the first part of the name is a section of them."""
    return {
        name: value
        for name, value in values.items()
        if name.partition(".")[0] in Settings.model_fields
    }


def _undeclared(dbutils: Any) -> Mapping[str, str]:
    """Return every parameter of the run; not all places can tell."""
    try:
        every: Mapping[str, str] = dbutils.widgets.getAll()
    except (AttributeError, NotImplementedError):
        return {}
    return every
