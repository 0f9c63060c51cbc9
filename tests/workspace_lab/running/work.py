"""The work of a task: a notebook, or the entry point of a wheel, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aadsync_lib.sandbox.databricks.records import JsonObject
from tests.workspace_lab.running import graph
from tests.workspace_lab.running.folders import RunFolder, TaskError
from tests.workspace_lab.running.process import Finished, environment_of, run_process
from tests.workspace_lab.running.records import ENDED, JobRun, References, TaskRun
from tests.workspace_lab.running.references import MISSING, as_text, resolve


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all tasks of all runs share. ``jobs`` has the settings of a job; do not hold the lock."""

    changed: threading.Condition
    environment: Callable[[], dict[str, str]]
    spark: str | None
    workspace_id: int
    new_id: Callable[[], int]
    now: Callable[[], int]
    jobs: Callable[[int], JsonObject]
    begin: Callable[[JobRun], None]
    cancel: Callable[[int], None]


class Work:
    """Both kinds of work of one run. What comes back is the task's result."""

    def __init__(self, run: JobRun, folder: RunFolder, around: Surroundings) -> None:
        self._run = run
        self._folder = folder
        self._around = around

    def notebook(self, task: TaskRun, deadline: float | None) -> str:
        spec = task.settings["notebook_task"]
        if spec.get("source", "WORKSPACE") != "WORKSPACE":
            raise TaskError(f"source {spec['source']} is not supported here, only WORKSPACE")
        notebook = self._folder.notebook(spec["notebook_path"])
        base = resolved(spec.get("base_parameters", {}), self._run, self._around, task)
        # Job parameters are pushed down, and win.
        task.parameters = base | self._run.parameters
        folder = self._folder.of_task(task.run_id)
        options = ["--notebook", str(notebook)]
        options += ["--parameters", _written(folder / "parameters.json", task.parameters)]
        options += ["--task-values", _written(folder / "task_values.json", self._earlier())]
        options += ["--iteration"] if task.input is not MISSING else []
        return self._process(task, folder, options, deadline)

    def wheel(self, task: TaskRun, deadline: float | None) -> str:
        spec = task.settings["python_wheel_task"]
        lookup = references(self._run, self._around, task)
        arguments = [resolve(text, lookup) for text in spec.get("parameters", ())]
        if "named_parameters" in spec:
            named = resolved(spec["named_parameters"], self._run, self._around, task)
            named |= self._run.parameters
            arguments += [f"--{name}={value}" for name, value in named.items()]
        folder = self._folder.of_task(task.run_id)
        call = {key: spec[key] for key in ("package_name", "entry_point")}
        file = _written(folder / "task.json", call | {"parameters": arguments})
        return self._process(task, folder, ["--wheel-task", file], deadline)

    def _process(
        self, task: TaskRun, folder: Path, options: list[str], deadline: float | None
    ) -> str:
        for wheel in self._folder.wheels(task.settings, self._run.settings):
            options += ["--path", str(wheel)]
        options += ["--spark", self._around.spark] if self._around.spark else []
        environment = environment_of(self._folder.folder, self._around.environment())
        own: list[subprocess.Popen[bytes]] = []

        def started(process: subprocess.Popen[bytes]) -> None:
            with self._around.changed:
                own.append(process)
                self._run.processes.add(process)
                if self._run.stopped:
                    process.kill()

        finished = run_process(options, folder, environment, deadline, started)
        with self._around.changed:
            self._run.processes.difference_update(own)
            return self._taken(task, finished)

    def _taken(self, task: TaskRun, finished: Finished) -> str:
        """Keep what the process left behind; the result of the task."""
        task.logs = finished.logs
        if finished.timed_out:
            task.message = "The run was stopped after reaching its timeout"
            return graph.TIMEDOUT
        if finished.result is None:
            if self._run.stopped:
                return graph.CANCELED
            task.fail("The process of the task ended without a result", finished.logs)
            return graph.FAILED
        task.values = finished.result["task_values"]
        task.exit = finished.result["exit"]
        error = finished.result["error"]
        if error is None:
            return graph.SUCCESS
        task.fail(f"{error['name']}: {error['message']}", error["trace"])
        return graph.FAILED

    def _earlier(self) -> dict[str, dict[str, Any]]:
        with self._around.changed:
            latest = self._run.latest()
            return {key: task.values for key, task in latest.items() if task.state == ENDED}


def references(run: JobRun, around: Surroundings, task: TaskRun | None = None) -> References:
    url = around.environment().get("DATABRICKS_HOST", "")
    return References(run, url, around.workspace_id, task)


def resolved(
    given: dict[str, Any], run: JobRun, around: Surroundings, task: TaskRun
) -> dict[str, str]:
    """Parameters of a task, all of them texts."""
    lookup = references(run, around, task)
    return {name: resolve(as_text(value), lookup) for name, value in given.items()}


def _written(file: Path, value: Any) -> str:
    file.write_text(json.dumps(value), encoding="utf-8")
    return str(file)
