"""Plans and runs as the JSON documents of the public contract, and a saved plan back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from aadsync_lib.errors import PlanMovedError, UsageError
from aadsync_lib.model.codec import JsonObject, change_from_json, change_to_json
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.plan import Estimate, Managed, Plan, Quarantined, TargetPlan
from aadsync_lib.model.run import RunReport, TargetReport
from aadsync_lib.report.outcomes import failures, quarantined_in

VERSION = 1
T = TypeVar("T")


def plan_to_json(plan: Plan) -> JsonObject:
    """Return the plan as a document that ``plan_from_json`` reads back."""
    return {
        "kind": "plan",
        "version": VERSION,
        "sync": plan.sync,
        "digest": plan.digest,
        "complete": plan.complete,
        "targets": [_target_plan(target) for target in plan.targets],
        "settings_digest": plan.settings_digest,
    }


def run_to_json(report: RunReport) -> JsonObject:
    """Return the report as the ``run`` document."""
    return {
        "kind": "run",
        "version": VERSION,
        "run_id": report.run_id,
        "sync": report.sync,
        "digest": report.digest,
        "full": report.full,
        "status": report.status.value,
        "targets": [target_report_to_json(target) for target in report.targets],
        "requests": {"graph": report.requests.graph, "databricks": report.requests.databricks},
        "seconds": round(report.seconds, 3),
    }


def plan_from_json(raw: object) -> Plan:
    """Read a saved plan.

    Raises ``UsageError`` for anything that is not one, and ``PlanMovedError`` when its changes were
    edited after it was saved.
    """
    if not isinstance(raw, dict) or raw.get("kind") != "plan":
        raise UsageError(f"This is not a saved plan. {_SAVE_ONE}")
    if raw.get("version") != VERSION:
        raise UsageError(
            f"This plan is of version {raw.get('version')!r}; this aadsync reads {VERSION}. {_SAVE_ONE}"
        )
    plan, digest = _read(raw)
    if plan.digest != digest:
        raise PlanMovedError(
            f"The changes in this file were edited after it was saved: it says {digest}, they come "
            f"to {plan.digest}. Nothing was changed. {_SAVE_ONE}"
        )
    return plan


_SAVE_ONE = "Save a plan with: aadsync plan --save PLAN.json"


def _read(raw: Mapping[str, Any]) -> tuple[Plan, object]:
    try:
        plan = Plan(
            sync=_is(str, raw["sync"]),
            targets=tuple(map(_target_from, raw["targets"])),
            complete=_is(bool, raw["complete"]),
            settings_digest=_is(str, raw["settings_digest"]),
        )
        return plan, raw["digest"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"This saved plan is damaged ({type(error).__name__}: {error}). {_SAVE_ONE}"
        ) from error


def _is(wanted: type[T], value: object) -> T:
    if not isinstance(value, wanted):
        raise TypeError(f"{value!r} is no {wanted.__name__}")
    return value


def _target_plan(target: TargetPlan) -> JsonObject:
    managed = target.managed
    return {
        "target": target.target,
        "counts": dict(target.counts),
        "changes": [change_to_json(change) for change in target.changes],
        "members_added": target.members_added,
        "members_removed": target.members_removed,
        "quarantined": _quarantined(target.quarantined),
        "held": _quarantined(target.held),
        "warnings": _notices(target.warnings),
        "estimate": {"requests": target.estimate.requests, "seconds": target.estimate.seconds},
        "managed": {
            "users": managed.users,
            "groups": managed.groups,
            "members": managed.members,
        },
        "emptied": list(target.emptied),
        "retired": list(target.retired),
        "protected": sorted(target.protected),
    }


def _target_from(raw: Mapping[str, Any]) -> TargetPlan:
    return TargetPlan(
        target=raw["target"],
        changes=tuple(map(change_from_json, raw["changes"])),
        quarantined=tuple(map(_quarantined_from, raw["quarantined"])),
        held=tuple(map(_quarantined_from, raw["held"])),
        warnings=tuple(Notice(item["code"], item["message"]) for item in raw["warnings"]),
        managed=Managed(**raw["managed"]),
        estimate=Estimate(**raw["estimate"]),
        emptied=tuple(raw["emptied"]),
        retired=tuple(raw["retired"]),
        protected=frozenset(raw["protected"]),
    )


def target_report_to_json(target: TargetReport) -> JsonObject:
    return {
        "target": target.target,
        "status": target.status.value,
        "applied": dict(target.applied),
        "members_added": target.members_added,
        "members_removed": target.members_removed,
        "failed": [
            {"action": failure.action.value, "name": failure.name, "error": failure.error}
            for failure in failures(target)
        ],
        "quarantined": _quarantined(quarantined_in(target)),
        "held": _quarantined(target.held),
        "warnings": _notices(target.warnings),
    }


def _quarantined(items: Iterable[Quarantined]) -> list[JsonObject]:
    return [
        {"external_id": item.external_id, "name": item.name, "reason": item.reason}
        for item in items
    ]


def _quarantined_from(raw: Mapping[str, Any]) -> Quarantined:
    return Quarantined(raw["external_id"], raw["name"], raw["reason"])


def _notices(notices: Iterable[Notice]) -> list[JsonObject]:
    return [{"code": notice.code, "message": notice.message} for notice in notices]
