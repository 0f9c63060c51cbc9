"""The full report of a job run or of a plan: one file for a browser, kept beside the plan."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from aadsync_lib.engine.planner import Planner
from aadsync_lib.engine.runner import Runner
from aadsync_lib.errors import AadsyncError
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.notebook.job_folder import RunFolder
from aadsync_lib.notebook.job_report import Totals
from aadsync_lib.ports import HistoryReader
from aadsync_lib.reconcile.guard import Verdict
from aadsync_lib.report.history.recorded import with_outcomes
from aadsync_lib.report.html import plan_page, run_page
from aadsync_lib.report.next_steps import InNotebook

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
    return plan_page(plan, verdict, InNotebook(), planner.history())


def of_run(report: RunReport, runner: Runner) -> str:
    """Return the page of a run."""
    return run_page(report, report.plan, history=runner.history())


def of_totals(totals: Totals, store: HistoryReader) -> str | None:
    """Return the page of all targets of a job run, or ``None`` where none of them was written to.

    Each target was a run of its own; their outcomes come from the store.
    """
    if not totals.run_ids:
        return None
    entries = [entry for run_id in totals.run_ids for entry in store.entries(run_id)]
    report = with_outcomes(replace(totals.report, run_id=", ".join(totals.run_ids)), entries)
    return run_page(report, totals.plan, history=store.runs())
