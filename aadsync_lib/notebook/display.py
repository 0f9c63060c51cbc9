"""Results as a notebook shows them: a page, and tidy tables to filter and sort."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

from aadsync_lib.model.explanation import Explanation
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.notebook.explanation import explanation_page, memberships_frame, paths_frame
from aadsync_lib.notebook.job_report import Totals
from aadsync_lib.notebook.past import Past
from aadsync_lib.notebook.platform import Platform
from aadsync_lib.notebook.summary import Findings, Shown
from aadsync_lib.reconcile.guard import Verdict
from aadsync_lib.report import summary
from aadsync_lib.report.explain.text import explanation_text
from aadsync_lib.report.page import Look
from aadsync_lib.report.text import plan_text, run_text

if TYPE_CHECKING:
    import pandas as pd


def show(
    result: Shown,
    platform: Platform,
    judge: Callable[[Plan], Verdict],
    kept: str | None = None,
) -> None:
    """Show a result on the platform; ``kept`` is the path of its full report."""
    match result:
        case Plan():
            page = summary.plan_summary(result, judge(result), kept=kept)
            platform.page(page, plan_text(result, Look()))
            platform.table(result.to_frame())
        case RunReport():
            platform.page(summary.run_summary(result, kept=kept), run_text(result, Look()))
            platform.table(result.to_frame())
        case Totals():
            platform.page(page_of(result, kept), "")
            platform.table(result.to_frame())
        case Explanation():
            platform.page(explanation_page(result), explanation_text(result))
            platform.table(paths_frame(result))
            platform.table(memberships_frame(result))
        case Past():
            _past(result, platform, judge)
        case _:
            platform.table(findings_frame(result))


def page_of(totals: Totals, kept: str | None = None) -> str:
    """Return the page of totals, as it is shown and as it is kept."""
    return summary.run_summary(
        totals.report, errors=totals.errors, refused=totals.refused, kept=kept
    )


def _past(past: Past, platform: Platform, judge: Callable[[Plan], Verdict]) -> None:
    """Show what was or would be taken back first, then each table under its title."""
    if past.report:
        show(past.report, platform, judge)
    elif past.undo:
        show(past.undo, platform, judge)
    for title, frame in past.tables():
        if len(frame):
            html = f"<h2>{escape(title)} ({len(frame):,})</h2>"
            platform.page(summary.page(title, html), f"{title} ({len(frame):,})")
            platform.table(frame)


def findings_frame(findings: Findings) -> pd.DataFrame:
    """Return one row a check, all columns ``string``: status, check, detail, remedy."""
    import pandas as pd

    rows = [(one.status, one.check, one.detail, one.remedy) for one in findings]
    return pd.DataFrame(rows, columns=["status", "check", "detail", "remedy"], dtype="string")
