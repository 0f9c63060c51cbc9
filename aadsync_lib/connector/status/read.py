"""Reads of the state of connectors through Graph: jobs, assignments, the provisioning log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from aadsync_lib.connector.connectors import Connector, Connectors
from aadsync_lib.connector.locate import READ_JOB, Located, jobs_of, located
from aadsync_lib.connector.state import job_path
from aadsync_lib.connector.status.job import job_of
from aadsync_lib.connector.status.log import failures_of
from aadsync_lib.connector.status.log_pages import read_log
from aadsync_lib.connector.status.model import (
    Application,
    ConnectorStatus,
    TargetStatus,
)
from aadsync_lib.errors import EntraError
from aadsync_lib.responses import JsonObject

KINDS = {"user": "users", "group": "groups"}


class StatusReader:
    """Reads the connectors of a command, again and again where a cycle is watched."""

    def __init__(self, connectors: Connectors) -> None:
        self._connectors = connectors
        self._known: dict[str, Located] = {}
        self._jobs: dict[str, str] = {}

    def whole(self) -> ConnectorStatus:
        """Return all there is to know. Raises ``EntraError`` where a job could not be read."""
        return self._status(tuple(map(self._whole, self._connectors.each)))

    def jobs(self) -> ConnectorStatus:
        """Return what a watch needs: the jobs alone."""
        return self._status(tuple(map(self._job_alone, self._connectors.each)))

    def _status(self, targets: tuple[TargetStatus, ...]) -> ConnectorStatus:
        return ConnectorStatus(self._connectors.sync, targets, self._connectors.clock.now())

    def _job_alone(self, connector: Connector) -> TargetStatus:
        enabled, place = connector.settings.enabled, self._place(connector)
        if place is None:
            return TargetStatus(connector.target, enabled)
        row = self._job(connector, place)
        job = job_of(row) if row else None
        return TargetStatus(connector.target, enabled, _shown(place), job)

    def _job(self, connector: Connector, place: Located) -> JsonObject | None:
        """Return the job as it is now; once it is known, by its id."""
        entra, known = self._connectors.entra, self._jobs.get(connector.target)
        row = entra.find(job_path(place.application, known), READ_JOB) if known else None
        if row is not None:
            return row
        rows = jobs_of(entra, place)
        if rows:
            self._jobs[connector.target] = str(rows[0]["id"])
        return rows[0] if rows else None

    def _whole(self, connector: Connector) -> TargetStatus:
        status = self._job_alone(connector)
        if status.application is None:
            return status
        unread: list[str] = []
        status = replace(status, assigned=self._assigned(status.application, unread))
        if status.job:
            entra, now = self._connectors.entra, self._connectors.clock.now()
            log = read_log(entra, status.job.id, now)
            unread += [log.unread] if log.unread else []
            failures = None if log.unread else failures_of(log.rows, status.job.id)
            status = replace(status, failures=failures, log_since=log.since)
        return replace(status, unread=tuple(unread))

    def _place(self, connector: Connector) -> Located | None:
        known = self._known.get(connector.target) or located(self._connectors, connector)
        if known is not None:
            self._known[connector.target] = known
        return known

    def _assigned(self, application: Application, unread: list[str]) -> Mapping[str, int] | None:
        path = f"/servicePrincipals/{quote(application.service_principal_id)}/appRoleAssignedTo"
        try:
            rows = self._connectors.entra.rows(f"{path}?$top=999", "read who is assigned")
        except EntraError as error:
            unread.append(str(error))
            return None
        ids: dict[str, set[str]] = {kind: set() for kind in KINDS.values()}
        for row in rows:
            kind = KINDS.get(str(row.get("principalType")).lower())
            if kind:
                ids[kind].add(str(row.get("principalId")))
        return {kind: len(principals) for kind, principals in ids.items()}


def _shown(place: Located) -> Application:
    known = place.application
    return Application(known.id, known.app_id, known.principal_id, known.name)
