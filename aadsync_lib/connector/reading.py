"""Reads of everything that a plan of a connector compares with its settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import quote

from aadsync_lib.connector.application import Application, find
from aadsync_lib.connector.assigning import no_longer_wanted
from aadsync_lib.connector.connectors import Connector, Connectors
from aadsync_lib.connector.entra import FRESH_TRIES, TRIES, Entra
from aadsync_lib.connector.past import Past
from aadsync_lib.connector.recovery import recover
from aadsync_lib.connector.state import Assignment, State, job_path
from aadsync_lib.connector.template import template_of
from aadsync_lib.errors import EntraError
from aadsync_lib.model.change import Action
from aadsync_lib.responses import JsonObject

SYNCHRONIZATION = "dataBricks"  # template of the jobs


def read(connectors: Connectors, connector: Connector) -> State:
    """Return the state of one connector. Raises ``EntraError``, ``AadsyncError``."""
    entra, settings = connectors.entra, connector.settings
    past = Past.of(connectors.reader, connector.journal)
    template = template_of(entra, settings.template, connectors.cloud)
    assign = settings.assign
    wanted = connectors.principals.find(assign.groups, assign.users)
    application = find(entra, connector, template, past)
    state = State(template, past, wanted)
    if application:
        state = whole(entra, connector, state, application)
        if leaving := [assignment.principal for assignment in no_longer_wanted(state)]:
            wanted = connectors.principals.find(assign.groups, assign.users, leaving)
            state = replace(state, wanted=wanted)
    recover(state)
    return state


def whole(entra: Entra, connector: Connector, state: State, application: Application) -> State:
    """Return the state with all that an application has."""
    jobs = jobs_of(entra, application, state.past)
    state = replace(
        state,
        application=application,
        job=jobs[0] if jobs else None,
        other_jobs=tuple(str(job["id"]) for job in jobs[1:]),
        secrets=secrets_of(entra, application),
        assignments=assignments_of(entra, application, state),
    )
    filters = connector.settings.filters
    if state.job is None or not (
        connector.settings.mappings.users
        or connector.settings.mappings.groups
        or filters.users is not None
        or filters.groups is not None
    ):
        return state
    job = str(state.job["id"])
    asked = bool(filters.users or filters.groups)
    operators = operators_of(entra, application, job) if asked else ()
    return replace(state, schema=schema_of(entra, application, job), operators=operators)


def jobs_of(entra: Entra, application: Application, past: Past) -> list[JsonObject]:
    """Return the jobs of the connector's template, the one that a setup made first."""

    def look() -> list[JsonObject]:
        rows = entra.settled(
            lambda: entra.rows(application.jobs, "list the provisioning jobs"),
            tries=application.tries,
        )
        return of_connector(rows)

    under_way = bool(past.under_way(Action.CREATE_JOB))
    tries = FRESH_TRIES if under_way else TRIES if past.job else 1
    return sorted(entra.until(look, tries=tries), key=lambda row: str(row["id"]) != past.job)


def of_connector(rows: Iterable[JsonObject]) -> list[JsonObject]:
    """Return the jobs of the connector's template, or all there are where it has another name."""
    jobs = list(rows)
    named = [job for job in jobs if str(job.get("templateId")).lower() == SYNCHRONIZATION.lower()]
    return named or jobs


def secrets_of(entra: Entra, application: Application) -> dict[str, str]:
    """Return the secrets by key; what is secret in them is masked."""
    path = f"{application.path}/synchronization/secrets"
    rows = entra.settled(
        lambda: entra.rows(path, "read the provisioning credentials"), tries=application.tries
    )
    return {str(row.get("key")): str(row.get("value") or "") for row in rows}


def schema_of(entra: Entra, application: Application, job: str) -> JsonObject:
    """Return a schema with its directories where Graph shows them, to be sent back as it came."""
    path = f"{job_path(application, job)}/schema"
    doing = "read the mappings"

    def look() -> JsonObject:
        try:
            return entra.get(f"{path}?$expand=directories", doing)
        except EntraError as error:
            if error.status != 400:
                raise
        return entra.get(path, doing)

    return entra.settled(look, tries=application.tries)


def operators_of(entra: Entra, application: Application, job: str) -> tuple[str, ...]:
    """Return the names of the filter operators, as this tenant spells them."""
    path = f"{job_path(application, job)}/schema/filterOperators"
    rows = entra.settled(
        lambda: entra.rows(path, "read the filter operators"), tries=application.tries
    )
    return tuple(str(row.get("name")) for row in rows)


def assignments_of(entra: Entra, application: Application, state: State) -> tuple[Assignment, ...]:
    """Return who is assigned, with those whom a setup assigned and no listing shows yet."""
    path = f"{application.path}/appRoleAssignedTo"
    rows = entra.settled(
        lambda: entra.rows(f"{path}?$top=999", "list who is assigned"), tries=application.tries
    )
    listed = {str(row.get("principalId")) for row in rows}
    for principal, key in state.past.assigned.items():
        if key and principal in state.wanted.kinds and principal not in listed:
            row = entra.find(f"{path}/{quote(key)}", "read an assignment")
            rows += [] if row is None else [row]
    return tuple(
        Assignment(
            str(row["id"]),
            str(row.get("principalId")),
            str(row.get("principalDisplayName") or row.get("principalId")),
            str(row.get("appRoleId")),
        )
        for row in rows
    )
