"""Results as a notebook shows them: a page, and tidy tables to filter and sort."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

from aadsync_lib.model.explanation import Explanation
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.notebook.explanation import memberships_frame, paths_frame
from aadsync_lib.notebook.job_report import Totals
from aadsync_lib.notebook.past import Past
from aadsync_lib.notebook.platform import Platform
from aadsync_lib.notebook.summary import Findings, Shown
from aadsync_lib.reconcile.guard import Verdict
from aadsync_lib.report.explain.parts import explanation_document
from aadsync_lib.report.next_steps import InNotebook
from aadsync_lib.report.plans import plan_document, run_document
from aadsync_lib.report.summary import page, summary, summary_part
from aadsync_lib.report.terminal import as_text

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
            document = plan_document(result, judge(result), InNotebook())
            platform.page(summary(document, kept=kept), as_text(plan_document(result)))
            platform.table(result.to_frame())
        case RunReport():
            document = run_document(result, advice=InNotebook())
            platform.page(summary(document, kept=kept), as_text(run_document(result)))
            platform.table(result.to_frame())
        case Totals():
            platform.page(page_of(result, kept), "")
            platform.table(result.to_frame())
        case Explanation():
            document = explanation_document(result)
            names = " in ".join(filter(None, (result.user, result.group)))
            platform.page(page(f"Explain {names}", summary_part(document)), as_text(document))
            platform.table(paths_frame(result))
            platform.table(memberships_frame(result))
        case Past():
            _past(result, platform, judge)
        case _:
            platform.table(findings_frame(result))


def page_of(totals: Totals, kept: str | None = None) -> str:
    """Return the page of totals, as it is shown and as it is kept."""
    document = run_document(
        totals.report,
        advice=None if totals.refused else InNotebook(),
        unreported=totals.errors,
        refusal=totals.refused,
    )
    return summary(document, kept=kept)


def _past(past: Past, platform: Platform, judge: Callable[[Plan], Verdict]) -> None:
    """Show what was or would be taken back first, then each table under its title."""
    if past.report:
        show(past.report, platform, judge)
    elif past.undo:
        show(past.undo, platform, judge)
    for title, frame in past.tables():
        if len(frame):
            html = f"<h2>{escape(title)} ({len(frame):,})</h2>"
            platform.page(page(title, html), f"{title} ({len(frame):,})")
            platform.table(frame)


def findings_frame(findings: Findings) -> pd.DataFrame:
    """Return one row a check, all columns ``string``: status, check, detail, remedy."""
    import pandas as pd

    rows = [(one.status, one.check, one.detail, one.remedy) for one in findings]
    return pd.DataFrame(rows, columns=["status", "check", "detail", "remedy"], dtype="string")
