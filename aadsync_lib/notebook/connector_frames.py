"""Connectors as tidy frames: their states, failures, differences and changes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aadsync_lib.connector.compare.model import Comparison
from aadsync_lib.connector.status.model import ConnectorStatus, TargetStatus
from aadsync_lib.model.connector import ConnectorPlan, ConnectorRecord, ConnectorRun, settings_in
from aadsync_lib.report.explain.tree import when

if TYPE_CHECKING:
    import pandas as pd

Titled = tuple[tuple[str, "pd.DataFrame"], ...]

STATES = ("target", "state", "problems", "application", "service_principal_id", "job", "last_cycle",
          "last_success", "quarantine", "remedy", "failures")  # fmt: skip
FAILURES = ("target", "name", "action", "code", "reason", "recommended", "when")
DIFFERENCES = ("target", "side", "name", "type", "why")
LOOKS = ("seen_at", "target", "state", "problems")
CHANGES = ("target", "action", "name", "before", "after", "reason")
OUTCOMES = ("target", "action", "name", "result", "error")


def of_status(status: ConnectorStatus) -> Titled:
    """Return one row a target, and one for each object that fails."""
    failures = (
        (target.target, f.name, f.action, f.code, f.reason, f.recommended, f.when)
        for target in status.targets
        for f in target.failures or ()
    )
    return (
        ("Connectors", _frame(STATES, map(_state, status.targets))),
        ("Objects that fail", _frame(FAILURES, failures)),
    )


def of_comparison(comparison: Comparison) -> Titled:
    """Return one row for each object on one side only: ``connector`` or ``sync``."""
    rows = (
        (target.target, side, each.name, each.kind.value, each.why)
        for target in comparison.targets
        for side, differences in (
            ("connector", target.only_connector),
            ("sync", target.only_sync),
        )
        for each in differences
    )
    return (("On one side only", _frame(DIFFERENCES, rows)),)


def of_plan(plan: ConnectorPlan) -> Titled:
    """Return one row a change; ``before`` and ``after`` are JSON."""
    rows = (
        (
            target.target,
            change.action.value,
            change.name,
            _as_json(settings_in(change.before)),
            _as_json(settings_in(change.after)),
            change.reason,
        )
        for target in plan.targets
        for change in target.changes
    )
    return (("What setup would change", _frame(CHANGES, rows)),)


def of_run(run: ConnectorRun) -> Titled:
    """Return one row for each change that was tried."""
    rows = (
        (target.target, done.change.action.value, done.change.name, done.result.value, done.error)
        for target in run.targets
        for done in target.outcomes
    )
    return (("What came of each change", _frame(OUTCOMES, rows)),)


def of_records(records: Iterable[ConnectorRecord]) -> Titled:
    """Return one row for each look that is on record."""
    rows = (
        (when(record.seen_at), record.target, record.state, record.problems) for record in records
    )
    return (("Looks on record, newest first", _frame(LOOKS, rows)),)


def _state(target: TargetStatus) -> tuple[str | None, ...]:
    application, job = target.application, target.job
    quarantine = job.quarantine if job else None
    return (
        target.target,
        target.state,
        "; ".join(target.problems) or None,
        application.name if application else None,
        application.service_principal_id if application else None,
        job.id if job else None,
        job.last.state if job and job.last else None,
        job.last_success if job else None,
        quarantine.reason if quarantine else None,
        quarantine.remedy if quarantine else None,
        None if target.failures is None else str(len(target.failures)),
    )


def _as_json(values: dict[str, Any]) -> str | None:
    return json.dumps(values, sort_keys=True) if values else None


def _frame(columns: tuple[str, ...], rows: Iterable[Any]) -> pd.DataFrame:
    """Return a frame whose columns are all ``string``."""
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns), dtype="string")
