"""What a notebook may show, and how each of it ends the notebook."""

from __future__ import annotations

from aadsync_lib.doctor.examine import Finding
from aadsync_lib.model.codec import JsonObject
from aadsync_lib.model.explanation import Explanation
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.notebook import results
from aadsync_lib.notebook.explanation import explanation_result
from aadsync_lib.notebook.job_report import Totals
from aadsync_lib.notebook.past import Past

Findings = tuple[Finding, ...]
Shown = Plan | RunReport | Totals | Explanation | Past | Findings


def summary_of(result: Shown, saved: str | None) -> JsonObject:
    """Return what it comes to as JSON. Raises when the result is not good.

    ``saved`` is where a plan was saved.
    """
    match result:
        case Plan():
            return results.plan_result(result, saved)
        case RunReport():
            results.check_run(result)
            return results.run_result(result)
        case Totals():
            result.check()
            return result.document
        case Explanation():
            results.check_found(result)
            return explanation_result(result)
        case Past():
            if result.report:
                results.check_run(result.report)
            return result.result
        case _:
            results.check_findings(result)
            return results.findings_result(result)
