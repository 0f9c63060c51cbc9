"""Plans and runs as the JSON documents of the public contract, and a saved plan back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from aadsync_lib.errors import AadsyncError, StalePlanError, UsageError
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.codec import (
    JsonObject,
    address_from_json,
    address_to_json,
    change_from_json,
    change_to_json,
    head_from_json,
    head_to_json,
)
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import (
    Estimate,
    Loss,
    Managed,
    Plan,
    Quarantined,
    TargetPlan,
    Unapplied,
    UnappliedBy,
    Unowned,
)
from aadsync_lib.model.run import Outcome, Recap, Requests, Result, RunReport, Status, TargetReport
from aadsync_lib.own_words import joined, own


def found_to_json(items: Iterable[Unowned]) -> list[JsonObject]:
    """Return what is on the target and not ours."""
    return [
        {
            "kind": item.kind.value,
            "external_id": item.external_id,
            "target_id": item.target_id,
            "name": item.name,
            "owner": item.owner,
            "setting": item.setting,
        }
        for item in items
    ]


def found_from_json(raw: Iterable[Mapping[str, Any]]) -> tuple[Unowned, ...]:
    """Read what ``found_to_json`` wrote."""
    return tuple(Unowned(**{**item, "kind": Kind(item["kind"])}) for item in raw)


def left_to_json(items: Iterable[Unapplied]) -> list[JsonObject]:
    """Return what the policy leaves alone, each as a change with ``by``."""
    return [change_to_json(item.change) | {"by": item.by.value} for item in items]


def left_from_json(raw: Iterable[Mapping[str, Any]]) -> tuple[Unapplied, ...]:
    """Read what ``left_to_json`` wrote."""
    return tuple(Unapplied(change_from_json(item), UnappliedBy(item["by"])) for item in raw)


def quarantined_to_json(items: Iterable[Quarantined]) -> list[JsonObject]:
    """Return what waits, with its reason."""
    return [
        {"external_id": item.external_id, "name": item.name, "reason": item.reason}
        for item in items
    ]


def quarantined_from_json(raw: Mapping[str, Any]) -> Quarantined:
    """Read one line of what ``quarantined_to_json`` wrote."""
    return Quarantined(raw["external_id"], raw["name"], raw["reason"])


def notices_to_json(notices: Iterable[Notice]) -> list[JsonObject]:
    """Return notices with their codes."""
    return [{"code": notice.code, "message": notice.message} for notice in notices]


VERSION = 1
T = TypeVar("T")


def plan_to_json(plan: Plan) -> JsonObject:
    """Return the plan as a document that ``plan_from_json`` reads back."""
    return {
        "kind": "plan",
        "version": VERSION,
        "head": head_to_json(plan.head),
        "sync": plan.sync,
        "digest": plan.digest,
        "complete": plan.complete,
        "targets": [_target_plan(target) for target in plan.targets],
        "settings_digest": plan.settings_digest,
        "source_digest": plan.source_digest,
        **_undoes(plan),
    }


def run_to_json(report: RunReport) -> JsonObject:
    """Return the report as the ``run`` document."""
    return {
        "kind": "run",
        "version": VERSION,
        "head": head_to_json(report.head),
        "run_id": report.run_id,
        "sync": report.sync,
        "digest": report.digest,
        "full": report.full,
        "status": report.status.value,
        "targets": [_target_report(target) for target in report.targets],
        "requests": {"graph": report.requests.graph, "databricks": report.requests.databricks},
        "seconds": round(report.seconds, 3),
        **_undoes(report),
        **({"over": list(report.over)} if report.over else {}),
    }


def _undoes(what: Plan | RunReport) -> JsonObject:
    return {"undoes": what.undoes} if what.undoes else {}


def plan_from_json(raw: object) -> Plan:
    """Read a saved plan.

    Raises ``UsageError`` for anything that is not one, and ``StalePlanError`` when its changes were
    edited after it was saved.
    """
    if not isinstance(raw, dict) or raw.get("kind") != "plan":
        raise _unusable("This is not a saved plan.")
    if raw.get("version") != VERSION:
        version = raw.get("version")
        raise _unusable(f"This plan is of version {version!r}; this aadsync reads {VERSION}.")
    plan, digest = _read(raw)
    if plan.digest != digest:
        raise _unusable(
            f"The changes in this file were edited after it was saved: it says {digest}, they come "
            f"to {plan.digest}. Nothing was changed.",
            StalePlanError,
        )
    return plan


def _unusable(problem: str, kind: type[AadsyncError] = UsageError) -> AadsyncError:
    return kind(joined(problem, own(" Save a plan with: aadsync plan --save PLAN.json")))


def _read(raw: Mapping[str, Any]) -> tuple[Plan, object]:
    try:
        plan = Plan(
            sync=_is(str, raw["sync"]),
            targets=tuple(map(_target_from, raw["targets"])),
            complete=_is(bool, raw["complete"]),
            settings_digest=_is(str, raw["settings_digest"]),
            undoes=raw.get("undoes"),
            source_digest=raw.get("source_digest"),
            head=head_from_json(raw.get("head")),
        )
        return plan, raw["digest"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unusable(f"This saved plan is damaged ({type(error).__name__}: {error}).") from error


def _is(wanted: type[T], value: object) -> T:
    if not isinstance(value, wanted):
        raise TypeError(f"{value!r} is no {wanted.__name__}")
    return value


def _target_plan(target: TargetPlan) -> JsonObject:
    managed = target.managed
    return {
        "target": target.target,
        **address_to_json(target.address),
        "counts": dict(target.counts),
        "changes": [change_to_json(change) for change in target.changes],
        "members_added": target.members_added,
        "members_removed": target.members_removed,
        "losing_access": len(target.losing),
        "quarantined": quarantined_to_json(target.quarantined),
        "held": quarantined_to_json(target.on_hold),
        "warnings": notices_to_json(target.warnings),
        "estimate": {"requests": target.estimate.requests, "seconds": target.estimate.seconds},
        "managed": asdict(managed),
        "emptied": list(target.emptied),
        "retired": list(target.retired),
        "losing": list(map(str, target.losing)),
        "losses": [{**asdict(loss), "above": list(loss.above)} for loss in target.losing],
        "protected": sorted(target.protected),
        "found": found_to_json(target.unowned),
        "left": left_to_json(target.unapplied),
        "state_digest": target.state_digest,
    }


def _target_from(raw: Mapping[str, Any]) -> TargetPlan:
    return TargetPlan(
        target=raw["target"],
        changes=tuple(map(change_from_json, raw["changes"])),
        quarantined=tuple(map(quarantined_from_json, raw["quarantined"])),
        on_hold=tuple(map(quarantined_from_json, raw["held"])),
        warnings=tuple(Notice(item["code"], item["message"]) for item in raw["warnings"]),
        managed=Managed(**raw["managed"]),
        estimate=Estimate(**raw["estimate"]),
        emptied=tuple(raw["emptied"]),
        retired=tuple(raw["retired"]),
        losing=tuple(_losses(raw)),
        address=address_from_json(raw),
        protected=frozenset(raw["protected"]),
        unowned=found_from_json(raw.get("found", ())),
        unapplied=left_from_json(raw.get("left", ())),
        state_digest=raw.get("state_digest"),
    )


def _losses(raw: Mapping[str, Any]) -> Iterator[Loss]:
    """Read who loses a group; earlier versions kept no more than ``ada from Data``."""
    if "losses" in raw:
        for loss in raw["losses"]:
            kind, above = Kind(loss["kind"]), tuple(loss.get("above", ()))
            yield Loss(**{**loss, "kind": kind, "above": above})
        return
    for text in raw.get("losing", ()):
        name, _, group = text.rpartition(" from ")
        yield Loss(name, group)


def _target_report(target: TargetReport) -> JsonObject:
    return {
        "target": target.target,
        **address_to_json(target.address),
        "status": target.status.value,
        "applied": dict(target.applied),
        "members_added": target.members_added,
        "members_removed": target.members_removed,
        "failed": [
            {"action": o.change.action.value, "name": o.change.name, "error": o.reason}
            for o in target.failed
        ],
        "quarantined": quarantined_to_json(target.in_quarantine),
        "held": quarantined_to_json(target.on_hold),
        "warnings": notices_to_json(target.warnings),
        "found": found_to_json(target.unowned),
        "left": left_to_json(target.unapplied),
        "drift": [
            change_to_json(outcome.change) | {"result": outcome.result.value}
            for outcome in target.drift
        ],
    }


def run_from_json(raw: Mapping[str, Any]) -> RunReport:
    """Read a ``run`` document back."""
    return RunReport(
        run_id=raw["run_id"],
        sync=raw["sync"],
        digest=raw["digest"],
        full=raw["full"],
        targets=tuple(map(_target_report_from, raw["targets"])),
        requests=Requests(**raw["requests"]),
        seconds=raw["seconds"],
        undoes=raw.get("undoes"),
        over=tuple(raw.get("over", ())),
        head=head_from_json(raw.get("head")),
    )


def _target_report_from(raw: Mapping[str, Any]) -> TargetReport:
    return TargetReport(
        target=raw["target"],
        status=Status(raw["status"]),
        quarantined=tuple(map(quarantined_from_json, raw["quarantined"])),
        on_hold=tuple(map(quarantined_from_json, raw["held"])),
        warnings=tuple(Notice(item["code"], item["message"]) for item in raw["warnings"]),
        # A report that an earlier version kept has none of these.
        unowned=found_from_json(raw.get("found", ())),
        unapplied=left_from_json(raw.get("left", ())),
        address=address_from_json(raw),
        recap=Recap(
            applied=raw["applied"],
            members_added=raw["members_added"],
            members_removed=raw["members_removed"],
            failed=tuple(map(_failed_from, raw["failed"])),
            drift=tuple(
                Outcome(change_from_json(item), Result(item["result"]))
                for item in raw.get("drift", ())
            ),
        ),
    )


def _failed_from(raw: Mapping[str, Any]) -> Outcome:
    change = Change(Action(raw["action"]), None, None, raw["name"], "")
    return Outcome(change, Result.FAILED, raw["error"])
