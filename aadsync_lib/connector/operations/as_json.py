"""The ``connector_result`` document of the public contract."""

from __future__ import annotations

from dataclasses import asdict

from aadsync_lib.model.connector import ConnectorResult, TargetResult
from aadsync_lib.responses import JsonObject

VERSION = 1


def result_to_json(result: ConnectorResult) -> JsonObject:
    """Return the document."""
    return {
        "kind": "connector_result",
        "version": VERSION,
        "sync": result.sync,
        "action": result.action,
        "targets": [_target(target) for target in result.targets],
    }


def _target(target: TargetResult) -> JsonObject:
    return {
        "target": target.target,
        "status": target.status.value,
        "steps": [asdict(step) for step in target.steps],
    }
