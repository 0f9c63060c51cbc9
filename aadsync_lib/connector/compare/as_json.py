"""The ``connector_comparison`` document of the public contract."""

from __future__ import annotations

from aadsync_lib.connector.compare.model import Comparison, Difference, TargetComparison
from aadsync_lib.responses import JsonObject

VERSION = 1


def comparison_to_json(comparison: Comparison) -> JsonObject:
    """Return the document."""
    return {
        "kind": "connector_comparison",
        "version": VERSION,
        "sync": comparison.sync,
        "targets": [_target(target) for target in comparison.targets],
    }


def _target(target: TargetComparison) -> JsonObject:
    return {
        "target": target.target,
        "both": target.both,
        "only_connector": [_difference(each) for each in target.only_connector],
        "only_sync": [_difference(each) for each in target.only_sync],
    }


def _difference(difference: Difference) -> JsonObject:
    return {"name": difference.name, "type": difference.kind.value, "why": difference.why}
