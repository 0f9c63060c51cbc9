"""Plans of a connector, carried out: announced, sent, and settled one group of changes after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from aadsync_lib.connector.application import KNOWN, Application, of_template, principal_of
from aadsync_lib.connector.assigner import assign, unassign
from aadsync_lib.connector.filters import set_filter
from aadsync_lib.connector.journal import Announced
from aadsync_lib.connector.making import make_application
from aadsync_lib.connector.mappings import TYPES, map_attributes
from aadsync_lib.connector.planning import notes_with
from aadsync_lib.connector.reading import operators_of, schema_of
from aadsync_lib.connector.securing import secure
from aadsync_lib.connector.work import Work
from aadsync_lib.errors import AadsyncError, CredentialError, EntraError, StoreError
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.connector import as_settings, settings_in
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import Store

ALONE = frozenset({Action.ASSIGN, Action.UNASSIGN})  # one may fail, and what comes after it be done
SKIPPED = "not tried, because something before it failed"


def apply(work: Work, changes: Sequence[Change], store: Store, run_id: str) -> tuple[Outcome, ...]:
    """Return what came of every change. After one that failed, an assignment apart, nothing is started."""
    outcomes: list[Outcome] = []
    for _, group in groupby(changes, key=lambda change: STEPS[change.action]):
        together = tuple(group)
        if _goes_on(outcomes):
            outcomes += _send(work, together, store, run_id)
        else:
            outcomes += [Outcome(change, Result.SKIPPED, SKIPPED) for change in together]
    return tuple(outcomes)


def _goes_on(outcomes: Sequence[Outcome]) -> bool:
    return {o.change.action for o in outcomes if o.result is not Result.DONE} <= ALONE


def _send(
    work: Work, changes: tuple[Change, ...], store: Store, run_id: str
) -> tuple[Outcome, ...]:
    if changes[0].action is Action.CREATE_APPLICATION:
        changes = (_intent(work, changes[0]),)
    announced = Announced(store, work.connector, run_id, changes, work.hide)
    try:
        STEPS[changes[0].action](work, announced)
    except (CredentialError, StoreError):
        raise  # nobody can go on: the next setup looks what was done
    except AadsyncError as error:
        announced.others_failed(error)
    finally:
        announced.keep()
    return announced.outcomes


def _intent(work: Work, change: Change) -> Change:
    """Return the change with the applications that are there already: none of them is what it makes."""
    there = [str(row["id"]) for row in of_template(work.entra, work.state.template)]
    return replace(change, after=as_settings({**settings_in(change.after), KNOWN: there}))


def _make(work: Work, announced: Announced) -> None:
    (change,) = announced.changes
    row = make_application(work.entra, work.connector, work.state.template, change)
    announced.made(change, str(row["id"]))
    announced.keep()  # whatever comes now, the next setup finds it
    try:
        principal = principal_of(work.entra, row, fresh=True)
    except EntraError as error:
        announced.incomplete(change, error)
    else:
        work.known = Application(row, principal, made=True, fresh=True)


def _update(work: Work, announced: Announced) -> None:
    application = work.application
    notes = notes_with(work.connector, application)
    body = {"displayName": work.connector.settings.name, "notes": notes}
    path = f"/applications/{application.id}"
    work.settled(lambda: work.entra.patch(path, body, "name and tag the application"), {404, 409})
    announced.done(announced.changes[0])


def _map(work: Work, announced: Announced) -> None:
    """Send the schema back as it is, with what the settings name changed."""
    settings = work.connector.settings
    schema = schema_of(work.entra, work.application, work.job)
    wanted = {kind: getattr(settings.filters, kind) for kind in TYPES}
    operators = operators_of(work.entra, work.application, work.job) if any(wanted.values()) else ()
    for kind in TYPES:
        map_attributes(schema, kind, getattr(settings.mappings, kind))
        if wanted[kind] is not None:
            set_filter(schema, kind, wanted[kind], operators)
    path = f"{work.job_path}/schema"
    work.settled(lambda: work.entra.put(path, schema, "change mappings and filters"))
    for change in announced.changes:
        announced.done(change)


def _start(work: Work, announced: Announced) -> None:
    work.settled(work.validate)
    _act(work, announced, "start")


def _stop(work: Work, announced: Announced) -> None:
    _act(work, announced, "pause")


def _act(work: Work, announced: Announced, action: str) -> None:
    path, doing = f"{work.job_path}/{action}", f"{action} the provisioning job"
    work.settled(lambda: work.entra.post(path, None, doing, repeatable=True))
    announced.done(announced.changes[0])


STEPS: Mapping[Action, Callable[[Work, Announced], None]] = {
    Action.STOP: _stop,
    Action.CREATE_APPLICATION: _make,
    Action.UPDATE_APPLICATION: _update,
    Action.CREATE_JOB: secure,
    Action.SET_CREDENTIALS: secure,
    Action.SET_SETTINGS: secure,
    Action.SET_MAPPING: _map,
    Action.SET_FILTER: _map,
    Action.ASSIGN: assign,
    Action.UNASSIGN: unassign,
    Action.START: _start,
}
