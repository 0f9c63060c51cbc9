"""``aadsync aim``."""

from __future__ import annotations

import click

from aadsync_lib.cli import following, runtime
from aadsync_lib.cli.consent import YES
from aadsync_lib.cli.group import CommandGroup
from aadsync_lib.cli.options import (
    APPLYING,
    OUTPUT,
    SETTINGS,
    TALK,
    TARGET,
    Options,
    options,
)
from aadsync_lib.cli.sync import APPROVE, run

IN_PART = 3  # exit code: a part of the scope could not be read


@click.group(cls=CommandGroup)
def aim() -> None:
    """Prepare for Databricks' automatic identity management."""


@aim.command()
@options(*SETTINGS, TARGET, *OUTPUT, *TALK)
@click.pass_context
def report(ctx: click.Context, options: Options) -> None:
    """Say what it would double, block or split; write nothing."""
    from aadsync_lib.report.aim import aim_document, aim_to_json

    settings = runtime.settings_of(options)
    found = runtime.planner_of(options, settings).aim_report()
    runtime.publish_document(options, lambda: aim_document(found), lambda: aim_to_json(found))
    if not found.complete:
        ctx.exit(IN_PART)


@aim.command()
@options(*APPLYING)
@APPROVE
@YES
@click.option("--plan", "only_plan", is_flag=True, help="Only show what would be filled in.")
@click.pass_context
def align(
    ctx: click.Context, options: Options, approve: str | None, *, yes: bool, only_plan: bool
) -> None:
    """Fill in the externalIds that it matches by, and nothing else.

    Missing ones; another one is replaced under policy.adopt: same_name or for policy.adopt_names alone.
    """
    call = following.call_of(options, None, "aim", "align")
    if only_plan:
        planner = runtime.planner_of(options, runtime.settings_of(options))
        runtime.publish_plan(options, planner, planner.plan_alignment(), call)
        return
    ctx.exit(run(options, call, lambda runner: runner.align(approve=approve), yes=yes))
