"""Assignments to an application, made and withdrawn."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from aadsync_lib.connector.entra import FRESH_TRIES
from aadsync_lib.connector.journal import Announced
from aadsync_lib.connector.past import BY_OTHERS
from aadsync_lib.connector.reading import assignments_of
from aadsync_lib.connector.state import role_of
from aadsync_lib.connector.work import Work
from aadsync_lib.errors import AnswerUnclearError, EntraError
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.connector import as_settings, settings_in

LATE = frozenset({404, 409})  # for what was made just now


def assign(work: Work, announced: Announced) -> None:
    """Assign each; one that fails does not keep the others out."""
    application = work.roles()
    role = role_of(work.connector, application)
    for change in announced.changes:
        try:
            announced.done(change, _assigned(work, change, role))
        except EntraError as error:
            announced.failed(change, error)


def unassign(work: Work, announced: Announced) -> None:
    """Withdraw each assignment."""
    for change in announced.changes:
        path = f"{work.application.path}/appRoleAssignedTo/{quote(change.target_id or '')}"
        try:
            work.entra.delete(path, f"unassign {change.name}")
            announced.done(change)
        except EntraError as error:
            announced.failed(change, error)


def _assigned(work: Work, change: Change, role: str) -> Change:
    """Return the change as it was done. A second request for the same is refused, which is as good.

    What was sent before, by this run or by one that died, is ours then, and else somebody's.
    """
    path = f"{work.application.path}/appRoleAssignedTo"
    body = {
        "principalId": change.external_id,
        "resourceId": work.application.principal_id,
        "appRoleId": role,
    }
    before = work.state.past.under_way(Action.ASSIGN)
    sent = any(earlier.external_id == change.external_id for earlier in before)
    for look in range(work.application.tries):
        last = look == work.application.tries - 1
        try:
            row = work.entra.post(path, body, f"assign {change.name}")
            return replace(change, target_id=str(row["id"]))
        except AnswerUnclearError:
            if last:
                raise
            sent = True
        except EntraError as error:
            if _is_there(error):
                there = replace(change, target_id=_listed(work, change))
                return there if sent else _of_others(there)
            if last or error.status not in LATE:
                raise
        work.entra.wait(look)
    raise AssertionError


def _listed(work: Work, change: Change) -> str | None:
    """Return the id of an assignment that is there, once it is listed."""

    def look() -> str | None:
        rows = assignments_of(work.entra, work.application, work.state)
        mine = (row.id for row in rows if row.principal == change.external_id)
        return next(mine, None)

    return work.entra.until(look, tries=FRESH_TRIES)


def _is_there(error: EntraError) -> bool:
    return error.status in (400, 409) and "already exists" in str(error)


def _of_others(change: Change) -> Change:
    """Return a change that somebody else was quicker with: it is not ours to take back."""
    return replace(change, after=as_settings({**settings_in(change.after), BY_OTHERS: True}))
