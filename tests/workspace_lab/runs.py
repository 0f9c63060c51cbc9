"""Runs of jobs, executed for real: every notebook in a process of its own, against the sandbox."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.records import JsonObject
from tests.workspace_lab.running import shown
from tests.workspace_lab.running.driver import Driver
from tests.workspace_lab.running.graph import CANCELED, TOO_MANY
from tests.workspace_lab.running.new_run import new_run
from tests.workspace_lab.running.records import ENDED, JobRun, TaskRun
from tests.workspace_lab.running.work import Surroundings

FIRST_RUN = 900_000_000_001
PATIENCE = 30.0  # seconds for killed processes to be gone


class Runs:
    """``files`` and ``environment`` are asked anew for every run, from its thread.

    ``files`` maps absolute paths of the workspace, with extension, to contents; ``environment``
    has what a task needs to reach the sandbox (``DATABRICKS_HOST``, ``DATABRICKS_TOKEN``);
    ``jobs`` has the settings of a job by its id, for tasks that run other jobs.
    """

    def __init__(
        self,
        files: Callable[[], Mapping[str, bytes]],
        environment: Callable[[], Mapping[str, str]] = dict,
        spark: str | None = None,
        *,
        jobs: Callable[[int], JsonObject],
        workspace_id: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._files = files
        self._changed = threading.Condition()
        self._ids = itertools.count(FIRST_RUN)
        self._runs: dict[int, JobRun] = {}
        self._threads: dict[int, threading.Thread] = {}
        self._around = Surroundings(
            changed=self._changed,
            environment=lambda: dict(environment()),
            spark=spark,
            workspace_id=workspace_id,
            new_id=lambda: next(self._ids),
            now=lambda: int(clock() * 1000),
            jobs=jobs,
            begin=self._begin,
            cancel=self.cancel,
        )

    def start(
        self,
        job_id: int,
        settings: JsonObject,
        parameters: Mapping[str, str] | None = None,
        only: Iterable[str] = (),
    ) -> int:
        """Begin a run, or queue or skip it when too many of the job go on; its id."""
        with self._changed:
            given = dict(parameters or {})
            run = new_run(job_id, settings, given, self._around, only=set(only))
            self._begin(run)
            return run.run_id

    def get(self, run_id: int) -> JsonObject:
        """A run of a job, or of one of its tasks."""
        with self._changed:
            run, task = self._find(run_id)
            if task is None:
                return shown.job_run(run, self._page())
            return shown.single_task_run(run, task, self._page())

    def output(self, run_id: int) -> JsonObject:
        with self._changed:
            run, task = self._find(run_id)
            if task is None:
                if len(run.latest()) != 1:
                    raise bad_request(
                        "Retrieving the output of runs with multiple tasks is not supported. "
                        "Please retrieve the output of each individual task run instead."
                    )
                task = run.tasks[-1]
            return shown.output(run, task, self._page())

    def list(
        self, job_id: int | None = None, active_only: bool = False, *, tasks: bool = False
    ) -> list[JsonObject]:
        """Runs of jobs, the newest first."""
        with self._changed:
            return [
                shown.job_run(run, self._page(), tasks=tasks)
                for run in reversed(self._runs.values())
                if job_id in {None, run.job_id} and (run.active or not active_only)
            ]

    def cancel(self, run_id: int) -> None:
        """Begin to end a run; one that has ended stays as it is."""
        with self._changed:
            run, _ = self._find(run_id)
            if run.state == "QUEUED":
                self._end(run, CANCELED, "Run cancelled.")
            elif run.active:
                run.stop()
            self._changed.notify_all()

    def wait(self, run_id: int, timeout: float = 60.0) -> JsonObject:
        """The run as it is when it has ended."""
        with self._changed:
            run, _ = self._find(run_id)
            if not self._changed.wait_for(lambda: not run.active, timeout):
                raise TimeoutError(f"run {run_id} is {run.state} after {timeout:g} seconds")
            return shown.job_run(run, self._page())

    def close(self) -> None:
        """End all runs and the processes they started."""
        with self._changed:
            for run in [run for run in self._runs.values() if run.active]:
                self.cancel(run.run_id)
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(PATIENCE)

    def _begin(self, run: JobRun) -> None:
        self._runs[run.run_id] = run
        if self._active(run.job_id) <= run.settings.get("max_concurrent_runs", 1):
            self._launch(run)
        elif run.settings.get("queue", {}).get("enabled", False):
            run.state = "QUEUED"
            run.message = "Queued due to reaching maximum concurrent runs of the job."
        else:
            self._end(run, TOO_MANY, "Skipped: too many runs of the job are active.")
        self._changed.notify_all()

    def _active(self, job_id: int) -> int:
        runs = (run for run in self._runs.values() if run.job_id == job_id)
        return sum(run.active and run.state != "QUEUED" for run in runs)

    def _launch(self, run: JobRun) -> None:
        run.state, run.message = "RUNNING", ""
        driver = Driver(run, self._files, self._around, self._launch_next)
        self._threads[run.run_id] = driver.thread
        driver.thread.start()

    def _launch_next(self, ended: JobRun) -> None:
        self._threads.pop(ended.run_id, None)
        for run in self._runs.values():
            if run.job_id == ended.job_id and run.state == "QUEUED":
                self._launch(run)
                return

    def _end(self, run: JobRun, result: str, message: str) -> None:
        run.state, run.result, run.message = ENDED, result, message
        run.ended = self._around.now()
        run.tasks.clear()

    def _find(self, run_id: int) -> tuple[JobRun, TaskRun | None]:
        found = self._runs.get(run_id)
        if found is not None:
            return found, None
        for run in self._runs.values():
            for task in run.all_tasks():
                if task.run_id == run_id:
                    return run, task
        raise ApiError(400, f"Run {run_id} does not exist.")

    def _page(self) -> str:
        host = self._around.environment().get("DATABRICKS_HOST", "")
        return f"{host}/?o={self._around.workspace_id}"
