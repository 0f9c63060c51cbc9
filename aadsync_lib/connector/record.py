"""Records of commands that change connectors: the lease, the run, and what became of earlier writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from aadsync_lib.connector.assigning import UNREAD
from aadsync_lib.connector.connectors import Connector, Connectors
from aadsync_lib.connector.recovery import outcomes
from aadsync_lib.connector.state import State
from aadsync_lib.errors import PartialError
from aadsync_lib.model.change import Change
from aadsync_lib.model.connector import NO_PLAN
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.run import Outcome, Requests, Result, RunReport, Status, TargetReport
from aadsync_lib.report.as_json import run_to_json


@contextmanager
def leased(connectors: Connectors, run_id: str) -> Iterator[None]:
    """Hold all connectors, so that no two commands change one at a time."""
    with ExitStack() as leases:
        for connector in connectors.each:
            leases.enter_context(connectors.writable.lease(connector.journal, run_id))
        yield


def settle_earlier(
    connectors: Connectors, connector: Connector, state: State, changes: Sequence[Change]
) -> None:
    """Record what became of the writes of runs that died; ``changes`` are left to be done."""
    if known := dict(outcomes(state, changes)):
        connectors.writable.settle(connector.journal, known)


@contextmanager
def recorded(
    connectors: Connectors, run_id: str, reports: Sequence[tuple[Connector, TargetReport]]
) -> Iterator[None]:
    """Record that a run begins, and how it ended: as its ``reports``, which grow meanwhile.

    Raises ``PartialError`` for whatever breaks it off.
    """
    store, began = connectors.writable, connectors.clock.monotonic()
    store.begin_run(run_id, NO_PLAN, connectors.settings_digest, full=True)
    over = False
    try:
        yield
        over = True
    except Exception as error:
        raise PartialError(
            f"The run {run_id} was broken off: {error}\nWhat was sent until then may have been done. Mend "
            f"the cause and run it again; it looks what is there and goes on."
        ) from error
    finally:
        report = RunReport(
            run_id,
            connectors.sync,
            NO_PLAN,
            True,
            tuple(replace(report, target=connector.journal) for connector, report in reports),
            Requests(graph=connectors.entra.requests),
            round(connectors.clock.monotonic() - began, 1),
        )
        status = report.status if over else Status.FAILED
        store.end_run(run_id, status, json.dumps(run_to_json(report)))


def report_of(
    target: str, done: tuple[Outcome, ...], warnings: tuple[Notice, ...] = ()
) -> TargetReport:
    """Return the report of one connector; with somebody unread it is done in part."""
    left = [outcome for outcome in done if outcome.result is not Result.DONE]
    unread = any(notice.code == UNREAD for notice in warnings)
    status = Status.PARTIAL if left or unread else Status.SUCCEEDED
    if left and len(left) == len(done):
        status = Status.FAILED
    return TargetReport(target, status, done, warnings=warnings)
