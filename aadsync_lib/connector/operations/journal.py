"""Actions on connectors in the journal: announced before they are sent, settled with what came of them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from aadsync_lib.connector.connectors import Connector, Connectors
from aadsync_lib.errors import AnswerUnclearError, EntraError
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.connector import NO_PLAN
from aadsync_lib.model.run import Outcome, Requests, Result, RunReport, Status, TargetReport
from aadsync_lib.ports import Store
from aadsync_lib.report.as_json import run_to_json

T = TypeVar("T")

ACTIONS = frozenset({Action.START, Action.STOP, Action.RESTART, Action.PROVISION})
DIED = "the run died before an answer came"


def _none(_: object) -> None:
    """Find nothing refused."""


class Journal:
    """The records of one command; ``write`` is its only way to send something."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._outcomes: dict[str, list[Outcome]] = {}

    def write(
        self,
        connector: Connector,
        change: Change,
        send: Callable[[], T],
        refusal: Callable[[T], str | None] = _none,
    ) -> T:
        """Return what ``send`` returns, recorded as failed where ``refusal`` has a reason for that.

        An error is recorded, and raised again.
        """
        (entry,) = self._store.announce(self._run_id, connector.journal, (change,))
        outcome = Outcome(change, Result.UNKNOWN)
        try:
            answer = send()
            reason = refusal(answer)
            outcome = Outcome(change, Result.FAILED if reason else Result.DONE, reason)
        except AnswerUnclearError:
            raise
        except EntraError as error:
            outcome = Outcome(change, Result.FAILED, str(error))
            raise
        finally:
            self._store.settle(connector.journal, {entry: outcome})
            self._outcomes.setdefault(connector.journal, []).append(outcome)
        return answer

    def settle_what_died(self, connector: Connector) -> None:
        """Close what earlier commands announced and did not live to record: it is asked for anew, or not."""
        died = {
            entry.entry: Outcome(entry.change, Result.FAILED, DIED)
            for entry in self._store.pending(connector.journal)
            if entry.change.action in ACTIONS
        }
        if died:
            self._store.settle(connector.journal, died)

    def reports(self) -> tuple[TargetReport, ...]:
        """Return what came of each connector that was written to."""
        return tuple(
            TargetReport(name, _status(outcomes), tuple(outcomes))
            for name, outcomes in self._outcomes.items()
        )


def _status(outcomes: Collection[Outcome]) -> Status:
    done = [outcome.result is Result.DONE for outcome in outcomes]
    return Status.SUCCEEDED if all(done) else Status.PARTIAL if any(done) else Status.FAILED


@contextmanager
def recorded(connectors: Connectors) -> Iterator[Journal]:
    """Hold every connector of a command, and record a run of it.

    Raises ``LeaseHeldError`` while another command works on one of them.
    """
    store, clock = connectors.writable, connectors.clock
    run_id = f"{datetime.fromtimestamp(clock.now(), UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    began, journal = clock.monotonic(), Journal(store, run_id)
    with ExitStack() as leases:
        for connector in connectors.each:
            leases.enter_context(store.lease(connector.journal, run_id))
            journal.settle_what_died(connector)
        store.begin_run(run_id, NO_PLAN, NO_PLAN, full=True)
        try:
            yield journal
        finally:
            seconds = clock.monotonic() - began
            sent = Requests(graph=connectors.entra.requests)
            report = RunReport(
                run_id, connectors.sync, NO_PLAN, True, journal.reports(), sent, seconds
            )
            store.end_run(run_id, report.status, json.dumps(run_to_json(report)))
