"""Setups of connectors: read, planned, applied, recorded."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from aadsync_lib.clock import new_run_id
from aadsync_lib.connector.applying import apply
from aadsync_lib.connector.connectors import Connector, Connectors
from aadsync_lib.connector.planning import plan
from aadsync_lib.connector.reading import read
from aadsync_lib.connector.record import leased, recorded, report_of, settle_earlier
from aadsync_lib.connector.state import State
from aadsync_lib.connector.work import Work
from aadsync_lib.model.connector import ConnectorPlan, ConnectorRun, ConnectorTargetPlan
from aadsync_lib.model.run import Outcome, TargetReport
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
            settle_earlier(connectors, each.connector, each.state, each.plan.changes)
        if not any(each.plan.changes for each in planned):
            unchanged = tuple(_report(each, ()) for each in planned)
            return ConnectorRun(connectors.sync, "", unchanged)
        return _carried_out(connectors, planned, run_id)


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
            reports.append((each.connector, _report(each, done)))
            if work.refusal:
                not_accepted.append(each.connector.target)
    log.info("run %s set up %d connectors", run_id, len(reports))
    shown = tuple(report for _, report in reports)
    return ConnectorRun(connectors.sync, run_id, shown, tuple(not_accepted))


def _work(connectors: Connectors, planned: Planned) -> Work:
    state = planned.state
    return Work(
        connectors.entra,
        planned.connector,
        planned.token,
        state,
        state.application,
        str(state.job["id"]) if state.job else "",
    )


def _report(planned: Planned, done: tuple[Outcome, ...]) -> TargetReport:
    return report_of(planned.connector.target, done, planned.plan.warnings)
