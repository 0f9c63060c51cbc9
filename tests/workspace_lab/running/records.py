"""Runs of jobs and of their tasks, as they go on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aadsync_lib.sandbox.databricks.records import JsonObject
from tests.workspace_lab.running.graph import CANCELED
from tests.workspace_lab.running.references import MISSING, time_parts, within

ENDED = "ENDED"


@dataclass(slots=True)
class TaskRun:
    """One attempt at one task, or at one iteration of a for each task."""

    run_id: int
    settings: JsonObject
    attempt: int = 0
    first_run_id: int = 0
    state: str = "BLOCKED"
    result: str | None = None
    message: str = ""
    started: int = 0
    ended: int = 0
    input: Any = MISSING
    iterations: list[TaskRun] = field(default_factory=list)
    total: int = 0
    parameters: dict[str, str] = field(default_factory=dict)
    outcome: str | None = None
    started_run: int | None = None
    values: dict[str, Any] = field(default_factory=dict)
    exit: str | None = None
    error: str | None = None
    error_trace: str | None = None
    logs: str = ""

    @property
    def key(self) -> str:
        key: str = self.settings["task_key"]
        return key

    def fail(self, error: str, trace: str | None = None) -> None:
        self.error, self.error_trace = error, trace

    def next_attempt(self, run_id: int) -> TaskRun:
        first = self.first_run_id or self.run_id
        again = TaskRun(run_id, self.settings, self.attempt + 1, first, input=self.input)
        again.state = "WAITING_FOR_RETRY"
        return again


@dataclass(slots=True)
class JobRun:
    """One run of a job. ``stopped`` is why it was ended before its tasks were."""

    run_id: int
    job_id: int
    settings: JsonObject
    defaults: dict[str, str]
    parameters: dict[str, str]
    started: int
    state: str = "RUNNING"
    result: str | None = None
    message: str = ""
    ended: int = 0
    stopped: str | None = None
    trigger: Trigger | None = None
    tasks: list[TaskRun] = field(default_factory=list)
    processes: set[subprocess.Popen[bytes]] = field(default_factory=set)

    @property
    def name(self) -> str:
        return str(self.settings.get("name", "Untitled"))

    @property
    def active(self) -> bool:
        return self.state != ENDED

    def latest(self) -> dict[str, TaskRun]:
        """The last attempt at every task."""
        return {task.key: task for task in self.tasks}

    def all_tasks(self) -> Iterator[TaskRun]:
        for task in self.tasks:
            yield task
            yield from task.iterations

    def chain(self) -> Iterator[JobRun]:
        """This run, the one whose task started it, and so on."""
        run: JobRun | None = self
        while run is not None:
            yield run
            run = run.trigger.run if run.trigger else None

    def stop(self, reason: str = CANCELED) -> None:
        """End what goes on; hold the lock of the runs."""
        self.stopped = self.stopped or reason
        for process in self.processes:
            process.kill()


@dataclass(frozen=True, slots=True)
class Trigger:
    """The task of another job's run that started a run."""

    run: JobRun
    task: TaskRun


@dataclass(frozen=True, slots=True)
class References:
    """What references mean to one task of a run."""

    run: JobRun
    url: str
    workspace_id: int
    task: TaskRun | None = None

    def __call__(self, path: tuple[str, ...]) -> Any:
        if path[0] == "tasks":
            return self._other(path[1], path[2:]) if len(path) > 2 else MISSING
        if path[0] == "input":
            return within(self.task.input, path[1:]) if self.task else MISSING
        return within(self._values(), path)

    def _values(self) -> JsonObject:
        run = self.run
        values: JsonObject = {
            "job": {
                "id": str(run.job_id),
                "name": run.name,
                "run_id": str(run.run_id),
                "repair_count": 0,
                "start_time": time_parts(run.started),
                "trigger": {
                    "type": "run_job_task" if run.trigger else "onetime",
                    "time": time_parts(run.started),
                },
                "parameters": run.parameters,
            },
            "workspace": {"id": str(self.workspace_id), "url": self.url},
        }
        return values | ({"task": _facts(self.task)} if self.task else {})

    def _other(self, key: str, path: tuple[str, ...]) -> Any:
        task = self.run.latest().get(key)
        if task is None or task.state != ENDED or task.result is None:
            return MISSING
        facts = _facts(task) | {"result_state": task.result.lower(), "values": task.values}
        return within(facts, path)


def _facts(task: TaskRun) -> JsonObject:
    path = task.settings.get("notebook_task", {}).get("notebook_path", MISSING)
    facts = {"run_id": str(task.run_id), "execution_count": task.attempt + 1}
    return {"name": task.key, **facts} | ({} if path is MISSING else {"notebook_path": path})
