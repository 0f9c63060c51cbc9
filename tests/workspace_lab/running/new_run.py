"""A run before it starts: its parameters, and which tasks it has."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping

from aadsync_lib.sandbox.databricks.errors import bad_request
from aadsync_lib.sandbox.databricks.records import JsonObject
from tests.workspace_lab.running.records import JobRun, TaskRun, Trigger
from tests.workspace_lab.running.references import UnknownReferenceError, resolve
from tests.workspace_lab.running.work import Surroundings, references


def new_run(
    job_id: int,
    settings: JsonObject,
    given: Mapping[str, str],
    around: Surroundings,
    *,
    only: Collection[str] = (),
    trigger: Trigger | None = None,
) -> JobRun:
    """Make a run with its tasks, or only some of them; settings that change later do not reach it."""
    settings = copy.deepcopy(settings)
    keys = {task["task_key"] for task in settings["tasks"]}
    if unknown := set(only) - keys:
        raise bad_request(f"Unknown task keys: {', '.join(sorted(unknown))}")
    defaults = {item["name"]: item["default"] for item in settings.get("parameters", ())}
    parameters = {**defaults, **given}
    run = JobRun(around.new_id(), job_id, settings, defaults, parameters, around.now())
    run.trigger = trigger
    try:
        lookup = references(run, around)
        run.parameters = {k: resolve(v, lookup) for k, v in run.parameters.items()}
    except UnknownReferenceError as error:
        raise bad_request(str(error)) from None
    for task in settings["tasks"]:
        if not only or task["task_key"] in only:
            run.tasks.append(TaskRun(around.new_id(), task))
    return run
