"""The full report of a job run or of a plan: one file for a browser, kept beside the plan."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping

from aadsync_lib.engine.planner import Planner
from aadsync_lib.engine.runner import Runner
from aadsync_lib.errors import AadsyncError
from aadsync_lib.model.carried import RunRecord
from aadsync_lib.model.codec import JsonObject
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.notebook.job_folder import RunFolder
from aadsync_lib.notebook.job_report import Totals
from aadsync_lib.ports import HistoryReader
from aadsync_lib.reconcile.guard import Verdict
from aadsync_lib.report.html import past_run, plan_page, run_page
from aadsync_lib.report.next_steps import Call

log = logging.getLogger(__name__)


def kept(folder: RunFolder | None, page: Callable[[], str]) -> str | None:
    """Keep a page and return its path; nothing else is the worse where it cannot be kept."""
    if folder is None:
        return None
    try:
        return folder.save_report_page(page())
    except AadsyncError as error:
        log.warning("the full report was not kept: %s", error)
        return None


def of_plan(plan: Plan, planner: Planner, verdict: Verdict) -> str:
    """Return the page of a plan, with everything the guard has against it."""
    call = Call(verdict=verdict, in_notebook=True)
    return plan_page(plan, call=call, history=planner.history())


def of_run(report: RunReport, runner: Runner) -> str:
    """Return the page of a run."""
    return run_page(report, report.plan, history=runner.history())


def of_totals(
    totals: Totals, reports: Mapping[str, JsonObject], store: HistoryReader
) -> str | None:
    """Return the page of all targets of a job run, or ``None`` where none of them was written to.

    Each target was a run of its own; their outcomes come from the store.
    """
    ids = [one["run_id"] for one in reports.values() if one.get("run_id")]
    if not ids:
        return None
    runs = store.runs()
    entries = [entry for one in ids for entry in store.entries(one)]
    report = past_run(totals.plan.sync, _together(totals, ids), entries)
    return run_page(report, totals.plan, history=runs)


def _together(totals: Totals, ids: list[str]) -> RunRecord:
    status = totals.document["status"]
    return RunRecord(
        run_id=", ".join(ids),
        digest=totals.plan.digest,
        settings_digest=totals.plan.settings_digest,
        full=totals.plan.full,
        undoes=None,
        host="",
        user="",
        started_at=0.0,
        ended_at=0.0,
        status=status,
        report=json.dumps(totals.document),
    )
