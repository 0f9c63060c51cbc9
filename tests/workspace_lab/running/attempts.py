"""Attempts at a task: how often, how long, and what kinds of task there are."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aadsync_lib.sandbox.databricks.errors import ApiError
from aadsync_lib.sandbox.databricks.records import JsonObject
from tests.workspace_lab.running import graph
from tests.workspace_lab.running.folders import RunFolder, TaskError
from tests.workspace_lab.running.other_job import OtherJob
from tests.workspace_lab.running.records import ENDED, JobRun, TaskRun
from tests.workspace_lab.running.references import (
    UnknownReferenceError,
    operand,
    resolve,
)
from tests.workspace_lab.running.work import Surroundings, Work, references

FAILURE = "Workload failed, see run output for details"
MAX_CONCURRENCY = 100
MAX_INPUTS = 5000


class Attempts:
    """Carries out the tasks of one run; every change of a record happens under the lock."""

    def __init__(self, run: JobRun, folder: RunFolder, around: Surroundings) -> None:
        self._run = run
        self._around = around
        self._work = Work(run, folder, around)
        self._other_job = OtherJob(run, around)

    def carry_out(
        self, task: TaskRun, siblings: list[TaskRun], deadline: float | None = None
    ) -> TaskRun:
        """Attempt a task until it succeeds or may not be tried again; the last attempt."""
        while True:
            result = self._attempt(task, deadline)
            with self._around.changed:
                again = self._next(task, result, deadline)
                self._end(task, result)
                if again is None:
                    return task
                siblings.append(again)
                self._around.changed.notify_all()
                pause = task.settings.get("min_retry_interval_millis", 0) / 1000
                self._around.changed.wait_for(lambda: self._run.stopped is not None, pause)
            task = again

    def _next(self, task: TaskRun, result: str, deadline: float | None) -> TaskRun | None:
        settings = task.settings
        retries = settings.get("max_retries", 0)
        worth = result == graph.FAILED or (
            result == graph.TIMEDOUT and settings.get("retry_on_timeout", False)
        )
        late = deadline is not None and time.monotonic() >= deadline
        if not worth or late or self._run.stopped or 0 <= retries <= task.attempt:
            return None
        return task.next_attempt(self._around.new_id())

    def _end(self, task: TaskRun, result: str) -> None:
        task.result = result
        task.ended = self._around.now()
        if result == graph.FAILED and not task.message:
            task.message = FAILURE
        task.state = ENDED
        self._around.changed.notify_all()

    def _attempt(self, task: TaskRun, deadline: float | None) -> str:
        with self._around.changed:
            if self._run.stopped:
                return graph.CANCELED
            task.state, task.started = "RUNNING", self._around.now()
            self._around.changed.notify_all()
        seconds = task.settings.get("timeout_seconds", 0)
        if seconds:
            own = time.monotonic() + seconds
            deadline = own if deadline is None else min(own, deadline)
        try:
            return self._kind(task)(task, deadline)
        except (ApiError, TaskError, UnknownReferenceError, ValueError) as error:
            task.message = str(error)
        except Exception as error:  # noqa: BLE001 - settings nobody checked fail their own task
            task.message = f"{type(error).__name__}: {error}"
        task.fail(task.message)
        return graph.FAILED

    def _kind(self, task: TaskRun) -> Callable[[TaskRun, float | None], str]:
        kinds = {
            "notebook_task": self._work.notebook,
            "python_wheel_task": self._work.wheel,
            "run_job_task": self._other_job.execute,
            "condition_task": self._condition,
            "for_each_task": self._for_each,
        }
        for name, execute in kinds.items():
            if name in task.settings:
                return execute
        other = [name for name in task.settings if name.endswith("_task")]
        raise TaskError(f"Task {task.key}: {', '.join(other) or 'no type'} is not supported here")

    def _condition(self, task: TaskRun, _deadline: float | None) -> str:
        spec, lookup = task.settings["condition_task"], references(self._run, self._around, task)
        left, right = (operand(spec[side], lookup) for side in ("left", "right"))
        task.outcome = "true" if graph.condition(left, spec["op"], right) else "false"
        return graph.SUCCESS

    def _for_each(self, task: TaskRun, deadline: float | None) -> str:
        spec = task.settings["for_each_task"]
        inputs = self._inputs(spec, task)
        task.total = len(inputs)
        workers = min(max(1, spec.get("concurrency", 1)), MAX_CONCURRENCY)

        def iterate(value: Any) -> TaskRun:
            with self._around.changed:
                item = TaskRun(self._around.new_id(), spec["task"], input=value)
                task.iterations.append(item)
            return self.carry_out(item, task.iterations, deadline)

        with ThreadPoolExecutor(workers) as pool:
            ended = list(pool.map(iterate, inputs))
        failed = [item for item in ended if item.result != graph.SUCCESS]
        if not failed:
            return graph.SUCCESS
        if self._run.stopped:
            return graph.CANCELED
        if deadline is not None and time.monotonic() >= deadline:
            return graph.TIMEDOUT
        task.message = f"{len(failed)} of {len(ended)} iterations failed"
        task.fail(f"{task.message}. The first: {failed[0].error}", failed[0].error_trace)
        return graph.FAILED

    def _inputs(self, spec: JsonObject, task: TaskRun) -> list[Any]:
        if "for_each_task" in spec["task"]:
            raise TaskError(f"Task {task.key}: a for each task cannot hold another one")
        text = resolve(spec["inputs"], references(self._run, self._around, task))
        try:
            inputs = json.loads(text)
        except ValueError:
            inputs = None
        if not isinstance(inputs, list):
            raise TaskError(f"Task {task.key}: the inputs are no JSON array: {text}")
        # What the platform does with none is not documented: no job should get that far.
        if not 1 <= len(inputs) <= MAX_INPUTS:
            raise TaskError(f"Task {task.key}: {len(inputs)} inputs, not 1 to {MAX_INPUTS}")
        return inputs
