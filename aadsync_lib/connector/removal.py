"""Removal of what setups made: the provisioning job, and the application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from aadsync_lib.clock import new_run_id
from aadsync_lib.connector.application import FIELDS, Application, find
from aadsync_lib.connector.connectors import Connector, Connectors
from aadsync_lib.connector.entra import FRESH_TRIES, Entra
from aadsync_lib.connector.journal import Announced
from aadsync_lib.connector.past import Past
from aadsync_lib.connector.reading import jobs_of
from aadsync_lib.connector.record import leased, recorded, report_of, settle_earlier
from aadsync_lib.connector.recovery import recover
from aadsync_lib.connector.state import State, job_path
from aadsync_lib.connector.template import template_of
from aadsync_lib.errors import AadsyncError, EntraError
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.connector import ConnectorResult, Ending, Step, TargetResult
from aadsync_lib.model.run import Outcome, Result, TargetReport
from aadsync_lib.responses import JsonObject

ACTION = "remove"
REASON = "aadsync connector remove"
LEFT = "left as it is: setup did not make it"
WORDS = {Action.DELETE_JOB: "job", Action.DELETE_APPLICATION: "application"}


@dataclass(frozen=True, slots=True)
class Removal:
    """What is to be removed of one connector, and what of it stays because somebody else made it."""

    connector: Connector
    state: State
    changes: tuple[Change, ...]
    left: tuple[str, ...] = ()


def remove(connectors: Connectors, *, application: bool) -> ConnectorResult:
    """Remove the jobs, with ``application`` the applications, too. Raises before anything is removed."""
    run_id = new_run_id(connectors.clock)
    with leased(connectors, run_id):
        removals = [_planned(connectors, each, whole=application) for each in connectors.each]
        for removal in removals:
            settle_earlier(connectors, removal.connector, removal.state, removal.changes)
        outcomes = _carried_out(connectors, removals, run_id)
    results = (_result(removal, outcomes.get(removal.connector.target, ())) for removal in removals)
    return ConnectorResult(connectors.sync, ACTION, tuple(results))


def _planned(connectors: Connectors, connector: Connector, *, whole: bool) -> Removal:
    entra, past = connectors.entra, Past.of(connectors.reader, connector.journal)
    template = template_of(entra, connector.settings.template, connectors.cloud)
    application = find(entra, connector, template, past)
    state = State(template, past, application=application)
    if application is None:
        recover(state)
        return Removal(connector, state, ())
    if whole and not application.made:
        raise AadsyncError(
            f"{connector.target}: the application {application.name} (object id {application.id}) was not "
            f"made by aadsync connector setup, and is not removed. Remove it in Entra, or leave out "
            f"--application. Nothing was changed."
        )
    jobs = [str(job["id"]) for job in jobs_of(entra, application, past)]
    ours = [job for job in jobs if application.made or job == past.job]
    changes = [_change(Action.DELETE_JOB, application, job) for job in ours]
    if whole:
        changes.append(_change(Action.DELETE_APPLICATION, application, application.id))
    return Removal(connector, state, tuple(changes), tuple(job for job in jobs if job not in ours))


def _change(action: Action, application: Application, target_id: str) -> Change:
    return Change(action, application.id, target_id, application.name, REASON)


def _carried_out(
    connectors: Connectors, removals: list[Removal], run_id: str
) -> dict[str, tuple[Outcome, ...]]:
    outcomes: dict[str, tuple[Outcome, ...]] = {}
    if not any(removal.changes for removal in removals):
        return outcomes
    reports: list[tuple[Connector, TargetReport]] = []
    with recorded(connectors, run_id, reports):
        for removal in removals:
            done = _removed(connectors, removal, run_id) if removal.changes else ()
            outcomes[removal.connector.target] = done
            reports.append((removal.connector, report_of(removal.connector.target, done)))
    return outcomes


def _removed(connectors: Connectors, removal: Removal, run_id: str) -> tuple[Outcome, ...]:
    application = removal.state.application
    assert application
    announced = Announced(
        connectors.writable, removal.connector, run_id, removal.changes, hide=lambda text: text
    )
    try:
        for change in removal.changes:
            _delete(connectors, application, change)
            announced.done(change)
    except EntraError as error:
        announced.others_failed(error)
    finally:
        announced.keep()
    return announced.outcomes


def _delete(connectors: Connectors, application: Application, change: Change) -> None:
    """Delete until it is seen to be gone: a 404 may also be of a replica that does not know it yet."""
    entra, key = connectors.entra, change.target_id or ""
    is_job = change.action is Action.DELETE_JOB
    path = job_path(application, key) if is_job else f"/applications/{quote(key)}"
    look: Callable[[], bool] = (
        (lambda: _has_job(entra, application, key)) if is_job else (lambda: _is_there(entra, key))
    )
    doing = f"delete the {WORDS[change.action]} of {change.name}"
    for number in range(FRESH_TRIES):
        entra.settled(lambda: entra.delete(path, doing), tries=application.tries)
        if not look():
            return
        entra.wait(number)
    raise EntraError(f"could not {doing}: it is still there. Run this again later.")


def _has_job(entra: Entra, application: Application, key: str) -> bool:
    rows: list[JsonObject] = entra.settled(
        lambda: entra.rows(application.jobs, "list the provisioning jobs")
    )
    return any(row.get("id") == key for row in rows)


def _is_there(entra: Entra, key: str) -> bool:
    path = f"/applications/{quote(key)}?$select={FIELDS}"
    return entra.find(path, "read the application") is not None


def _result(removal: Removal, outcomes: tuple[Outcome, ...]) -> TargetResult:
    steps = [
        Step(WORDS[o.change.action], _ending(o), o.error or str(o.change.target_id))
        for o in outcomes
    ]
    steps += [Step("job", Ending.SKIPPED, f"{job}: {LEFT}") for job in removal.left]
    if not steps:
        steps.append(
            Step(
                "application" if not removal.state.application else "job",
                Ending.UNCHANGED,
                "there is none",
            )
        )
    ends = (Ending(step.status) for step in steps)
    return TargetResult(removal.connector.target, Ending.together(ends), tuple(steps))


def _ending(outcome: Outcome) -> Ending:
    return Ending.DONE if outcome.result is Result.DONE else Ending.FAILED
