"""Connectors that an action is about, looked up before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aadsync_lib.connector.application import Application
from aadsync_lib.connector.connectors import Connector, Connectors
from aadsync_lib.connector.locate import jobs_of, located
from aadsync_lib.connector.state import job_path
from aadsync_lib.connector.status.job import job_of
from aadsync_lib.connector.status.model import Job
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.connector import Ending, Step, TargetResult, as_settings
from aadsync_lib.own_words import own

NO_APPLICATION = own("it is not there: aadsync connector setup makes it")
NO_JOB = own("the application has none: aadsync connector setup makes it")


@dataclass(frozen=True, slots=True)
class Place:
    """The application and the job of a connector."""

    connector: Connector
    application: Application
    job: Job

    @property
    def path(self) -> str:
        """The job's path in Graph."""
        return job_path(self.application, self.job.id)

    def change(self, action: Action, reason: str, after: Mapping[str, object]) -> Change:
        """Return an action on the job as the journal keeps it."""
        return Change(
            action,
            self.application.id,
            self.job.id,
            self.application.name,
            reason,
            after=as_settings(after),
        )


def place_of(
    connectors: Connectors, connector: Connector, *, patient: bool = True
) -> Place | TargetResult:
    """Return where a connector is, or that there is none. Raises ``AadsyncError``."""
    found = located(connectors, connector, patient=patient)
    if found is None:
        return _impossible(connector, "Application", NO_APPLICATION)
    rows = jobs_of(connectors.entra, found, patient=patient)
    if not rows:
        return _impossible(connector, "Job", NO_JOB)
    return Place(connector, found.application, job_of(rows[0]))


def _impossible(connector: Connector, what: str, why: str) -> TargetResult:
    return TargetResult(
        connector.target, Ending.FAILED, (Step(what, Ending.FAILED, why),), impossible=True
    )
