"""``aadsync plan``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aadsync_lib.cli import session
from aadsync_lib.cli.options import FILE, READING, Options, new_file, options
from aadsync_lib.cli.outlet import OWNER_ONLY

if TYPE_CHECKING:
    from aadsync_lib.config.settings import Settings
    from aadsync_lib.model.plan import Plan
    from aadsync_lib.report.advice import Call

THERE_ARE_CHANGES = 2


@click.command()
@options(*READING)
@click.option(
    "--save", type=FILE, callback=new_file, metavar="PLAN.json", help="Keep the plan for apply."
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are changes.")
@click.pass_context
def plan(
    ctx: click.Context, options: Options, save: Path | None, *, detailed_exitcode: bool
) -> None:
    """Show every change; write nothing."""
    from aadsync_lib.report.as_json import plan_to_json

    settings = session.settings_of(options)
    with session.engine_of(options, settings, read_only=True) as engine:
        found = engine.plan()
    call = session.call_of(options, str(save) if save else None)
    session.publish_plan(found, options, _judged(call, found, settings))
    if save is not None:
        options.outlet.file(save, options.outlet.json(plan_to_json(found)), OWNER_ONLY)
    if detailed_exitcode and not found.empty:
        ctx.exit(THERE_ARE_CHANGES)


def _judged(call: Call, plan: Plan, settings: Settings) -> Call:
    """Say already now what the guard has against the plan."""
    from aadsync_lib.reconcile.guard import breaches, touches_protected

    protected = touches_protected(plan)
    over = (*protected, *breaches(plan, settings.policy.limits))
    return replace(call, over=tuple(map(str, over)), approvable=not protected)
