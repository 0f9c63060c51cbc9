"""The running workspace, in memory: what it holds, and what it answers."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from starlette.routing import Route

from aadsync_lib.sandbox.databricks.records import JsonObject
from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.databricks.workspaces.secret_store import SecretStore
from tests.workspace_lab.alerts import Alerts
from tests.workspace_lab.calls import Endpoints
from tests.workspace_lab.dashboards import Dashboards
from tests.workspace_lab.files import WorkspaceFiles
from tests.workspace_lab.jobs import Jobs
from tests.workspace_lab.people import People, Telemetry
from tests.workspace_lab.permissions import Permissions
from tests.workspace_lab.run_routes import RunRoutes
from tests.workspace_lab.runs import Runs
from tests.workspace_lab.secrets import Secrets
from tests.workspace_lab.tree import MOUNT, Tree
from tests.workspace_lab.unity import Unity
from tests.workspace_lab.volumes import VolumeFiles

WORKSPACE_ID = 5_440_000_000_000_001
FIRST_OBJECT = 6_000_000_000_001


class Family(Protocol):
    """One family of endpoints."""

    def routes(self, at: Endpoints) -> list[Route]: ...


class Workspace:
    """A workspace of one account. Hold the account's ``lock`` to read or change what it holds."""

    def __init__(
        self,
        account: DatabricksState,
        environment: Callable[[], Mapping[str, str]] = dict,
        spark: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.account = account
        self.workspace_id = WORKSPACE_ID
        self._clock = clock
        ids = itertools.count(FIRST_OBJECT)
        self.files = Tree(lambda: next(ids), self.now)
        self.volumes = Tree(lambda: next(ids), self.now)
        self.secrets = SecretStore()
        self.unity = Unity(self.volumes, self.now)
        self.dashboards = Dashboards(self.files, self.now)
        self.alerts = Alerts()
        self.permissions = Permissions(self._known())
        self.jobs = Jobs(self.permissions, self.now, account.lock)
        self.runs = Runs(
            self.sources,
            environment,
            spark,
            jobs=self._settings,
            workspace_id=WORKSPACE_ID,
            clock=clock,
        )

    def now(self) -> int:
        """Milliseconds, as most of the workspace tells times."""
        return int(self._clock() * 1000)

    def sources(self) -> dict[str, bytes]:
        """Files and notebooks by the path they were uploaded to, with extension."""
        with self.account.lock:
            return {MOUNT + n.source: n.data for n in self.files if n.kind in ("FILE", "NOTEBOOK")}

    def routes(self) -> list[Route]:
        at = Endpoints(self.account, welcome=self._make_home)
        families: tuple[Family, ...] = (
            WorkspaceFiles(self.files),
            VolumeFiles(self.volumes),
            Secrets(self.secrets, self.now),
            self.unity,
            self.dashboards,
            self.alerts,
            self.permissions,
            self.jobs,
            RunRoutes(self.jobs, self.runs),
            People(self.account, self.workspace_id),
            Telemetry(),
        )
        return [route for family in families for route in family.routes(at)]

    def close(self) -> None:
        """End the runs that go on, with their processes."""
        self.runs.close()

    def _settings(self, job_id: int) -> JsonObject:
        with self.account.lock:
            return self.jobs.find(job_id).settings

    def _make_home(self, name: str) -> None:
        self.files.mkdirs(f"/Users/{name}")

    def _known(self) -> dict[str, Callable[[str], bool]]:
        """Which ids there are, by the types that permissions are set on."""

        def node(kind: str) -> Callable[[str], bool]:
            return lambda i: any(str(n.id) == i and n.kind == kind for n in self.files)

        return {
            "jobs": lambda i: i.isdigit() and int(i) in self.jobs.jobs,
            "dashboards": lambda i: i in self.dashboards.drafts,
            "alertsv2": lambda i: i in self.alerts.alerts,
            "directories": node("DIRECTORY"),
            "notebooks": node("NOTEBOOK"),
            "files": node("FILE"),
        }
