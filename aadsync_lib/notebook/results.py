"""Endings of a notebook: an error, or a summary as its result."""

from __future__ import annotations

from collections.abc import Sequence

from aadsync_lib.doctor.examine import Finding
from aadsync_lib.engine.refusal import refusal
from aadsync_lib.errors import AadsyncError, PartialError
from aadsync_lib.model.codec import JsonObject, address_to_json, head_to_json
from aadsync_lib.model.explanation import Explanation
from aadsync_lib.model.plan import Plan, Quarantined, TargetPlan
from aadsync_lib.model.run import RunReport, Status, TargetReport
from aadsync_lib.reconcile.guard import Verdict
from aadsync_lib.report.escape import visible
from aadsync_lib.report.explain.parts import not_found
from aadsync_lib.report.plan_rows import shortened

SHOWN = 10  # failures that an error names


def refused(verdict: Verdict, plan: Plan) -> str:
    """Say why the guard stops a plan; the widget is named where the command line has an option."""
    return refusal(verdict, plan, f"approve = {verdict.digest}")


def check_planned(result: str | None, verdict: Verdict) -> None:
    """Raise unless the task that plans went well: a plan that is there may be of an earlier attempt."""
    if result and result.lower() != "success" and verdict.allowed:
        raise AadsyncError(
            f"The plan was not made: its task ended as {result}. Nothing was applied after it. Look at "
            f"the run page of that task."
        )


def check_watched(result: str | None) -> None:
    """Raise unless the task that watches the connector went well, or there was nothing to watch."""
    if result and result.lower() not in ("success", "excluded"):
        raise PartialError(
            f"The sync is done, but Entra's connector is not as its settings want it, or could not be looked "
            f"at: its task ended as {visible(result)}. Look at the run page of that task."
        )


def check_run(report: RunReport) -> None:
    """Raise ``PartialError`` when something was not done; what waits for a person is shown only."""
    failed = [outcome for target in report.targets for outcome in target.failed]
    held = [item for target in report.targets for item in target.on_hold]
    if held and not failed and not report.undoes:  # an undo leaves alone what changed since
        raise PartialError(held_back(held))
    if not failed and report.status in {Status.SUCCEEDED, Status.PARTIAL}:
        return
    lines = "\n".join(
        f"  {o.change.action.value} {visible(o.change.name)}: {visible(o.reason)}"
        for o in failed[:SHOWN]
    )
    more = f"\n  and {len(failed) - SHOWN} more" if len(failed) > SHOWN else ""
    raise PartialError(
        f"Run {report.run_id} ended {report.status.value}: {len(failed)} changes were not done.\n"
        f"{lines}{more}\nThe next run tries them again. What was done is recorded."
    )


def held_back(held: Sequence[Quarantined]) -> str:
    """Say what waits and why: what could not be read is not gone, and what failed is tried again later."""
    known = dict.fromkeys((item.name, item.reason) for item in held)
    shown, more = shortened(tuple(known), SHOWN)
    lines = "\n".join(f"  {visible(name)}: {visible(reason)}" for name, reason in shown)
    also = f"\n  and {more} more" if more else ""
    return (
        f"{len(held)} changes are held back; everything else was done.\n{lines}{also}\nWhere Entra could "
        f"not be read, 01_setup says what may not be."
    )


def check_findings(findings: Sequence[Finding]) -> None:
    """Raise when something that a sync needs does not work."""
    failed = [str(finding) for finding in findings if finding.status == "failed"]
    if failed:
        lines = "\n".join(f"  {line}" for line in failed)
        raise AadsyncError(f"Checks failed: {len(failed)}. Mend them and run this again.\n{lines}")


def check_found(found: Explanation) -> None:
    """Raise when nobody has the name, with where it was looked for."""
    if not found.found:
        raise AadsyncError("\n".join(map(visible, not_found(found))))


def plan_result(plan: Plan, saved: str | None) -> JsonObject:
    """Return what a plan comes to, small enough for the result of a notebook."""
    return {
        "kind": "plan",
        "head": head_to_json(plan.head),
        "sync": plan.sync,
        "digest": plan.digest,
        "complete": plan.complete,
        "saved": saved,
        "targets": [_planned(target) for target in plan.targets],
    }


def run_result(report: RunReport) -> JsonObject:
    """Return what a run did, small enough for the result of a notebook."""
    return {
        "kind": "run",
        "head": head_to_json(report.head),
        "run_id": report.run_id,
        "sync": report.sync,
        "digest": report.digest,
        "status": report.status.value,
        "targets": [_ran(target) for target in report.targets],
        "requests": {"graph": report.requests.graph, "databricks": report.requests.databricks},
        "seconds": report.seconds,
    }


def findings_result(findings: Sequence[Finding], settings: str | None = None) -> JsonObject:
    """Return how many checks ended how, and the path of the settings file."""
    return {
        "kind": "doctor",
        "ok": sum(finding.status == "ok" for finding in findings),
        "warnings": sum(finding.status == "warning" for finding in findings),
        "settings": settings,
    }


def _planned(target: TargetPlan) -> JsonObject:
    return {
        "target": target.target,
        **address_to_json(target.address),
        "counts": dict(target.counts),
        "members_added": target.members_added,
        "members_removed": target.members_removed,
        "losing_access": len(target.losing),
        "quarantined": len(target.quarantined),
        "held": len(target.on_hold),
    }


def _ran(target: TargetReport) -> JsonObject:
    return {
        "target": target.target,
        **address_to_json(target.address),
        "status": target.status.value,
        "applied": dict(target.applied),
        "members_added": target.members_added,
        "members_removed": target.members_removed,
        "failed": len(target.failed),
        "quarantined": len(target.in_quarantine),
        "held": len(target.on_hold),
    }
