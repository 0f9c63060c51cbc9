"""Registrations in the journal: each write announced before it is sent, settled with what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from aadsync_lib.clock import new_run_id
from aadsync_lib.connector.registration.model import Step
from aadsync_lib.errors import AadsyncError, AnswerUnclearError
from aadsync_lib.model.change import Change
from aadsync_lib.model.connector import NO_PLAN, as_settings
from aadsync_lib.model.run import Outcome, Requests, Result, RunReport, Status, TargetReport
from aadsync_lib.ports import Clock, Store
from aadsync_lib.report.as_json import run_to_json

JOURNAL = "/register"  # what store and history call a registration: no target has such a name
DIED = "the run died before an answer came"

OpenStore = Callable[[], AbstractContextManager[Store]]


@contextmanager
def held(open_store: OpenStore, clock: Clock) -> Iterator[Journal]:
    """Hold the registration of this sync, and yield its journal.

    Raises ``LeaseHeldError`` while another one runs.
    """
    run_id = new_run_id(clock)
    with open_store() as store, store.lease(JOURNAL, run_id):
        yield Journal(store, run_id)


class Journal:
    """The entries of one run."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._outcomes: list[Outcome] = []

    @contextmanager
    def run(self, sync: str, clock: Clock, requests: Callable[[], int]) -> Iterator[None]:
        """Record that a run begins and how it ends, and that earlier ones died; ``requests`` counts those to Graph."""
        died = {
            entry.entry: Outcome(entry.change, Result.FAILED, DIED)
            for entry in self._store.pending(JOURNAL)
        }
        if died:
            self._store.settle(JOURNAL, died)
        began = clock.monotonic()
        self._store.begin_run(self._run_id, NO_PLAN, NO_PLAN, full=True)
        try:
            yield
        finally:
            sent, seconds = Requests(graph=requests()), clock.monotonic() - began
            report = RunReport(self._run_id, sync, NO_PLAN, True, (self._report(),), sent, seconds)
            self._store.end_run(self._run_id, report.status, json.dumps(run_to_json(report)))

    def do(self, step: Step, do: Callable[[Step], None]) -> None:
        """Do a step; an error is recorded, and raised again."""
        change = _change(step)
        (entry,) = self._store.announce(self._run_id, JOURNAL, (change,))
        outcome = Outcome(change, Result.UNKNOWN)
        try:
            do(step)
            outcome = Outcome(change, Result.DONE)
        except AnswerUnclearError:
            raise
        except AadsyncError as error:
            outcome = Outcome(change, Result.FAILED, str(error))
            raise
        finally:
            self._store.settle(JOURNAL, {entry: outcome})
            self._outcomes.append(outcome)

    def _report(self) -> TargetReport:
        """Return what came of all."""
        done = [outcome.result is Result.DONE for outcome in self._outcomes]
        some = Status.PARTIAL if any(done) else Status.FAILED
        return TargetReport(JOURNAL, Status.SUCCEEDED if all(done) else some, tuple(self._outcomes))


def _change(step: Step) -> Change:
    before, after = as_settings(step.before), as_settings(step.after)
    return Change(step.action, None, None, step.name, step.reason, before, after)
