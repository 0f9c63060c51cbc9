"""The settings file that the notebooks share: where it is unless somebody says otherwise, and what is in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aadsync_lib
from aadsync_lib import files
from aadsync_lib.config.load import settings_from
from aadsync_lib.config.settings import Settings
from aadsync_lib.config.store import StoreSettings
from aadsync_lib.config.text import parse
from aadsync_lib.errors import AadsyncError, SettingsError, UsageError
from aadsync_lib.files.location import VOLUMES, WORKSPACE, locate
from aadsync_lib.notebook.parameters import CONFIG, settings_in
from aadsync_lib.notebook.platform import Platform

NAME = "aadsync.yml"
WIDGETS = "widgets"
BUNDLE = "/.bundle/"
UNDEPLOYED = (
    "a deploy brings it from beside databricks.yml. Put the file that 01_setup wrote there, and deploy again. "
    "Nothing was read or changed."
)
FORGETFUL = (
    "store: name store.delta, a schema such as main.aadsync: a notebook's own disk forgets whom "
    "this sync manages"
)


def usual_place(platform: Platform, library: str = aadsync_lib.__file__) -> str | None:
    """Return the path of the settings file that nobody has named.

    It is above the notebooks, beside ``databricks.yml``, where the library is a folder of the workspace;
    for an installed library it is in the user's home. ``None`` outside of a workspace.
    """
    root = Path(library).parents[1]
    if f"{WORKSPACE}/" in f"{root.as_posix()}/" and root.name != "site-packages":
        return f"{root.as_posix()}/{NAME}"
    return f"{WORKSPACE}/Users/{platform.user}/{NAME}" if platform.user else None


def volume_of_reports(schema: str) -> str:
    """Return the path of the volume that ``01_setup`` and the bundle make beside the tables."""
    return f"{VOLUMES}/{schema.replace('.', '/')}/reports"


def usual_reports(path: str | None) -> str:
    """Return the folder of reports that nobody has named: that volume, where it is there."""
    try:
        store = tree_of(files.read_text(path) if path else None).get("store")
    except AadsyncError:
        return (
            ""  # there are no settings yet, and what is wrong with them is told when they are used
        )
    schema = store.get("delta") if isinstance(store, dict) else None
    volume = volume_of_reports(schema) if isinstance(schema, str) else ""
    return volume if volume and is_folder(volume) else ""


def is_folder(path: str) -> bool:
    """Return whether a folder is there, as Databricks mounts it."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises where one may not look


def tree_of(text: str | None) -> dict[str, Any]:
    """Return the keys and values of a file; nothing for one that is none, which is told elsewhere."""
    value = parse(text).value if text else None
    return value if isinstance(value, dict) else {}


def path_in(values: Mapping[str, str], usual: str | None) -> str | None:
    """Return the path of the settings file; ``None`` where there is none, or none yet in its usual place."""
    path = values.get(CONFIG.name)
    return None if path is None or (path == usual and not files.exists(path)) else path


def read_settings(values: Mapping[str, str], usual: str | None) -> Settings:
    """Return the settings of the file, with parameters laid over them. Raises ``SettingsError``."""
    path, given = path_in(values, usual), settings_in(values)
    if path is None and not given:
        raise SettingsError(WIDGETS, (_nothing_yet(usual),))
    text = _text(path) if path else None
    try:
        settings = settings_from(text, path or WIDGETS, given)
    except SettingsError as error:
        if path is None and values.get(CONFIG.name):
            raise SettingsError(WIDGETS, (_nothing_yet(usual), *error.problems)) from None
        raise
    check_remembers(settings, path or WIDGETS)
    return placed(settings, path)


def placed(settings: Settings, path: str | None) -> Settings:
    """Return the settings with the folder of their file, which their own paths are relative to."""
    return settings.found_in(Path(locate(path)[1]).parent) if path else settings


def check_remembers(settings: Settings, where: str) -> None:
    """Raise ``SettingsError`` for a store on the notebook's own disk."""
    if settings.store.sqlite == StoreSettings().sqlite:  # the default
        raise SettingsError(where, (FORGETFUL,))


def _text(path: str) -> str:
    """Return the text of the file; of one that a deploy did not bring, say how it comes there."""
    try:
        return files.read_text(path)
    except UsageError:
        if BUNDLE not in path or files.exists(path):
            raise
        raise UsageError(f"{path} is not there: {UNDEPLOYED}") from None


def _nothing_yet(usual: str | None) -> str:
    place = f" {usual} is not there yet." if usual else ""
    return f"config:{place} 01_setup asks for the settings and writes this file; run it first, or name another"
