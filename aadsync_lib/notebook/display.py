"""Results as a notebook shows, keeps and ends with them: pages, tidy tables, and JSON."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from aadsync_lib.doctor.examine import Finding
from aadsync_lib.engine.planner import Planner
from aadsync_lib.engine.runner import Runner
from aadsync_lib.errors import AadsyncError
from aadsync_lib.model.codec import JsonObject
from aadsync_lib.model.explanation import Explanation
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.notebook import results
from aadsync_lib.notebook.checks import checks_page, checks_text
from aadsync_lib.notebook.connector import ConnectorAnswer
from aadsync_lib.notebook.explanation import explanation_result, memberships_frame, paths_frame
from aadsync_lib.notebook.job_folder import RunFolder
from aadsync_lib.notebook.job_report import Totals
from aadsync_lib.notebook.left_out import with_left_out
from aadsync_lib.notebook.links import link_to
from aadsync_lib.notebook.past import Past
from aadsync_lib.notebook.platform import Platform
from aadsync_lib.ports import HistoryReader
from aadsync_lib.reconcile.guard import Verdict
from aadsync_lib.report.document import Document
from aadsync_lib.report.explain.parts import answer, explanation_document
from aadsync_lib.report.history.as_json import with_outcomes
from aadsync_lib.report.html import plan_page, run_page
from aadsync_lib.report.next_steps import InNotebook
from aadsync_lib.report.opening import opening, sentence, sentence_of
from aadsync_lib.report.plans import plan_document, run_document
from aadsync_lib.report.summary import page, summary, summary_part
from aadsync_lib.report.terminal import as_text

if TYPE_CHECKING:
    import pandas as pd


log = logging.getLogger(__name__)
Findings = tuple[Finding, ...]
Shown = Plan | RunReport | Totals | Explanation | Past | ConnectorAnswer | Findings


def summary_of(result: Shown, saved: str | None) -> JsonObject:
    """Return what it comes to as JSON. Raises when the result is not good.

    ``saved`` is where a plan, or the settings, were saved.
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
        case ConnectorAnswer():
            if result.error:
                raise result.error
            return result.result
        case _:
            results.check_findings(result)
            return results.findings_result(result, saved)


def show(
    result: Shown,
    platform: Platform,
    judge: Callable[[Plan], Verdict],
    kept: str | None = None,
    left_out: tuple[str, ...] = (),
) -> None:
    """Show a result: a sentence with a link, its page, then its rows.

    ``kept`` is the path of its full report, or of the settings file that was checked; ``left_out`` are
    the lines of the file's groups that a plan does without.
    """
    match result:
        case Plan():
            document = with_left_out(plan_document(result, judge(result), InNotebook()), left_out)
            text = as_text(with_left_out(plan_document(result), left_out))
            _document(platform, document, text, kept)
            platform.table(result.to_frame())
        case RunReport():
            document = run_document(result, advice=InNotebook())
            _document(platform, document, as_text(run_document(result)), kept)
            platform.table(result.to_frame())
        case Totals():
            _document(platform, totals_document(result), "", kept)
            platform.table(result.to_frame())
        case Explanation():
            document = explanation_document(result, advice=InNotebook())
            title = f"Explain {' in '.join(filter(None, (result.user, result.group)))}"
            words = sentence(title, answer(result), {})
            _page(platform, title, words, summary_part(document), as_text(document))
            platform.table(paths_frame(result))
            platform.table(memberships_frame(result))
        case Past():
            _past(result, platform, judge)
        case ConnectorAnswer():
            _document(platform, result.document, as_text(result.document))
            _titled(result.tables, platform)
        case _:
            link = link_to(kept, platform.host)
            platform.page(checks_page(result, link), checks_text(result))


def page_of(totals: Totals, kept: str | None = None) -> str:
    """Return the page of totals as it is kept."""
    return summary(totals_document(totals), kept=kept)


def totals_document(totals: Totals) -> Document:
    """Return what a job run came to, with what to do next."""
    return run_document(
        totals.report,
        advice=None if totals.refused else InNotebook(),
        unreported=totals.errors,
        refusal=totals.refused,
    )


def _document(platform: Platform, document: Document, text: str, kept: str | None = None) -> None:
    part = summary_part(document, kept=kept)
    _page(platform, document.title, sentence_of(document), part, text, kept)


def _page(
    platform: Platform,
    title: str,
    words: str,
    part: str = "",
    text: str = "",
    kept: str | None = None,
) -> None:
    """Show a sentence with a link to what was kept, and the ``part`` of a page below it, or its ``text``."""
    begin = opening(words, link_to(kept, platform.host))
    platform.page(page(title, *filter(None, (begin, part))), "\n".join(filter(None, (words, text))))


def _past(past: Past, platform: Platform, judge: Callable[[Plan], Verdict]) -> None:
    """Show what was or would be taken back first, then each table under its title."""
    if past.report:
        show(past.report, platform, judge)
    elif past.undo:
        show(past.undo, platform, judge)
    sizes = {(name if size > 1 else name.removesuffix("s")): size
             for name, size in past.sizes.items() if size}  # fmt: skip
    words = sentence(f"History of {past.sync}", "" if sizes else "nothing yet", sizes)
    _page(platform, "History", words)
    _titled(past.tables(), platform)


def _titled(tables: Iterable[tuple[str, pd.DataFrame]], platform: Platform) -> None:
    for title, frame in tables:
        if len(frame):
            html = f"<h2>{escape(title)} ({len(frame):,})</h2>"
            platform.page(page(title, html), f"{title} ({len(frame):,})")
            platform.table(frame)


def kept(folder: RunFolder | None, page: Callable[[], str]) -> str | None:
    """Keep a page and return its path; nothing else is the worse where it cannot be kept."""
    if folder is None:
        return None
    try:
        return folder.save_report_page(page())
    except AadsyncError as error:
        log.warning("the full report was not kept: %s", error)
        return None


def plan_report(plan: Plan, planner: Planner, verdict: Verdict) -> str:
    """Return the page of a plan, with everything the guard has against it."""
    return plan_page(plan, verdict, InNotebook(), planner.history())


def run_report(report: RunReport, runner: Runner) -> str:
    """Return the page of a run."""
    return run_page(report, report.plan, history=runner.history())


def totals_report(totals: Totals, store: HistoryReader) -> str | None:
    """Return the page of all targets of a job run, or ``None`` where none of them was written to.

    Each target was a run of its own; their outcomes come from the store.
    """
    if not totals.run_ids:
        return None
    entries = [entry for run_id in totals.run_ids for entry in store.entries(run_id)]
    report = with_outcomes(replace(totals.report, run_id=", ".join(totals.run_ids)), entries)
    return run_page(report, totals.plan, history=store.runs())
