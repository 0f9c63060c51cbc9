"""A workspace that is nothing but files, jobs and their runs, and short ways to write jobs."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from textwrap import dedent
from typing import Any

from tests.workspace_lab.runs import Runs

Json = dict[str, Any]
ROOT = "/Workspace/Users/me/files"


class Workspace:
    """Notebooks by name, and runs of jobs of them."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.environment: dict[str, str] = {"DATABRICKS_HOST": "http://127.0.0.1:1"}
        self.jobs: dict[int, Json] = {}
        self.runs = Runs(
            lambda: self.files, lambda: self.environment, jobs=self.jobs.__getitem__, workspace_id=7
        )
        self.notebook("ok", "print('fine')")
        self.notebook("bad", "raise ValueError('no')")

    def notebook(self, name: str, code: str) -> None:
        text = "# Databricks notebook source\n" + dedent(code)
        self.files[f"{ROOT}/notebooks/{name}.py"] = text.encode()

    def start(self, *tasks: Json, given: Mapping[str, str] | None = None, **job: Any) -> int:
        settings = {"name": "sync", "tasks": list(tasks), **job}
        return self.runs.start(1, settings, given)

    def run(self, *tasks: Json, **job: Any) -> Json:
        return self.runs.wait(self.start(*tasks, **job))

    def exit(self, run: Json, key: str) -> Any:
        output = self.runs.output(last(run, key)["run_id"])
        assert "error" not in output, output["error_trace"]
        return output["notebook_output"]["result"]


class Gate:
    """A notebook ``gate`` that waits in its middle until the test lets it go on."""

    def __init__(self, workspace: Workspace) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(30)
        self._waiting: socket.socket | None = None
        port = self._listener.getsockname()[1]
        workspace.notebook(
            "gate",
            f"""
            import socket
            socket.create_connection(("127.0.0.1", {port})).recv(1)
            """,
        )

    def reached(self) -> None:
        self._waiting, _ = self._listener.accept()

    def open(self) -> None:
        assert self._waiting is not None
        self._waiting.close()

    def close(self) -> None:
        self._listener.close()
        if self._waiting is not None:
            self._waiting.close()


def task(key: str, notebook: str = "ok", after: Any = (), **more: Any) -> Json:
    spec = {"notebook_path": f"{ROOT}/notebooks/{notebook}", **more.pop("spec", {})}
    depends_on = [{"task_key": k} if isinstance(k, str) else k for k in after]
    return {"task_key": key, "notebook_task": spec, "depends_on": depends_on, **more}


def without_notebook(key: str, after: Any = ()) -> Json:
    return {name: part for name, part in task(key, after=after).items() if name != "notebook_task"}


def when(key: str, left: str, op: str, right: str, after: Any = ()) -> Json:
    made = without_notebook(key, after)
    return made | {"condition_task": {"left": left, "op": op, "right": right}}


def loop(key: str, inputs: str, notebook: str, after: Any = (), **more: Any) -> Json:
    nested = task("iteration", notebook, spec={"base_parameters": {"target": "{{input}}"}})
    spec = {"inputs": inputs, "task": nested | more, "concurrency": 3}
    return without_notebook(key, after) | {"for_each_task": spec}


def last(run: Json, key: str) -> Json:
    found: Json = [task for task in run["tasks"] if task["task_key"] == key][-1]
    return found


def results(run: Json) -> dict[str, str]:
    return {task["task_key"]: task["state"]["result_state"] for task in run["tasks"]}
