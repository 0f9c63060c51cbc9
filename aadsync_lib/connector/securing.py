"""Job, credentials and provisioning settings of an application, in whichever order Entra takes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aadsync_lib.connector import credentials
from aadsync_lib.connector.entra import NOT_YET
from aadsync_lib.connector.journal import Announced
from aadsync_lib.connector.making import job_template, make_job
from aadsync_lib.connector.past import SENT
from aadsync_lib.connector.reading import secrets_of
from aadsync_lib.connector.work import Work
from aadsync_lib.errors import EntraError
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.connector import as_settings, settings_in


def secure(work: Work, announced: Announced) -> None:
    """Make the job and store the credentials, which are tried out before.

    Entra may want either first, and answers 409 to the other one until then.
    """
    steps: list[Callable[[], None]] = []
    jobs = [c for c in announced.changes if c.action is Action.CREATE_JOB]
    stored = [c for c in announced.changes if c.action is not Action.CREATE_JOB]
    if jobs:
        steps.append(lambda: _make_job(work, announced, jobs[0]))
    if stored:
        steps.append(lambda: _store(work, announced, stored))
    for look in range(work.application.tries):
        last = look == work.application.tries - 1
        steps = [step for step in steps if not _goes(step, last=last)]
        if not steps:
            return
        work.entra.wait(look)


def _goes(step: Callable[[], None], *, last: bool) -> bool:
    """Return whether a step went through; one for which it is too early is tried again."""
    try:
        step()
    except EntraError as error:
        if last or error.status not in NOT_YET:
            raise
        return False
    return True


def _make_job(work: Work, announced: Announced, change: Change) -> None:
    work.job = make_job(work.entra, work.application)
    announced.made(change, work.job)
    announced.keep()


def _store(work: Work, announced: Announced, changes: list[Change]) -> None:
    if any(change.action is Action.SET_CREDENTIALS for change in changes):
        work.validate("" if work.job else job_template(work.entra, work.application))
    path = f"{work.application.path}/synchronization/secrets"
    pairs = credentials.pairs(work.connector, work.token, work.state.secrets)
    work.entra.put(path, {"value": pairs}, "store the provisioning credentials")
    for change in changes:
        announced.done(change, _with_digest(work, change))
    announced.keep()
    _wait_until_read_back(work, {str(pair["key"]): str(pair["value"]) for pair in pairs})


def _with_digest(work: Work, change: Change) -> Change:
    """Return the change with what tells later whether the token is another one by then."""
    if change.action is not Action.SET_CREDENTIALS:
        return change
    digest = credentials.digest_of(work.token)
    return replace(change, after=as_settings({**settings_in(change.after), SENT: digest}))


def _wait_until_read_back(work: Work, stored: dict[str, str]) -> None:
    """Wait until Graph shows what was stored, so that the next setup does not store it again."""

    def shown() -> bool:
        values = secrets_of(work.entra, work.application)
        return all(
            key in values and values[key] in (value, credentials.MASK)
            for key, value in stored.items()
        )

    work.entra.until(shown, tries=work.application.tries)
