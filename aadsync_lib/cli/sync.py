"""``aadsync plan``, ``aadsync sync`` and ``aadsync apply``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aadsync_lib.cli import following, runtime
from aadsync_lib.cli.consent import YES, asker_of
from aadsync_lib.cli.options import APPLYING, FILE, READING, Options, new_file, options
from aadsync_lib.cli.output import one_stream
from aadsync_lib.cli.signals import interruptible
from aadsync_lib.errors import UnsafePlanError, UsageError
from aadsync_lib.model.run import RunReport, Status

if TYPE_CHECKING:
    from aadsync_lib.engine.runner import Runner
    from aadsync_lib.model.plan import Plan
    from aadsync_lib.report.next_steps import Call


THERE_ARE_CHANGES = 2
REFUSED = "Refused by the guard, for the reasons above. Nothing was changed."


ON_DEMAND = (
    click.option(
        "--user", metavar="NAME", help="Only what concerns this person, by any name or id."
    ),
    click.option("--group", metavar="NAME", help="Only what concerns this group, by name or id."),
)


@click.command()
@options(*READING)
@ON_DEMAND[0]
@ON_DEMAND[1]
@click.option(
    "--save", type=FILE, callback=new_file, metavar="PLAN.json", help="Keep the plan for apply."
)
@click.option(
    "--against", type=FILE, metavar="PLAN.json", help="Say as well what moved since a saved plan."
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are changes.")
@click.pass_context
def plan(
    ctx: click.Context,
    options: Options,
    save: Path | None,
    against: Path | None,
    user: str | None,
    group: str | None,
    *,
    detailed_exitcode: bool,
) -> None:
    """Show every change; write nothing."""
    from aadsync_lib.engine.against import moved_since
    from aadsync_lib.report.as_json import plan_to_json
    from aadsync_lib.report.saved import part_of

    before = None if against is None else part_of(_saved(against), options.target)
    if (save or before) and (user or group):
        raise UsageError("--save and --against are of a whole plan: without --user and --group.")
    settings = runtime.settings_of(options)
    planner = runtime.planner_of(options, settings)
    planning = planner.plan(
        full=options.full, fingerprint=bool(save or before), user=user, group=group
    )
    call = following.call_of(options, str(save) if save else None, "sync", *_about(user, group))
    moved = moved_since(before, planning.plan) if before else None
    if save is not None:
        options.output.file(save, options.output.json(plan_to_json(planning.plan)))
    runtime.publish_plan(options, planner, planning, call, moved)
    if detailed_exitcode and not planning.plan.empty:
        ctx.exit(THERE_ARE_CHANGES)


def _digest(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    from aadsync_lib.model.codec import digest_in

    try:
        return None if text is None else digest_in(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


APPROVE = click.option(
    "--approve", metavar="DIGEST", callback=_digest,
    help="Go over the limits with exactly this plan; refuse any other.",
)  # fmt: skip


@click.command()
@options(*READING)
@APPROVE
@YES
@ON_DEMAND[0]
@ON_DEMAND[1]
@click.pass_context
def sync(
    ctx: click.Context,
    options: Options,
    approve: str | None,
    user: str | None,
    group: str | None,
    *,
    yes: bool,
) -> None:
    """Plan, check the limits, apply, record.

    On a terminal it shows the plan and asks before the first write.
    """

    def act(runner: Runner) -> RunReport:
        return runner.sync(approve=approve, full=options.full, user=user, group=group)

    call = following.call_of(options, None, "sync", *_about(user, group))
    ctx.exit(run(options, call, act, yes=yes))


def _about(user: str | None, group: str | None) -> tuple[str, ...]:
    """Return the options of a run on demand, for a line that is to do the same."""
    given = (("--user", user), ("--group", group))
    return tuple(part for option, name in given if name is not None for part in (option, name))


@click.command()
@click.argument("file", type=FILE, metavar="PLAN.json")
@options(*APPLYING)
@APPROVE
@YES
@click.pass_context
def apply(
    ctx: click.Context, options: Options, file: Path, approve: str | None, *, yes: bool
) -> None:
    """Apply a saved plan.

    It is applied exactly as it is, or refused when the world has moved under it. On a terminal it is
    shown and asked for first.
    """
    from aadsync_lib.report.saved import approval_of, part_of

    whole = _saved(file)
    part = part_of(whole, options.target)
    approval = approval_of(part, whole, approve)
    call = following.call_of(options, str(file))

    def act(runner: Runner) -> RunReport:
        return runner.apply(part, approve=approval)

    ctx.exit(run(options, call, act, yes=yes, saved=part))


def run(
    options: Options,
    call: Call,
    act: Callable[[Runner], RunReport],
    *,
    yes: bool,
    saved: Plan | None = None,
) -> int:
    """Let the runner act, publish what it did, and return the exit code.

    A ``saved`` plan of one target is that target's alone, whatever others the settings have.
    """
    from aadsync_lib.engine.refusal import RefusedError, refusal
    from aadsync_lib.report.saved import alone

    settings = runtime.settings_of(options)
    if saved is not None:
        known = [target.name for target in settings.targets]
        options = replace(options, target=options.target or alone(saved, known))
    asker = asker_of(options, call, yes=yes)
    with runtime.runner_of(options, settings, asker) as runner, interruptible(runner.stop):
        try:
            report = act(runner)
        except RefusedError as error:
            if asker:
                asker.show(error.plan, error.verdict)
            given = (error.report, error.plan, call, error.verdict)
            runtime.publish_run(options, runner, *given, brief=one_stream())
            if asker:  # it has shown why
                raise UnsafePlanError(REFUSED) from error
            verdict = error.verdict
            raise UnsafePlanError(
                refusal(verdict, error.plan, call.approving(verdict.digest))
            ) from error
        runtime.publish_run(options, runner, report, report.plan, call)
    return exit_code(report)


def exit_code(report: RunReport) -> int:
    """Return how a command that made this run ends: 0, 1, 3 or 4 of the public contract."""
    if report.status is Status.REFUSED:
        return 4
    if report.status is Status.FAILED and not report.applied:
        return 1
    return 0 if report.clean else 3


def _saved(path: Path) -> Plan:
    from aadsync_lib.report.saved import plan_from_text

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"{path} cannot be read: {reason}.") from error
    return plan_from_text(text, str(path))
