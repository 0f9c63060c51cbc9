"""The files of the bundle, read as YAML and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
RESOURCES = ROOT / "resources"
OPTIONAL = RESOURCES / "optional"
BUNDLE = ROOT / "databricks.yml"
DASHBOARD = ROOT / "dashboards" / "aadsync.lvdash.json"
MAIN = tuple(sorted(RESOURCES.glob("*.yml")))
OPTIONS = tuple(sorted(OPTIONAL.glob("*.yml")))
EVERY = (BUNDLE, *MAIN, *OPTIONS)


@cache
def load(path: Path) -> dict[str, Any]:
    """Return a file of the bundle, which callers leave as it is."""
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def resources(*paths: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the kind, key and definition of every resource in these files, those in targets apart."""
    for path in paths:
        for kind, found in load(path).get("resources", {}).items():
            for key, resource in found.items():
                yield kind, key, resource


def job(key: str) -> dict[str, Any]:
    """Return a job of the bundle."""
    return next(one for kind, name, one in resources(*MAIN) if (kind, name) == ("jobs", key))


def tasks(key: str) -> Iterator[dict[str, Any]]:
    """Yield the tasks of a job, those inside loops included."""
    for task in job(key)["tasks"]:
        yield task
        if "for_each_task" in task:
            yield task["for_each_task"]["task"]


def alerts() -> dict[str, dict[str, Any]]:
    """Return the alerts by key."""
    return {key: one for kind, key, one in resources(*OPTIONS) if kind == "alerts"}


def variables(*paths: Path) -> dict[str, dict[str, Any]]:
    """Return the variables that these files declare."""
    return {name: one for path in paths for name, one in load(path).get("variables", {}).items()}


def dashboard() -> dict[str, Any]:
    """Return the dashboard."""
    loaded: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return loaded


def datasets() -> dict[str, str]:
    """Return the SQL of the dashboard by name."""
    return {one["name"]: "".join(one["queryLines"]) for one in dashboard()["datasets"]}


def widgets() -> Iterator[dict[str, Any]]:
    """Yield the widgets of all pages."""
    for page in dashboard()["pages"]:
        yield from (item["widget"] for item in page["layout"])
