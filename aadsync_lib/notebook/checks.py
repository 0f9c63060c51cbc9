"""Checks of ``01_setup`` as rows: red ones with their remedy first, then yellow and green."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from aadsync_lib.doctor.examine import Finding
from aadsync_lib.report.escape import visible
from aadsync_lib.report.opening import opening
from aadsync_lib.report.summary import page

ORDER = ("failed", "warning", "ok")
TONES = {"failed": "bad", "warning": "warn", "ok": "good"}
NEXT = "Next: 02_plan shows what a first sync would change."
AGAIN = "Do what the red rows say, then run this notebook again."
FILL_IN = "Fill in the widgets at the top of the notebook, as the rows say, then Run all again."
NOT_YET = ("is missing", "is required")


def checks_sentence(findings: Sequence[Finding]) -> str:
    """Say whether everything works, and what to do next."""
    failed = sum(finding.status == "failed" for finding in findings)
    if failed and all(finding.detail.startswith(NOT_YET) for finding in findings):
        return f"{failed} answers are missing. {FILL_IN}"
    if failed:
        return f"{failed} of {len(findings)} checks failed. {AGAIN}"
    warned = sum(finding.status == "warning" for finding in findings)
    about = f"; {warned} to look at" if warned else ""
    return f"All that a sync needs works: {len(findings)} checks{about}. {NEXT}"


def checks_page(findings: Sequence[Finding], link: str | None) -> str:
    """Return the page: the sentence with a link to the settings file, then a row a check."""
    rows = "".join(map(_row, _sorted(findings)))
    names = ("", "Check", "What was found", "What to do")
    head = "".join(f'<th scope="col"{_narrow(name)}>{name}</th>' for name in names)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return page(
        "Set up and check",
        opening(checks_sentence(findings), link, "Settings file"),
        f'<section class="wide">{table}</section>',
    )


def checks_text(findings: Sequence[Finding]) -> str:
    """Return the same for a place that shows no pages."""
    return "\n".join((checks_sentence(findings), *map(visible, map(str, _sorted(findings)))))


def _sorted(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: ORDER.index(finding.status))


def _row(finding: Finding) -> str:
    cells = (finding.detail, finding.remedy or "")
    text = "".join(f"<td>{escape(visible(cell))}</td>" for cell in cells)
    name = f'<th scope="row">{escape(visible(finding.check))}</th>'
    return f'<tr class="{TONES[finding.status]}"><td>{finding.status}</td>{name}{text}</tr>'


def _narrow(name: str) -> str:
    return "" if name else ' style="width: 5rem"'
