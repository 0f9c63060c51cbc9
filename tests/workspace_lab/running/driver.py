"""Takes one run of a job from its first task to its last, in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from aadsync_lib.sandbox.databricks.records import JsonObject
from tests.workspace_lab.running import graph
from tests.workspace_lab.running.attempts import Attempts
from tests.workspace_lab.running.folders import RunFolder, TaskError
from tests.workspace_lab.running.records import ENDED, JobRun, TaskRun
from tests.workspace_lab.running.work import Surroundings


class Driver:
    """``done`` is called under the lock, once the run has ended."""

    def __init__(
        self,
        run: JobRun,
        files: Callable[[], Mapping[str, bytes]],
        around: Surroundings,
        done: Callable[[JobRun], None],
    ) -> None:
        self._run = run
        self._files = files
        self._around = around
        self._changed = around.changed
        self._done = done
        self._threads: list[threading.Thread] = []
        self.thread = threading.Thread(target=self._drive, name=f"run-{run.run_id}", daemon=True)

    def _drive(self) -> None:
        try:
            with TemporaryDirectory(prefix="run-") as name:
                self._tasks(Attempts(self._run, RunFolder(Path(name), self._files()), self._around))
                for thread in self._threads:
                    thread.join()
        except Exception as error:
            with self._changed:
                self._run.stop(graph.FAILED)
                self._run.message = f"{type(error).__name__}: {error}"
            if not isinstance(error, TaskError | OSError):
                raise
        finally:
            with self._changed:
                self._finish()
                self._done(self._run)
                self._changed.notify_all()

    def _tasks(self, attempts: Attempts) -> None:
        seconds = self._run.settings.get("timeout_seconds", 0)
        deadline = time.monotonic() + seconds if seconds else None
        with self._changed:
            while any(task.state != ENDED for task in self._run.latest().values()):
                if not self._run.stopped and _late(deadline):
                    self._run.stop(graph.TIMEDOUT)
                    self._changed.notify_all()
                moved = False
                for task in self._run.latest().values():
                    if task.state == "BLOCKED":
                        moved |= self._consider(task, attempts)
                if not moved:
                    self._changed.wait(self._patience(deadline))

    def _patience(self, deadline: float | None) -> float | None:
        if deadline is None or self._run.stopped:
            return None
        return max(0.0, deadline - time.monotonic())

    def _consider(self, task: TaskRun, attempts: Attempts) -> bool:
        """Start or skip a task if it is its turn."""
        if self._run.stopped:
            return self._skip(task, graph.CANCELED)
        latest = self._run.latest()
        needed = [d for d in task.settings.get("depends_on", ()) if d["task_key"] in latest]
        if any(latest[d["task_key"]].state != ENDED for d in needed):
            return False
        results = [latest[d["task_key"]].result or graph.FAILED for d in needed]
        others = [_other_branch(d, latest[d["task_key"]]) for d in needed]
        results = [graph.EXCLUDED if o else r for r, o in zip(results, others, strict=True)]
        run_if = task.settings.get("run_if", "ALL_SUCCESS")
        refused = graph.refusal(run_if, results, other_branch=any(others))
        if refused is not None:
            return self._skip(task, refused)
        self._start(task, attempts)
        return True

    def _start(self, task: TaskRun, attempts: Attempts) -> None:
        task.state = "PENDING"
        thread = threading.Thread(
            target=attempts.carry_out, args=(task, self._run.tasks), daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def _skip(self, task: TaskRun, result: str) -> bool:
        task.state, task.result = ENDED, result
        task.ended = self._around.now()
        task.started = task.started or task.ended
        task.message = {
            graph.EXCLUDED: "The conditions for the task to run were not met.",
            graph.UPSTREAM_FAILED: "An upstream task failed.",
            graph.UPSTREAM_CANCELED: "An upstream task was canceled.",
        }.get(result, "Run cancelled.")
        return True

    def _finish(self) -> None:
        run = self._run
        latest = run.latest()
        for task in latest.values():
            if task.state != ENDED:
                self._skip(task, graph.CANCELED)
        needed = (d["task_key"] for t in latest.values() for d in t.settings.get("depends_on", ()))
        results = {key: task.result or graph.FAILED for key, task in latest.items()}
        run.result = run.stopped or graph.job_result(results, needed)
        run.message = run.message or self._message(run.result)
        run.state, run.ended = ENDED, self._around.now()

    def _message(self, result: str) -> str:
        if result == graph.CANCELED:
            return "Run cancelled."
        if result == graph.TIMEDOUT:
            return "The run was stopped after reaching its timeout."
        failed = [t for t in self._run.latest().values() if t.result in {"FAILED", "TIMEDOUT"}]
        parts = [f"Task {t.key} failed with message: {t.message}." for t in failed]
        return " ".join(parts)


def _late(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() >= deadline


def _other_branch(dependency: JsonObject, before: TaskRun) -> bool:
    """Whether a condition was evaluated, and not to what the dependency asks for."""
    wanted = dependency.get("outcome")
    return wanted is not None and before.outcome is not None and before.outcome != wanted
