"""Application and job made once and only once, whatever becomes of the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from aadsync_lib.connector.application import Application, intended, of_template
from aadsync_lib.connector.connectors import Connector
from aadsync_lib.connector.entra import FRESH_TRIES, Entra
from aadsync_lib.connector.past import listed
from aadsync_lib.connector.reading import SYNCHRONIZATION, of_connector
from aadsync_lib.errors import AnswerUnclearError, EntraError
from aadsync_lib.model.change import Change
from aadsync_lib.responses import JsonObject

T = TypeVar("T")

POSTS = 3  # requests to make one thing, each after nothing came of the one before


def make_application(
    entra: Entra, connector: Connector, template: str, intent: Change
) -> JsonObject:
    """Instantiate the template, and return the application. ``intent`` is in the journal already."""
    path, body = f"/applicationTemplates/{template}/instantiate", {"displayName": intent.name}
    pair = once(
        entra,
        lambda: entra.post(path, body, f"make the application {intent.name}")["application"],
        lambda: intended(of_template(entra, template), connector, (intent,)),
    )
    return {"displayName": intent.name, **pair, "id": str(pair.get("id") or pair.get("objectId"))}


def make_job(entra: Entra, application: Application) -> str:
    """Make the job and return its id. Raises ``EntraError`` while Graph is not ready for it."""
    body = {"templateId": job_template(entra, application)}
    doing = "make the provisioning job"
    row = once(
        entra,
        lambda: entra.post(application.jobs, body, doing),
        lambda: _job_there(entra, application),
    )
    return str(row["id"])


def job_template(entra: Entra, application: Application) -> str:
    """Return the template of the jobs: the connector's, or the only one there is."""
    path = f"{application.path}/synchronization/templates"
    rows = entra.settled(
        lambda: entra.rows(path, "list the templates of provisioning jobs"),
        tries=application.tries,
    )
    ids = [str(row.get("id")) for row in rows]
    ours = next((key for key in ids if key.lower() == SYNCHRONIZATION.lower()), None)
    if ours or len(ids) == 1:
        return ours or ids[0]
    raise EntraError(
        f"the application {application.name} has no template {SYNCHRONIZATION} of provisioning jobs, only "
        f"{listed(ids) or 'none at all'}. Check connector.template: it has to be one that provisions."
    )


def once(entra: Entra, make: Callable[[], T], look: Callable[[], T | None]) -> T:
    """Make something once: after an answer that was lost, look what is there before it is made again."""
    for _ in range(POSTS - 1):
        try:
            return make()
        except AnswerUnclearError:
            there = _looked(entra, look)
            if there:
                return there
    return make()


def _looked(entra: Entra, look: Callable[[], T | None]) -> T | None:
    """Return what is there by now; where that cannot be read, it is as unclear as before."""
    try:
        return entra.until(look, tries=FRESH_TRIES)
    except EntraError as error:
        raise AnswerUnclearError(str(error), error.status, error.code) from error


def _job_there(entra: Entra, application: Application) -> JsonObject | None:
    rows = entra.settled(
        lambda: entra.rows(application.jobs, "list the provisioning jobs"), tries=FRESH_TRIES
    )
    return next(iter(of_connector(rows)), None)
