"""The application and the job of a connector, for commands that use what setup has made."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aadsync_lib.connector import application as applications
from aadsync_lib.connector.application import Application
from aadsync_lib.connector.connectors import Connector, Connectors
from aadsync_lib.connector.entra import Entra
from aadsync_lib.connector.past import Past
from aadsync_lib.connector.reading import of_connector
from aadsync_lib.connector.template import template_of
from aadsync_lib.errors import EntraError
from aadsync_lib.responses import JsonObject

UNSETTLED = frozenset({404, 409})  # not yet known to every replica
READ_JOB = "read the provisioning job"


@dataclass(frozen=True, slots=True)
class Located:
    """The application of a connector, and what the journal knows of it."""

    application: Application
    past: Past


def located(
    connectors: Connectors, connector: Connector, *, patient: bool = True
) -> Located | None:
    """Return the application of a connector, ``None`` where there is none.

    ``patient``: wait for one that a setup which died may have asked for. Raises ``AadsyncError`` where
    that cannot be told from a stranger's.
    """
    entra, past = connectors.entra, Past.of(connectors.reader, connector.journal)
    past = past if patient else replace(past, pending=())
    template = template_of(entra, connector.settings.template, connectors.cloud)
    found = applications.find(entra, connector, template, past)
    return Located(found, past) if found else None


def jobs_of(entra: Entra, place: Located, *, patient: bool = True) -> list[JsonObject]:
    """Return the jobs of a connector, the one that a setup made first; none where there is none yet."""

    def look() -> list[JsonObject]:
        return entra.rows(place.application.jobs, READ_JOB)

    try:
        rows = entra.settled(look, statuses=UNSETTLED) if patient else look()
    except EntraError as error:
        if error.status == 404:
            return []
        raise
    return sorted(of_connector(rows), key=lambda row: str(row.get("id")) != place.past.job)
