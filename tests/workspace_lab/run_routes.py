"""The Jobs API: runs. What a run does, ``Runs`` knows."""

from __future__ import annotations

from starlette.routing import Route

from aadsync_lib.sandbox.databricks.errors import bad_request
from aadsync_lib.sandbox.databricks.records import JsonObject
from tests.workspace_lab.calls import Call, Endpoints, number, paged
from tests.workspace_lab.jobs import BASE, Jobs
from tests.workspace_lab.runs import Runs

PAGE = 20
MAX_PAGE = 25


class RunRoutes:
    """Starts runs of jobs, and tells of them."""

    def __init__(self, jobs: Jobs, runs: Runs) -> None:
        self.jobs = jobs
        self.runs = runs
        self._started: dict[str, int] = {}

    def routes(self, at: Endpoints) -> list[Route]:
        """Not under the account's lock: runs have one of their own."""
        return [
            at.route(f"{BASE}/run-now", locked=False, POST=self.run_now),
            at.route(f"{BASE}/runs/get", locked=False, GET=self.get),
            at.route(f"{BASE}/runs/get-output", locked=False, GET=self.output),
            at.route(f"{BASE}/runs/list", locked=False, GET=self.list),
            at.route(f"{BASE}/runs/cancel", locked=False, POST=self.cancel),
        ]

    def run_now(self, call: Call) -> JsonObject:
        """Start a run; a token that was used before stands for the run it started."""
        body = call.body
        token = body.get("idempotency_token")
        if token in self._started:
            return {"run_id": self._started[token]}
        with self.jobs.lock:
            job = self.jobs.find(number(body, "job_id"))
        run_id = self.runs.start(job.id, job.settings, _parameters(body), body.get("only") or ())
        if token:
            self._started[token] = run_id
        return {"run_id": run_id, "number_in_job": run_id}

    def get(self, call: Call) -> JsonObject:
        return self.runs.get(_run_id(call))

    def output(self, call: Call) -> JsonObject:
        return self.runs.output(_run_id(call))

    def list(self, call: Call) -> JsonObject:
        job_id = call.number("job_id", 0) or None
        active, tasks = call.flag("active_only"), call.flag("expand_tasks")
        found = self.runs.list(job_id, active, tasks=tasks)
        if call.flag("completed_only"):
            found = [run for run in found if run["status"]["state"] == "TERMINATED"]
        offset, limit = call.number("page_token", 0), call.number("limit", PAGE)
        if not 1 <= limit <= MAX_PAGE:
            raise bad_request(f"limit must be between 1 and {MAX_PAGE}, not {limit}")
        return paged("runs", found, offset, limit)

    def cancel(self, call: Call) -> None:
        self.runs.cancel(number(call.body, "run_id"))


def _run_id(call: Call) -> int:
    return number({"run_id": call.query("run_id")}, "run_id")


def _parameters(body: JsonObject) -> dict[str, str]:
    """Those of the job, or of its notebooks, which come to the same here: all are texts."""
    given = {**(body.get("notebook_params") or {}), **(body.get("job_parameters") or {})}
    for name, value in given.items():
        if not isinstance(value, str):
            raise bad_request(f"The value of parameter {name} is not a string")
    return given
