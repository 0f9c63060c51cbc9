"""The ``connector_plan`` and ``connector_run`` documents of the public contract."""

from __future__ import annotations

from aadsync_lib.model.change import Change
from aadsync_lib.model.connector import (
    ConnectorPlan,
    ConnectorRun,
    ConnectorTargetPlan,
    settings_in,
)
from aadsync_lib.model.run import TargetReport
from aadsync_lib.report.as_json import notices_to_json
from aadsync_lib.responses import JsonObject

VERSION = 1


def plan_to_json(plan: ConnectorPlan) -> JsonObject:
    """Return the document of a plan."""
    return {
        "kind": "connector_plan",
        "version": VERSION,
        "sync": plan.sync,
        "targets": [_planned(target) for target in plan.targets],
    }


def run_to_json(run: ConnectorRun) -> JsonObject:
    """Return the document of a setup; ``run_id`` is null where nothing was to be done."""
    return {
        "kind": "connector_run",
        "version": VERSION,
        "sync": run.sync,
        "run_id": run.run_id or None,
        "status": run.status.value,
        "targets": [_reported(target) for target in run.targets],
    }


def _planned(target: ConnectorTargetPlan) -> JsonObject:
    return {
        "target": target.target,
        "changes": [_change(change) for change in target.changes],
        "warnings": notices_to_json(target.warnings),
    }


def _change(change: Change) -> JsonObject:
    return {
        "action": change.action.value,
        "name": change.name,
        "before": settings_in(change.before) if change.before else None,
        "after": settings_in(change.after) if change.after else None,
        "reason": change.reason,
    }


def _reported(target: TargetReport) -> JsonObject:
    return {
        "target": target.target,
        "status": target.status.value,
        "applied": dict(target.applied),
        "failed": [
            {"action": o.change.action.value, "name": o.change.name, "error": o.reason}
            for o in target.failed
        ],
        "warnings": notices_to_json(target.warnings),
    }
