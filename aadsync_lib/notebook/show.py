"""Results as a notebook shows them: a page, and tidy tables to filter and sort."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aadsync_lib.config.policy import Limits
from aadsync_lib.doctor import Finding
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.notebook.platform import Platform
from aadsync_lib.notebook.totals import Totals
from aadsync_lib.report import summary
from aadsync_lib.report.page import Look
from aadsync_lib.report.text import plan_text, run_text

if TYPE_CHECKING:
    import pandas as pd


def show(
    result: Plan | RunReport | Totals | tuple[Finding, ...],
    platform: Platform,
    limits: Limits,
    approve: str | None,
) -> None:
    """Show a result on the platform."""
    match result:
        case Plan():
            page = summary.plan_summary(result, limits=limits, approve=approve)
            platform.page(page, plan_text(result, Look()))
            platform.table(result.to_frame())
        case RunReport():
            platform.page(summary.run_summary(result), run_text(result, Look()))
            platform.table(result.to_frame())
        case Totals():
            platform.page(page_of(result), "")
            platform.table(result.to_frame())
        case _:
            platform.table(findings_frame(result))


def page_of(totals: Totals) -> str:
    """Return the page of totals, as it is shown and as it is kept."""
    return summary.totals_summary(totals.document, errors=totals.errors, refused=totals.refused)


def findings_frame(findings: tuple[Finding, ...]) -> pd.DataFrame:
    """Return one row a check, all columns ``string``: status, check, detail, remedy."""
    import pandas as pd

    rows = [(one.status, one.check, one.detail, one.remedy) for one in findings]
    return pd.DataFrame(rows, columns=["status", "check", "detail", "remedy"], dtype="string")
