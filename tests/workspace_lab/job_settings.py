"""Settings of a job as the workspace checks and keeps them."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from aadsync_lib.sandbox.databricks.errors import bad_request
from aadsync_lib.sandbox.databricks.records import JsonObject

JOB_DEFAULTS: JsonObject = {
    "email_notifications": {},
    "webhook_notifications": {},
    "timeout_seconds": 0,
    "max_concurrent_runs": 1,
    "format": "MULTI_TASK",
}
TASK_DEFAULTS: JsonObject = {
    "run_if": "ALL_SUCCESS",
    "timeout_seconds": 0,
    "email_notifications": {},
}
BY_KEY = {
    "tasks": "task_key",
    "job_clusters": "job_cluster_key",
    "environments": "environment_key",
    "parameters": "name",
}


def kept(given: JsonObject) -> JsonObject:
    """Checked settings with what the workspace adds to them."""
    _check(given)
    settings = copy.deepcopy(JOB_DEFAULTS | given)
    settings["tasks"] = [_task(task) for task in settings.get("tasks", ())]
    for trigger in ("schedule", "trigger", "continuous"):
        if trigger in settings:
            settings[trigger].setdefault("pause_status", "UNPAUSED")
    return settings


def changed(settings: JsonObject, new: JsonObject, removed: Iterable[str]) -> JsonObject:
    """Settings with fields replaced; lists whose items have a key are merged by it."""
    result = copy.deepcopy(settings)
    for name, value in new.items():
        result[name] = _merged(result[name], value, key) if (
            (key := BY_KEY.get(name)) and name in result
        ) else value  # fmt: skip
    for path in removed:
        name, _, item = path.partition("/")
        if item and name in BY_KEY:
            result[name] = [i for i in result.get(name, ()) if i[BY_KEY[name]] != item]
        else:
            result.pop(name, None)
    return kept(result)


def _merged(old: list[Any], new: list[Any], key: str) -> list[Any]:
    items = {item[key]: item for item in old} | {item[key]: item for item in new}
    return list(items.values())


def _task(task: JsonObject) -> JsonObject:
    made = TASK_DEFAULTS | task
    if "depends_on" in made:
        made["depends_on"] = sorted(made["depends_on"], key=lambda d: str(d["task_key"]))
    if "notebook_task" in made:
        made["notebook_task"] = {"source": "WORKSPACE"} | made["notebook_task"]
    if "for_each_task" in made:
        loop = made["for_each_task"]
        made["for_each_task"] = loop | {"task": _task(loop["task"])}
    return made


def _check(settings: JsonObject) -> None:
    tasks = settings.get("tasks", ())
    keys = [task.get("task_key") for task in tasks]
    if None in keys or len(set(keys)) != len(keys):
        raise bad_request("Every task needs a task_key of its own")
    environments = {e.get("environment_key") for e in settings.get("environments", ())}
    for task in tasks:
        used = task.get("environment_key")
        if used is not None and used not in environments:
            raise bad_request(f"Task '{task['task_key']}' uses unknown environment '{used}'")
    _check_order({t["task_key"]: _needs(t) for t in tasks})


def _needs(task: JsonObject) -> set[str]:
    return {dependency["task_key"] for dependency in task.get("depends_on", ())}


def _check_order(needs: dict[str, set[str]]) -> None:
    """Refuse dependencies on tasks that do not exist, and circles."""
    for key, needed in needs.items():
        if unknown := needed - needs.keys():
            raise bad_request(f"Task '{key}' depends on unknown task '{min(unknown)}'")
    waiting = dict(needs)
    while waiting:
        ready = {key for key, needed in waiting.items() if not needed & waiting.keys()}
        if not ready:
            raise bad_request(f"Tasks depend on each other: {', '.join(sorted(waiting))}")
        waiting = {key: needed for key, needed in waiting.items() if key not in ready}
