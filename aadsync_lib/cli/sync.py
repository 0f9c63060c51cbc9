"""``aadsync sync`` and ``aadsync apply``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aadsync_lib.cli import session
from aadsync_lib.cli.options import APPLYING, FILE, READING, Options, options
from aadsync_lib.cli.signals import interruptible
from aadsync_lib.errors import UsageError

if TYPE_CHECKING:
    from aadsync_lib.engine.engine import Engine
    from aadsync_lib.model.plan import Plan
    from aadsync_lib.model.run import RunReport
    from aadsync_lib.report.advice import Call

APPROVE = click.option(
    "--approve", metavar="DIGEST", help="Go over the limits with exactly this plan."
)


@click.command()
@options(*READING)
@APPROVE
@click.pass_context
def sync(ctx: click.Context, options: Options, approve: str | None) -> None:
    """Plan, check the limits, apply, record."""
    ctx.exit(_run(options, session.call_of(options), lambda engine: engine.sync(approve=approve)))


@click.command()
@click.argument("file", type=FILE, metavar="PLAN.json")
@options(*APPLYING)
@APPROVE
@click.pass_context
def apply(ctx: click.Context, options: Options, file: Path, approve: str | None) -> None:
    """Apply a saved plan.

    It is applied exactly as it is, or refused when the world has moved under it.
    """
    whole = _saved(file)
    part = whole if options.target is None else _part(whole, options.target)
    # Whoever approved the whole plan approved each part of it.
    approval = part.digest if approve == whole.digest else approve
    call = session.call_of(options, str(file))
    ctx.exit(_run(options, call, lambda engine: engine.apply(part, approve=approval)))


def _run(options: Options, call: Call, act: Callable[[Engine], RunReport]) -> int:
    from aadsync_lib.engine.refusal import RefusedError
    from aadsync_lib.reconcile.guard import touches_protected
    from aadsync_lib.report.outcomes import exit_code

    settings = session.settings_of(options)
    with (
        session.engine_of(options, settings, read_only=False) as engine,
        interruptible(engine.stop),
    ):
        try:
            report = act(engine)
        except RefusedError as error:
            told = replace(call, approvable=not touches_protected(error.plan))
            session.publish_run(error.report, options, told)
            raise
    session.publish_run(report, options, call)
    return exit_code(report)


def _saved(path: Path) -> Plan:
    from aadsync_lib.report.as_json import plan_from_json

    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not a saved plan: it is not JSON ({error}).") from error
    return plan_from_json(document)


def _part(plan: Plan, name: str) -> Plan:
    targets = tuple(target for target in plan.targets if target.target == name)
    if not targets:
        known = ", ".join(target.target for target in plan.targets)
        raise UsageError(f"The saved plan has no target {name}; it has: {known}.")
    return replace(plan, targets=targets)
