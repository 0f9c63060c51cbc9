"""Whom a connector provisions, as Graph shows its job: all or those assigned, by which mappings and filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aadsync_lib.connector.application import Application
from aadsync_lib.connector.compare.filters import filter_of
from aadsync_lib.connector.compare.model import ConnectorScope, Filter
from aadsync_lib.connector.connectors import Connector, Connectors
from aadsync_lib.connector.locate import jobs_of, located
from aadsync_lib.connector.reading import schema_of, secrets_of
from aadsync_lib.connector.status.job import job_of
from aadsync_lib.model.identity import Kind
from aadsync_lib.own_words import own
from aadsync_lib.responses import JsonObject

NO_APPLICATION = own("the connector is not there: aadsync connector setup makes it")
NO_JOB = own("the connector has no provisioning job: aadsync connector setup makes it")
STOPPED = "The connector's job is stopped: this is whom it provisions once it runs."
TYPES = {"user": Kind.USER, "group": Kind.GROUP}


@dataclass(frozen=True, slots=True)
class ConnectorSide:
    """The connector of one target; ``principal`` is its service principal, ``None`` where there is none."""

    target: str
    scope: ConnectorScope
    principal: str | None = None


def side_of(connectors: Connectors, connector: Connector) -> ConnectorSide:
    """Return a connector's side but for who is assigned. Raises ``AadsyncError``."""
    name, place = connector.settings.name, located(connectors, connector)
    if place is None:
        return ConnectorSide(connector.target, ConnectorScope(name, missing=NO_APPLICATION))
    application = place.application
    rows = jobs_of(connectors.entra, place)
    scope = ConnectorScope(application.name, missing=NO_JOB)
    if rows:
        scope = _scope(connectors, connector, application, rows[0])
    return ConnectorSide(connector.target, scope, application.principal_id)


def _scope(
    connectors: Connectors, connector: Connector, application: Application, row: JsonObject
) -> ConnectorScope:
    job = job_of(row)
    mappings = dict(_mappings(schema_of(connectors.entra, application, job.id)))
    filters: dict[Kind, Filter] = {kind: filter_of(mapping) for kind, mapping in mappings.items()}
    return ConnectorScope(
        application.name,
        everybody=_everybody(connectors, connector, application),
        filters={kind: clauses for kind, clauses in filters.items() if clauses},
        kinds=frozenset(kind for kind, mapping in mappings.items() if _adds(mapping)),
        notices=() if job.runs else (STOPPED,),
    )


def _everybody(connectors: Connectors, connector: Connector, application: Application) -> bool:
    """Return whether everybody is provisioned; without a word of Graph's, what the settings want."""
    chosen = secrets_of(connectors.entra, application).get("SyncAll", "").strip().lower()
    return chosen == "true" if chosen in ("true", "false") else connector.settings.scope == "all"


def _mappings(schema: JsonObject) -> Iterator[tuple[Kind, JsonObject]]:
    """Return the mapping of people and of groups; of several the one that provisions."""
    rules = schema.get("synchronizationRules") or ()
    every = [mapping for rule in rules for mapping in rule.get("objectMappings") or ()]
    for mapping in sorted(every, key=_adds):
        kind = TYPES.get(str(mapping.get("sourceObjectName")).lower())
        if kind is not None:
            yield kind, mapping


def _adds(mapping: JsonObject) -> bool:
    flows = {flow.strip().lower() for flow in str(mapping.get("flowTypes") or "").split(",")}
    return mapping.get("enabled") is not False and "add" in flows
