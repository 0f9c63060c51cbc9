"""The widgets of the notebooks: at most eight each, numbered in the order in which they are filled in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aadsync_lib.config.base import SecretRef, Section
from aadsync_lib.config.keys import bare, method_of, union_of_sections
from aadsync_lib.config.settings import SourceSettings, TargetSettings
from aadsync_lib.notebook.parameters import KNOWN, current, settings_parameters

SOURCE, TARGET = "source.auth", "targets.0.auth"
MODELS: Mapping[str, type[Section]] = {SOURCE: SourceSettings, TARGET: TargetSettings}
SIDES = {SOURCE: "Entra", TARGET: "Databricks"}
FIRST = {SOURCE: "client_secret", TARGET: "oauth_m2m"}
NEVER_HERE = frozenset({"azure_cli", "workload_identity"})
"""Logins of a machine that somebody prepared; the compute of a workspace has neither."""

WIDGETS: Mapping[str, tuple[str, ...]] = {
    "plan": ("config", "target", "scope.groups", "full", "approve", "reports", "settings"),
    "apply": ("config", "target", "plan", "approve", "settings"),
    "sync": ("config", "target", "scope.groups", "full", "approve", "reports", "settings"),
    "explain": ("config", "target", "user", "group", "settings"),
    "history": ("config", "run", "user", "group", "action", "on", "undo", "confirm"),
    "connector": ("config", "target", "do", "confirm", "watch_connector", "settings"),
    "report": ("config", "reports", "run", "approve", "settings"),
}
LABELS: Mapping[str, str] = {
    "config": "Settings file",
    "target": "Target",
    "full": "Read everything again",
    "approve": "Approve a digest",
    "plan": "Saved plan",
    "reports": "Folder of reports",
    "run": "Run",
    "user": "User",
    "group": "Group",
    "action": "Action",
    "on": "On a day",
    "undo": "Run to take back",
    "confirm": "Confirm a digest",
    "do": "Do",
    "watch_connector": "Watch the connector",
    "settings": "Other settings",
    "scope.groups": "Groups",
    "source.tenant_id": "Entra tenant id",
    "targets.0.account_id": "Databricks account id",
    "policy.protected.users": "Break-glass accounts",
}
KEYS = {
    "method": "login",
    "client_id": "client id",
    "name": "service credential",
    "access_token": "access token",
    "token": "token",
}


@dataclass(frozen=True, slots=True)
class Widget:
    """One widget as it is shown. A drop-down has ``choices``."""

    name: str
    label: str
    default: str = ""
    choices: tuple[str, ...] = ()


def widgets_of(
    kind: str, usual: Mapping[str, str] | None = None, methods: Mapping[str, str] | None = None
) -> tuple[Widget, ...]:
    """Return the widgets of a notebook, in their order.

    ``usual`` is what holds unless somebody says otherwise, by name; ``methods`` are the logins that
    ``setup`` asks for, by ``source.auth`` and ``targets.0.auth``.
    """
    names = tuple(_asked(methods or FIRST)) if kind == "setup" else WIDGETS[kind]
    return tuple(
        _widget(name, number, usual or {}, methods or FIRST) for number, name in enumerate(names, 1)
    )


def chosen(dbutils: Any, there: Mapping[str, str]) -> dict[str, str]:
    """Return the method of each login: the one of the run, or ``there``, which the file has, or the first."""
    return {
        side: current(dbutils, f"{side}.method") or there.get(side) or first
        for side, first in FIRST.items()
    }


def ask(
    dbutils: Any, usual: Mapping[str, str], there: Mapping[str, str], *, interactive: bool
) -> tuple[Widget, ...]:
    """Show the widgets of ``setup``, and return them; those of a login follow its method.

    The second round is for a method that its widget had before this run declared it.
    """
    shown: tuple[Widget, ...] = ()
    for _ in range(2):
        shown = widgets_of("setup", usual, chosen(dbutils, there))
        if interactive:
            forget_logins(dbutils, shown)
        declare(dbutils, shown)
    return shown


def declare(dbutils: Any, widgets: Iterable[Widget]) -> None:
    """Show widgets. The value of a job, or of a person, stays."""
    for widget in widgets:
        if widget.choices:
            dbutils.widgets.dropdown(
                widget.name, widget.default, list(widget.choices), widget.label
            )
        else:
            dbutils.widgets.text(widget.name, widget.default, widget.label)


def label_of(name: str, widgets: Iterable[Widget]) -> str | None:
    """Return the label of the widget that takes this setting."""
    return next((widget.label for widget in widgets if widget.name == name), None)


def _asked(methods: Mapping[str, str]) -> Iterator[str]:
    """Yield what ``setup`` asks: as much as a first plan needs, and whom no plan may touch."""
    yield from ("config", "source.tenant_id", f"{SOURCE}.method", *_keys(SOURCE, methods[SOURCE]))
    yield from ("scope.groups", "targets.0.account_id", *_keys(TARGET, methods[TARGET]))
    yield "policy.protected.users"


def _keys(side: str, method: str) -> tuple[str, ...]:
    """Return the key of a login that is asked for: what is no secret, or else where the secret is.

    All others have a default: ``aadsync_lib.notebook.answers``.
    """
    arm = next((arm for arm in _arms(side) if method_of(arm) == method), None)
    fields = arm.model_fields if arm else {}
    plain = [key for key, info in fields.items() if bare(info.annotation) is not SecretRef]
    asked = [key for key in (*plain, *fields) if key not in ("method", "token_file")]
    return tuple(f"{side}.{key}" for key in asked[:1])


def _arms(side: str) -> tuple[Any, ...]:
    return union_of_sections(bare(MODELS[side].model_fields["auth"].annotation))


def _widget(name: str, number: int, usual: Mapping[str, str], methods: Mapping[str, str]) -> Widget:
    side, _, key = name.rpartition(".")
    label = LABELS.get(name) or f"{SIDES[side]} {KEYS[key]}"
    default, choices = usual.get(name, ""), _choices(name)
    if key == "method":
        offered = tuple(
            method for method in map(method_of, _arms(side)) if method not in NEVER_HERE
        )
        default = methods[
            side
        ]  # one that is not offered, of a job or the file, is for the settings to judge
        choices = tuple(dict.fromkeys((*offered, default)))
    elif choices:
        default = choices[0]
    return Widget(name, f"{number} {label}", default, choices)


def _choices(name: str) -> tuple[str, ...]:
    parameter = KNOWN.get(name) or settings_parameters([name])[0]
    return parameter.choices


def forget_logins(dbutils: Any, widgets: Iterable[Widget]) -> None:
    """Take away the widgets of a login that is no longer chosen; their values would still count."""
    shown = {widget.name for widget in widgets}
    for side in MODELS:
        for key in {key for arm in _arms(side) for key in arm.model_fields}:
            if f"{side}.{key}" not in shown:
                with suppress(Exception):  # each place has an error of its own where there is none
                    dbutils.widgets.remove(f"{side}.{key}")
