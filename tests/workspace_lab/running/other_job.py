"""A task that runs another job: started, waited for, and with its result taken over."""

from __future__ import annotations

import time

from tests.workspace_lab.running import graph
from tests.workspace_lab.running.folders import TaskError
from tests.workspace_lab.running.new_run import new_run
from tests.workspace_lab.running.records import JobRun, TaskRun, Trigger
from tests.workspace_lab.running.references import as_text, resolve
from tests.workspace_lab.running.work import Surroundings, references, resolved


class OtherJob:
    """The Run Job tasks of one run."""

    def __init__(self, run: JobRun, around: Surroundings) -> None:
        self._run = run
        self._around = around
        self._changed = around.changed

    def execute(self, task: TaskRun, deadline: float | None) -> str:
        """What comes back is the task's result."""
        job_id = self._job_id(task)
        settings = self._around.jobs(job_id)
        own = task.settings["run_job_task"].get("job_parameters", {})
        # Job parameters are pushed down, and win.
        given = resolved(own, self._run, self._around, task) | self._run.parameters
        with self._changed:
            if self._run.stopped:
                return graph.CANCELED
            trigger = Trigger(self._run, task)
            other = new_run(job_id, settings, given, self._around, trigger=trigger)
            task.parameters, task.started_run = given, other.run_id
            self._around.begin(other)
            in_time = self._followed(other, deadline)
        if not in_time:
            task.message = "The run was stopped after reaching its timeout"
            return graph.TIMEDOUT
        return _taken(task, other)

    def _job_id(self, task: TaskRun) -> int:
        lookup = references(self._run, self._around, task)
        text = resolve(as_text(task.settings["run_job_task"]["job_id"]), lookup)
        if not text.isdecimal():
            raise TaskError(f"Task {task.key}: {text!r} is no id of a job")
        if int(text) in {run.job_id for run in self._run.chain()}:
            # With a queue it would wait for itself forever.
            raise TaskError(f"Task {task.key}: this run is itself a part of a run of job {text}")
        return int(text)

    def _followed(self, other: JobRun, deadline: float | None) -> bool:
        """Wait until a run has ended, ending it if it is time to; whether it was in time."""
        patience = None if deadline is None else max(0.0, deadline - time.monotonic())
        in_time = self._changed.wait_for(
            lambda: not other.active or self._run.stopped is not None, patience
        )
        if other.active:
            self._around.cancel(other.run_id)
            self._changed.wait_for(lambda: not other.active)
        return in_time


def _taken(task: TaskRun, other: JobRun) -> str:
    if other.result in {graph.SUCCESS, graph.SUCCESS_WITH_FAILURES}:
        return graph.SUCCESS
    task.fail(f"Run {other.run_id} of job {other.name} is {other.result}: {other.message}")
    return other.result if other.result in {graph.CANCELED, graph.TIMEDOUT} else graph.FAILED
