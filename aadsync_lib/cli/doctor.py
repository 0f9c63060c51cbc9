"""``aadsync doctor``."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from aadsync_lib.cli import following, runtime
from aadsync_lib.cli.options import OUTPUT, SETTINGS, TALK, Options, options

if TYPE_CHECKING:
    from aadsync_lib.doctor.examine import Finding
    from aadsync_lib.report.terminal_page import Look

STYLES = {"ok": "green", "warning": "yellow", "failed": "red"}
Findings = tuple["Finding", ...]


@click.command()
@options(*SETTINGS, *OUTPUT, *TALK)
@click.option(
    "--probe", is_flag=True,
    help="Try what a sync relies on, with one throw-away group and service principal on each target.",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="With --probe: do not ask.")
@click.pass_context
def doctor(ctx: click.Context, options: Options, *, probe: bool, yes: bool) -> None:
    """Check credentials, permissions and limits.

    One line each, with what to do about it. Writes nothing, unless it is to probe.
    """
    if probe:
        from aadsync_lib.cli.probe import run

        ctx.exit(run(options, yes=yes))
    from aadsync_lib.cli.following import completed
    from aadsync_lib.doctor.examine import doctor as examine
    from aadsync_lib.report.document import Document
    from aadsync_lib.report.markdown import as_markdown
    from aadsync_lib.report.terminal import as_text
    from aadsync_lib.report.terminal_page import Look
    from aadsync_lib.secrets import SecretResolver

    settings, call = runtime.settings_of(options), following.call_of(options)
    secrets = SecretResolver()
    options.output.hide(secrets.redact)
    findings = tuple(
        replace(each, remedy=completed(each.remedy, call)) if each.remedy else each
        for each in examine(settings, secrets=secrets)
    )
    plan = call.command("plan")
    head = runtime.headed(options, Document())
    match options.form:
        case "json":
            runtime.publish(
                options, options.output.json(runtime.headed_json(options, _document(findings)))
            )
        case "markdown":
            runtime.publish(options, f"{as_markdown(head)}\n{_markdown(findings, plan)}")
        case _:
            shown, plain = (
                f"{as_text(head, look)}\n{_text(findings, plan, look)}"
                for look in (Look.of(sys.stdout), Look())
            )
            runtime.publish(options, shown, plain)
    ctx.exit(1 if _failed(findings) else 0)


def _document(findings: Findings) -> dict[str, object]:
    return {
        "kind": "doctor",
        "version": 1,
        "findings": [
            {
                "check": finding.check,
                "status": finding.status,
                "detail": finding.detail,
                "remedy": finding.remedy,
            }
            for finding in findings
        ],
    }


def _text(findings: Findings, plan: str, look: Look) -> str:
    from rich.text import Text

    from aadsync_lib.report.escape import visible
    from aadsync_lib.report.terminal_page import Page

    page = Page(look)
    page.table(
        ("", "Check", "Result"),
        (
            (
                Text(finding.status, STYLES[finding.status]),
                visible(finding.check),
                visible(_result(finding)),
            )
            for finding in findings
        ),
    )
    page.line()
    page.line(_next(findings, plan), "bold")
    return page.text()


def _markdown(findings: Findings, plan: str) -> str:
    from aadsync_lib.report.escape import markdown_name, markdown_prose
    from aadsync_lib.report.markdown import table

    rows = (
        (finding.status, markdown_name(finding.check), markdown_prose(_result(finding)))
        for finding in findings
    )
    listed = table(("", "Check", "Result"), rows)
    return f"{listed}\n\n{markdown_prose(_next(findings, plan))}\n"


def _result(finding: Finding) -> str:
    return f"{finding.detail} {finding.remedy}" if finding.remedy else finding.detail


def _failed(findings: Findings) -> int:
    return sum(finding.status == "failed" for finding in findings)


def _next(findings: Findings, plan: str) -> str:
    failed = _failed(findings)
    if failed:
        return f"Next: mend what failed ({failed}), then run this again."
    return f"Next: {plan} shows what a sync would do."
