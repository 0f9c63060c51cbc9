"""Setups of connectors: read, planned, applied, recorded."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from aadsync_lib.clock import new_run_id
from aadsync_lib.connector.applying import apply
from aadsync_lib.connector.connectors import Connector, Connectors
from aadsync_lib.connector.planning import plan
from aadsync_lib.connector.reading import read
from aadsync_lib.connector.recovery import outcomes
from aadsync_lib.connector.state import State
from aadsync_lib.connector.work import Work
from aadsync_lib.model.connector import NO_PLAN, ConnectorPlan, ConnectorRun, ConnectorTargetPlan
from aadsync_lib.model.run import Outcome, Requests, Result, RunReport, Status, TargetReport
from aadsync_lib.report.as_json import run_to_json
from aadsync_lib.secrets import Secret

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Planned:
    """A connector with its state, its plan, and the token that both were made with."""

    connector: Connector
    state: State
    plan: ConnectorTargetPlan
    token: Secret


def plan_connectors(connectors: Connectors) -> ConnectorPlan:
    """Return every difference between settings and Entra; nothing is written."""
    planned = _planned(connectors)
    return ConnectorPlan(connectors.sync, tuple(each.plan for each in planned))


def set_up(connectors: Connectors) -> ConnectorRun:
    """Make Entra equal to the settings. Raises before the first write where anything cannot be read."""
    run_id = new_run_id(connectors.clock)
    with leased(connectors, run_id):
        planned = _planned(connectors)
        for each in planned:
            settle_earlier(connectors, each)
        if not any(each.plan.changes for each in planned):
            unchanged = tuple(_report(each.plan, ()) for each in planned)
            return ConnectorRun(connectors.sync, "", unchanged)
        return _carried_out(connectors, planned, run_id)


@contextmanager
def leased(connectors: Connectors, run_id: str) -> Iterator[None]:
    """Hold all connectors, so that no two commands change one at a time."""
    with ExitStack() as leases:
        for connector in connectors.each:
            leases.enter_context(connectors.writable.lease(connector.journal, run_id))
        yield


def settle_earlier(connectors: Connectors, planned: Planned) -> None:
    """Record what became of the writes of runs that died."""
    if known := dict(outcomes(planned.state, planned.plan.changes)):
        connectors.writable.settle(planned.connector.journal, known)


@contextmanager
def recorded(
    connectors: Connectors, run_id: str, reports: Sequence[tuple[Connector, TargetReport]]
) -> Iterator[None]:
    """Record that a run begins, and how it ended: as its ``reports``, which grow meanwhile."""
    store, began = connectors.writable, connectors.clock.monotonic()
    store.begin_run(run_id, NO_PLAN, connectors.settings_digest, full=True)
    over = False
    try:
        yield
        over = True
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


def _planned(connectors: Connectors) -> list[Planned]:
    planned = []
    for connector in connectors.each:
        token = connector.token()
        state = read(connectors, connector)
        planned.append(Planned(connector, state, plan(connector, state, token), token))
    return planned


def _carried_out(connectors: Connectors, planned: list[Planned], run_id: str) -> ConnectorRun:
    reports: list[tuple[Connector, TargetReport]] = []
    not_accepted: list[str] = []
    with recorded(connectors, run_id, reports):
        for each in planned:
            work = _work(connectors, each)
            done = apply(work, each.plan.changes, connectors.writable, run_id)
            reports.append((each.connector, _report(each.plan, done)))
            if work.refusal:
                not_accepted.append(each.connector.target)
    log.info("run %s set up %d connectors", run_id, len(reports))
    shown = tuple(report for _, report in reports)
    return ConnectorRun(connectors.sync, run_id, shown, tuple(not_accepted))


def _work(connectors: Connectors, planned: Planned) -> Work:
    state = planned.state
    return Work(
        connectors.entra,
        connectors.clock,
        planned.connector,
        planned.token,
        state,
        state.application,
        str(state.job["id"]) if state.job else "",
    )


def _report(planned: ConnectorTargetPlan, done: Sequence[Outcome]) -> TargetReport:
    left = [outcome for outcome in done if outcome.result is not Result.DONE]
    status = Status.PARTIAL if left else Status.SUCCEEDED
    if left and len(left) == len(done):
        status = Status.FAILED
    return TargetReport(planned.target, status, tuple(done), warnings=planned.warnings)
