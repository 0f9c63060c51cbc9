"""The last task of the job: what became of every target, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aadsync_lib.engine.record import record_unwritten, status_of, untouched
from aadsync_lib.errors import PartialError, UnsafePlanError
from aadsync_lib.model.codec import JsonObject
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import Status
from aadsync_lib.notebook.job_folder import SILENT, WHOLE
from aadsync_lib.notebook.results import held_back, refused
from aadsync_lib.ports import Clock, Store
from aadsync_lib.reconcile.guard import Verdict
from aadsync_lib.report.as_json import target_report_to_json

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("target", "status", "changes", "members_added", "members_removed", "failed",
           "quarantined", "held", "error")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Totals:
    """What one job run came to; ``document`` has the form of a run, with all targets in it.

    ``errors`` tells by target why it has no report of its own.
    """

    plan: Plan
    document: JsonObject
    errors: Mapping[str, str]
    refused: str | None = None

    def check(self) -> None:
        """Raise with what went wrong on which target, if anything did."""
        if self.refused:
            raise UnsafePlanError(self.refused)
        lines = [f"  {target}: {error}" for target, error in self.errors.items()]
        lines += [
            f"  {one['target']}: {len(one['failed'])} changes were not done"
            for one in self.document["targets"]
            if one["failed"]
        ]
        lines += [
            f"  {one['target']}: {held_back((held['name'], held['reason']) for held in one['held'])}"
            for one in self.document["targets"]
            if one["held"]
        ]
        if lines:
            text = "\n".join(lines)
            raise PartialError(
                f"Not all of this run was done.\n{text}\nThe next run tries it again."
            )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a target: text columns are ``string``, counts ``int64``."""
        import pandas as pd

        frame = pd.DataFrame([self._row(one) for one in self.document["targets"]], columns=COLUMNS)
        texts = ("target", "status", "error")
        return frame.astype({name: "string" if name in texts else "int64" for name in COLUMNS})

    def _row(self, one: JsonObject) -> tuple[Any, ...]:
        counted = (len(one[key]) for key in ("failed", "quarantined", "held"))
        changes = sum(one["applied"].values())
        members = (one["members_added"], one["members_removed"])
        return (one["target"], one["status"], changes, *members, *counted,
                self.errors.get(one["target"]))  # fmt: skip


def total(
    plan: Plan,
    reports: Mapping[str, JsonObject],
    store: Store | None,
    clock: Clock,
    verdict: Verdict,
) -> Totals:
    """Bring the targets of a plan and their reports together, and record what wrote nothing.

    A target without changes has no task of its own; that it was looked at is recorded here. A plan
    that nobody meant to apply leaves no trace, and has no ``store``.
    """
    status = None if verdict.allowed else Status.REFUSED
    found, quiet, errors = [], [], {}
    for one in plan.targets:
        done, error = _became_of(one.target, reports)
        if done is not None:
            found.append(done)
        elif status or store is None or not one.changes:
            quiet.append(untouched(one, status or status_of(one, complete=plan.complete)))
            found.append(target_report_to_json(quiet[-1]))
        else:
            errors[one.target] = error
            found.append(target_report_to_json(untouched(one, Status.FAILED)))
    if quiet and store is not None:
        record_unwritten(store, clock, plan, quiet, () if verdict.allowed else verdict.objections)
    refusal = None if verdict.allowed else refused(verdict)
    return Totals(plan, _document(plan, found, reports), errors, refusal)


def _became_of(target: str, reports: Mapping[str, JsonObject]) -> tuple[JsonObject | None, str]:
    """Return what was done on a target, by its own report or by one over all, or why that is not known."""
    told = [reports[name] for name in (target, WHOLE) if name in reports]
    parts = (part for report in told for part in report.get("targets", ()))
    done = next((part for part in parts if part["target"] == target), None)
    return done, next((str(report["error"]) for report in told if "error" in report), SILENT)


def _document(
    plan: Plan, targets: list[JsonObject], reports: Mapping[str, JsonObject]
) -> JsonObject:
    whole = [report for report in reports.values() if report.get("targets")]
    return {
        "kind": "run",
        "sync": plan.sync,
        "digest": plan.digest,
        "status": Status.worst(Status(one["status"]) for one in targets).value,
        "targets": targets,
        "requests": {
            side: sum(report["requests"][side] for report in whole)
            for side in ("graph", "databricks")
        },
        "seconds": round(sum(report["seconds"] for report in whole), 1),
    }
