"""The Jobs API: what jobs there are. Their runs are another family."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from starlette.routing import Route

from aadsync_lib.sandbox.databricks.errors import bad_request
from aadsync_lib.sandbox.databricks.records import JsonObject
from tests.workspace_lab import job_settings
from tests.workspace_lab.calls import Call, Endpoints, field, number, paged
from tests.workspace_lab.permissions import Permissions

FIRST_JOB = 700_000_000_001
PAGE = 20
MAX_PAGE = 100
BASE = "/api/{version}/jobs"


@dataclass(slots=True)
class Job:
    """One job with its settings as they are kept."""

    id: int
    creator: str
    created: int
    settings: JsonObject

    @property
    def run_as(self) -> str:
        given: JsonObject = self.settings.get("run_as", {})
        name: str = given.get("service_principal_name") or given.get("user_name") or self.creator
        return name

    def shown(self) -> JsonObject:
        return {
            "job_id": self.id,
            "creator_user_name": self.creator,
            "run_as_user_name": self.run_as,
            "created_time": self.created,
            "settings": self.settings,
        }


class Jobs:
    """Jobs by id. Hold ``lock`` to look at them from where the account's lock is not held."""

    def __init__(
        self, permissions: Permissions, now: Callable[[], int], lock: AbstractContextManager[Any]
    ) -> None:
        self.permissions = permissions
        self.now = now
        self.lock = lock
        self.jobs: dict[int, Job] = {}
        self._ids = itertools.count(FIRST_JOB)

    def routes(self, at: Endpoints) -> list[Route]:
        return [
            at.route(f"{BASE}/create", POST=self.create),
            at.route(f"{BASE}/get", GET=self.get),
            at.route(f"{BASE}/reset", POST=self.reset),
            at.route(f"{BASE}/update", POST=self.update),
            at.route(f"{BASE}/delete", POST=self.delete),
            at.route(f"{BASE}/list", GET=self.list),
        ]

    def find(self, job_id: int) -> Job:
        job = self.jobs.get(job_id)
        if job is None:
            raise bad_request(f"Job {job_id} does not exist.")
        return job

    def create(self, call: Call) -> JsonObject:
        settings = dict(call.body)
        settings.pop("access_control_list", None)
        job = Job(next(self._ids), call.name, self.now(), job_settings.kept(settings))
        self.jobs[job.id] = job
        self.permissions.own(call, "jobs", str(job.id))
        return {"job_id": job.id}

    def get(self, call: Call) -> JsonObject:
        return self.find(number({"job_id": call.query("job_id")}, "job_id")).shown()

    def reset(self, call: Call) -> None:
        """Replace all settings, but for who the job runs as, which has to be said to change."""
        job = self.find(number(call.body, "job_id"))
        before = {k: v for k, v in job.settings.items() if k == "run_as"}
        job.settings = job_settings.kept(before | field(call.body, "new_settings"))

    def update(self, call: Call) -> None:
        job, body = self.find(number(call.body, "job_id")), call.body
        removed = body.get("fields_to_remove", ())
        job.settings = job_settings.changed(job.settings, body.get("new_settings", {}), removed)

    def delete(self, call: Call) -> None:
        job = self.find(number(call.body, "job_id"))
        del self.jobs[job.id]
        self.permissions.forget("jobs", str(job.id))

    def list(self, call: Call) -> JsonObject:
        name = call.option("name").casefold()
        found = [j for j in self.jobs.values() if not name or _name(j).casefold() == name]
        offset, limit = call.number("page_token", 0), call.number("limit", PAGE)
        if not 1 <= limit <= MAX_PAGE:
            raise bad_request(f"limit must be between 1 and {MAX_PAGE}, not {limit}")
        return paged("jobs", [_listed(j, call) for j in found], offset, limit)


def _name(job: Job) -> str:
    return str(job.settings.get("name", "Untitled"))


def _listed(job: Job, call: Call) -> JsonObject:
    """A job in a list; its tasks only if they were asked for."""
    shown = job.shown()
    if not call.flag("expand_tasks"):
        hidden = {"tasks", "job_clusters", "environments", "parameters"}
        shown["settings"] = {k: v for k, v in job.settings.items() if k not in hidden}
    return shown
