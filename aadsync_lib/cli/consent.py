"""The question before the first write, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from aadsync_lib.cli.options import Options
from aadsync_lib.cli.signals import leaving_at_once

if TYPE_CHECKING:
    from aadsync_lib.model.plan import Plan
    from aadsync_lib.reconcile.guard import Verdict
    from aadsync_lib.report.next_steps import Call

YES = click.option("--yes", is_flag=True, help="Do not ask.")


def asks() -> bool:
    """Whether there is somebody to ask: both the keyboard and the messages are a terminal's."""
    return sys.stdin.isatty() and sys.stderr.isatty()


@dataclass(frozen=True, slots=True)
class Asker:
    """Shows a plan on stderr and asks; stdout is for the report of the run."""

    options: Options
    call: Call

    def __call__(self, plan: Plan, verdict: Verdict) -> bool:
        """Return whether the plan is to be applied; an interrupt or the end of the input is a no."""
        from aadsync_lib.report.wording import count, size

        self.show(plan, verdict)
        with leaving_at_once():
            try:
                return click.confirm(f"\nApply {count(size(plan), 'change')}?", err=True)
            except (click.Abort, KeyboardInterrupt):
                click.echo(err=True)
                return False

    def show(self, plan: Plan, verdict: Verdict) -> None:
        """Show a plan, and what the guard has against it, as ``plan`` does."""
        from aadsync_lib.report.plans import plan_document
        from aadsync_lib.report.terminal import as_text
        from aadsync_lib.report.terminal_page import Look

        document = plan_document(plan, verdict, self.call)
        if verdict.allowed:
            document = replace(document, next="")
        text = as_text(document, Look.of(sys.stderr), full=self.options.every)
        click.echo(self.options.output.redacted(text), err=True, nl=False, color=True)


def asker_of(options: Options, call: Call, *, yes: bool) -> Asker | None:
    """Return what asks before the first write, where somebody is to be asked."""
    return Asker(options, call) if asks() and not yes else None


Consent = Callable[["Plan", "Verdict"], bool]
