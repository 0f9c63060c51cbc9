"""``aadsync plan``."""

from __future__ import annotations

from pathlib import Path

import click

from aadsync_lib.cli import runtime
from aadsync_lib.cli.options import FILE, READING, Options, new_file, options
from aadsync_lib.cli.output import OWNER_ONLY

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

    settings = runtime.settings_of(options)
    planner = runtime.planner_of(options, settings)
    planning = planner.plan(full=options.full, fingerprint=save is not None)
    call = runtime.call_of(options, str(save) if save else None)
    runtime.publish_plan(options, planner, planning, call)
    if save is not None:
        options.outlet.file(save, options.outlet.json(plan_to_json(planning.plan)), OWNER_ONLY)
    if detailed_exitcode and not planning.plan.empty:
        ctx.exit(THERE_ARE_CHANGES)
