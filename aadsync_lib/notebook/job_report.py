"""The last task of the job: what became of every target, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aadsync_lib.engine.record import record_unwritten, status_of, untouched
from aadsync_lib.errors import PartialError, UnsafePlanError
from aadsync_lib.model.codec import JsonObject
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import Requests, RunReport, Status, TargetReport
from aadsync_lib.notebook.job_folder import SILENT, WHOLE
from aadsync_lib.notebook.results import held_back, refused
from aadsync_lib.ports import Clock, Store
from aadsync_lib.reconcile.guard import Verdict
from aadsync_lib.report.as_json import run_to_json

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("target", "status", "changes", "members_added", "members_removed", "failed",
           "quarantined", "held", "error")  # fmt: skip
OF_ONE_RUN = frozenset({"version", "run_id", "full"})


@dataclass(frozen=True, slots=True)
class Totals:
    """What one job run came to, with all targets in one report.

    ``errors`` tells by target why it has no report of its own, ``run_ids`` which runs wrote something.
    """

    plan: Plan
    report: RunReport
    errors: Mapping[str, str]
    refused: str | None = None
    run_ids: tuple[str, ...] = ()

    @property
    def document(self) -> JsonObject:
        """The ``run`` document, without what only a single run has."""
        document = run_to_json(self.report)
        return {key: value for key, value in document.items() if key not in OF_ONE_RUN}

    def check(self) -> None:
        """Raise with what went wrong on which target, if anything did."""
        if self.refused:
            raise UnsafePlanError(self.refused)
        targets = self.report.targets
        lines = [f"  {target}: {error}" for target, error in self.errors.items()]
        lines += [
            f"  {target.target}: {len(target.failed)} changes were not done"
            for target in targets
            if target.failed
        ]
        lines += [
            f"  {target.target}: {held_back(target.on_hold)}"
            for target in targets
            if target.on_hold
        ]
        if lines:
            text = "\n".join(lines)
            raise PartialError(
                f"Not all of this run was done.\n{text}\nThe next run tries it again."
            )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a target: text columns are ``string``, counts ``int64``."""
        import pandas as pd

        frame = pd.DataFrame(map(self._row, self.report.targets), columns=COLUMNS)
        texts = ("target", "status", "error")
        return frame.astype({name: "string" if name in texts else "int64" for name in COLUMNS})

    def _row(self, target: TargetReport) -> tuple[Any, ...]:
        counted = map(len, (target.failed, target.in_quarantine, target.on_hold))
        members = (target.members_added, target.members_removed)
        changes = sum(target.applied.values())
        error = self.errors.get(target.target)
        return target.target, target.status.value, changes, *members, *counted, error


def total(
    plan: Plan,
    reports: Mapping[str, RunReport | str],
    store: Store | None,
    clock: Clock,
    verdict: Verdict,
) -> Totals:
    """Bring the targets of a plan and their reports together, and record what wrote nothing.

    A target without changes has no task of its own; that it was looked at is recorded here. A plan
    that nobody meant to apply leaves no trace, and has no ``store``.
    """
    status = None if verdict.allowed else Status.REFUSED
    targets, quiet, errors = [], [], {}
    for target in plan.targets:
        done = _report_on(target.target, reports)
        if isinstance(done, TargetReport):
            targets.append(done)
        elif status or store is None or not target.changes:
            quiet.append(untouched(target, status or status_of(target, complete=plan.complete)))
            targets.append(quiet[-1])
        else:
            errors[target.target] = done
            targets.append(untouched(target, Status.FAILED))
    over = () if verdict.allowed else verdict.objections
    if quiet and store is not None:
        record_unwritten(store, clock, plan, quiet, over)
    runs = [report for report in reports.values() if isinstance(report, RunReport)]
    refusal = refused(verdict, plan) if over else None
    ids = tuple(run.run_id for run in runs if run.run_id)
    return Totals(plan, _together(plan, tuple(targets), runs), errors, refusal, ids)


def _report_on(target: str, reports: Mapping[str, RunReport | str]) -> TargetReport | str:
    """Return what was done on a target, by its own report or by one over all, or why that is not known."""
    about = [reports[name] for name in (target, WHOLE) if name in reports]
    parts = (part for report in about if isinstance(report, RunReport) for part in report.targets)
    errors = (report for report in about if isinstance(report, str))
    done = next((part for part in parts if part.target == target), None)
    return done or next(errors, SILENT)


def _together(
    plan: Plan, targets: tuple[TargetReport, ...], runs: Sequence[RunReport]
) -> RunReport:
    graph = sum(run.requests.graph for run in runs)
    databricks = sum(run.requests.databricks for run in runs)
    return RunReport(
        run_id="",
        sync=plan.sync,
        digest=plan.digest,
        full=plan.full,
        targets=targets,
        requests=Requests(graph, databricks),
        seconds=round(sum(run.seconds for run in runs), 1),
        head=plan.head,
    )
