"""Answers of ``01_setup``: what was not asked is added, all of it is checked, and the settings file is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from aadsync_lib import files
from aadsync_lib.config.hosts import cloud_of, console_for
from aadsync_lib.config.load import settings_and_tree
from aadsync_lib.config.settings import Settings
from aadsync_lib.doctor.examine import Finding
from aadsync_lib.errors import AadsyncError, SettingsError, UsageError
from aadsync_lib.notebook.parameters import CONFIG, settings_in
from aadsync_lib.notebook.settings_file import WIDGETS, check_remembers, placed, tree_of
from aadsync_lib.notebook.widgets import FIRST, MODELS, SIDES, Widget, label_of
from aadsync_lib.scaffold import BUNDLE_NAME, TOKEN_FILE, login_of, written

BEFORE = ".before"
EXAMPLES = {"scope.groups": "dbx-pilot, or dbx-* for all that begin so"}
UNSAVED = "Name a path in config, such as /Workspace/Users/…/aadsync.yml; the other notebooks find it there."

Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """The workspace that ``01_setup`` runs in: its host and its current catalog."""

    host: str | None = None
    catalog: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The settings, unless the answers make none, what came of each, and the path of the file."""

    settings: Settings | None
    findings: tuple[Finding, ...]
    path: str | None = None


def take_answers(
    values: Mapping[str, str], place: Place, widgets: tuple[Widget, ...] = ()
) -> Answered:
    """Check the answers, and save them where they make settings; an empty one leaves the file as it is."""
    path = values.get(CONFIG.name)
    there = path if path and files.exists(path) else None
    where = there or WIDGETS
    try:
        text = files.read_text(there) if there else None
        before = tree_of(text)
        settings, tree = settings_and_tree(
            text, where, complete(settings_in(values), before, place)
        )
        check_remembers(settings, where)
    except SettingsError as error:
        return Answered(None, tuple(_unfit(error, where, widgets)))
    return Answered(placed(settings, path), (_saved(path, text, before, tree),), path)


def methods_of_file(path: str | None) -> dict[str, str]:
    """Return the logins of a settings file; of one that cannot be read, none: that is told when it is used."""
    try:
        return methods_in(tree_of(files.read_text(path) if path else None))
    except AadsyncError:
        return {}


def methods_in(tree: Tree) -> dict[str, str]:
    """Return the logins that a file has, by ``source.auth`` and ``targets.0.auth``."""
    methods = {side: _at(tree, *side.split("."), "method") for side in FIRST}
    return {side: method for side, method in methods.items() if isinstance(method, str)}


def complete(given: Mapping[str, str], tree: Tree, place: Place) -> dict[str, str]:
    """Return the answers with what goes without saying, by dotted name; a whole login comes before its keys."""
    usual = {
        name: value
        for name, value in _first(given, tree, place)
        if _at(tree, *name.split(".")) is None
    }
    if not (_at(tree, "store") or any(name.startswith("store.") for name in given)):
        usual |= {"store.delta": f"{place.catalog}.{BUNDLE_NAME}"} if place.catalog else {}
    tenant = given.get("source.tenant_id") or _at(tree, "source", "tenant_id")
    there = methods_in(tree)
    for side, first in FIRST.items():
        method = given.get(f"{side}.method") or there.get(side) or first
        if method != there.get(side):
            usual |= _login(side, method, tenant)
    return {**usual, **given}


def _first(given: Mapping[str, str], tree: Tree, place: Place) -> Iterator[tuple[str, str]]:
    """Yield what a file begins with."""
    cloud = given.get("source.cloud") or _at(tree, "source", "cloud")
    yield "version", "1"
    yield "name", "entra"
    if not tree and cloud is None and (known := cloud_of(place.host)):
        yield "source.cloud", known
    yield "targets.0.name", "account"
    yield "targets.0.host", f"https://{console_for(cloud, place.host)}"


def _login(side: str, method: str, tenant: Any) -> dict[str, str]:
    """Return a login whose secrets are in the secret scope; of a method that there is not, nothing."""
    known = {"token_file": TOKEN_FILE, "tenant_id": tenant}
    try:
        login = login_of(MODELS[side], method, known, SIDES[side].lower(), BUNDLE_NAME)
    except UsageError:
        return {}
    whole = {key: value for key, value in login.items() if value is not None}
    return {side: yaml.safe_dump(whole, default_flow_style=True, width=float("inf"))}


def _saved(path: str | None, text: str | None, before: Tree, tree: Tree) -> Finding:
    if path is None:
        return Finding("settings file", "warning", "these answers are not saved.", UNSAVED)
    if tree == before:
        return Finding("settings file", "ok", f"{path} says all of this already.")
    try:
        if text is not None:
            files.write_text(path + BEFORE, text)
        files.write_text(path, written(tree))
    except AadsyncError as error:
        return Finding("settings file", "failed", str(error), "Name another path in config.")
    kept = "" if text is None else f"; what it was is in {path}{BEFORE}"
    return Finding(
        "settings file", "ok", f"{path} is written{kept}. The other notebooks find it there."
    )


def _unfit(error: SettingsError, place: str, widgets: tuple[Widget, ...]) -> Iterator[Finding]:
    order = {widget.name: number for number, widget in enumerate(widgets)}
    parted = [problem.partition(": ") for problem in error.problems]
    for name, colon, detail in sorted(parted, key=lambda part: order.get(part[0], len(order))):
        text = (detail or name).rstrip(".")
        check = name if colon else "settings"
        yield Finding(check, "failed", f"{text}.", _remedy(name, place, widgets))


def _remedy(name: str, place: str, widgets: tuple[Widget, ...]) -> str:
    """Say where a setting is mended: in its widget, in the file, or in a parameter that is not there yet."""
    if label := label_of(name, widgets):
        like = EXAMPLES.get(name)
        return f"Fill in {label}{f': {like}' if like else ''}."
    if place != WIDGETS:
        return f"Mend it in {place}."
    wanted = {"store": "store.delta"}.get(name, name)
    return f"Add a parameter {wanted} (Edit, Add parameter), and fill it in."


def _at(tree: Any, *steps: str) -> Any:
    for step in steps:
        if isinstance(tree, list):
            tree = tree[int(step)] if step.isdigit() and int(step) < len(tree) else None
        else:
            tree = tree.get(step) if isinstance(tree, dict) else None
    return tree
