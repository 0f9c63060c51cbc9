"""``aadsync undo``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aadsync_lib.cli import following, runtime
from aadsync_lib.cli.consent import YES
from aadsync_lib.cli.options import APPLYING, FILE, Options, new_file, options
from aadsync_lib.cli.sync import APPROVE, run

if TYPE_CHECKING:
    from aadsync_lib.config.settings import Settings
    from aadsync_lib.report.next_steps import Call


@click.command()
@click.argument("run_id", metavar="RUN")
@options(*APPLYING)
@APPROVE
@YES
@click.option(
    "--save",
    type=FILE,
    callback=new_file,
    metavar="PLAN.json",
    help="Only plan it, and keep the plan for apply.",
)
@click.pass_context
def undo(
    ctx: click.Context,
    options: Options,
    run_id: str,
    approve: str | None,
    save: Path | None,
    *,
    yes: bool,
) -> None:
    """Take back what a run did.

    RUN is the id of a run, its beginning or its last six letters, or "last", the last one that changed anything. What has
    changed since is left alone and listed. On a terminal it shows the plan and asks.
    """
    from aadsync_lib.report.history.select import run_to_undo

    if save is not None and approve is not None:
        raise click.UsageError("--save only plans: --approve goes with apply of what is saved.")
    settings = runtime.settings_of(options)
    found = run_to_undo(runtime.store_of(settings), run_id).run_id
    call = replace(following.call_of(options, str(save) if save else None), undoes=found)
    if save is not None:
        _save(options, settings, call, found, save)
        return
    ctx.exit(run(options, call, lambda runner: runner.undo(found, approve=approve), yes=yes))


def _save(options: Options, settings: Settings, call: Call, run_id: str, path: Path) -> None:
    from aadsync_lib.report.as_json import plan_to_json

    planner = runtime.planner_of(options, settings)
    planning = planner.plan_undo(run_id)
    options.output.file(path, options.output.json(plan_to_json(planning.plan)))
    runtime.publish_plan(options, planner, planning, call)
