"""``aadsync plan``, ``aadsync sync`` and ``aadsync apply``."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import click

from aadsync_lib.cli import runtime
from aadsync_lib.cli.options import APPLYING, FILE, READING, Options, new_file, options
from aadsync_lib.cli.output import OWNER_ONLY
from aadsync_lib.errors import UsageError
from aadsync_lib.model.run import RunReport, Status

if TYPE_CHECKING:
    from aadsync_lib.engine.runner import Runner
    from aadsync_lib.model.plan import Plan
    from aadsync_lib.report.next_steps import Call


SIGNALS = (signal.SIGINT, signal.SIGTERM)
STOPPING = (
    b"\naadsync: finishing and recording what is in flight. "
    b"Run again to go on. A second signal exits at once.\n"
)
OVER = b"\0"


@contextmanager
def interruptible(
    stop: Callable[[], None],
    leave: Callable[[int], object] = os._exit,
    words: bytes = STOPPING,
) -> Iterator[None]:
    """Let the first signal ask to stop and a second one leave at once.

    A handler of Python's runs on the main thread only, which may wait for others and may not even
    be the one that the system interrupts. So a thread listens to what arrives. Leaving does not
    wait for anybody: what was sent is in the journal, and the next run looks it up.
    """
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    listener = Thread(target=_listen, args=(ours, stop, leave, words), name="signals", daemon=True)
    listener.start()
    before = {number: signal.signal(number, _do_nothing) for number in SIGNALS}
    wakeup = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        theirs.send(OVER)
        listener.join()
        ours.close()
        theirs.close()


def _do_nothing(*_: object) -> None:
    """Take the place of what would end the program."""


def _listen(
    ours: socket.socket, stop: Callable[[], None], leave: Callable[[int], object], words: bytes
) -> None:
    asked = False
    while (arrived := ours.recv(1)) != OVER:
        if asked:
            leave(128 + arrived[0])
            continue
        asked = True
        os.write(2, words)
        stop()


THERE_ARE_CHANGES = 2


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
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are changes.")
@click.pass_context
def plan(
    ctx: click.Context,
    options: Options,
    save: Path | None,
    user: str | None,
    group: str | None,
    *,
    detailed_exitcode: bool,
) -> None:
    """Show every change; write nothing."""
    from aadsync_lib.report.as_json import plan_to_json

    if save and (user or group):
        raise UsageError("--save keeps a whole plan: without --user and --group.")
    settings = runtime.settings_of(options)
    planner = runtime.planner_of(options, settings)
    planning = planner.plan(full=options.full, fingerprint=save is not None, user=user, group=group)
    call = runtime.call_of(options, str(save) if save else None)
    runtime.publish_plan(options, planner, planning, call)
    if save is not None:
        options.output.file(save, options.output.json(plan_to_json(planning.plan)), OWNER_ONLY)
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
@ON_DEMAND[0]
@ON_DEMAND[1]
@click.pass_context
def sync(
    ctx: click.Context,
    options: Options,
    approve: str | None,
    user: str | None,
    group: str | None,
) -> None:
    """Plan, check the limits, apply, record."""

    def act(runner: Runner) -> RunReport:
        return runner.sync(approve=approve, full=options.full, user=user, group=group)

    ctx.exit(run(options, runtime.call_of(options), act))


@click.command()
@click.argument("file", type=FILE, metavar="PLAN.json")
@options(*APPLYING)
@APPROVE
@click.pass_context
def apply(ctx: click.Context, options: Options, file: Path, approve: str | None) -> None:
    """Apply a saved plan.

    It is applied exactly as it is, or refused when the world has moved under it.
    """
    from aadsync_lib.report.saved import approval_of, part_of

    whole = _saved(file)
    part = part_of(whole, options.target)
    approval = approval_of(part, whole, approve)
    call = runtime.call_of(options, str(file))
    ctx.exit(run(options, call, lambda runner: runner.apply(part, approve=approval)))


def run(options: Options, call: Call, act: Callable[[Runner], RunReport]) -> int:
    """Let the runner act, publish what it did, and return the exit code."""
    from aadsync_lib.engine.refusal import RefusedError

    settings = runtime.settings_of(options)
    with runtime.runner_of(options, settings) as runner, interruptible(runner.stop):
        try:
            report = act(runner)
        except RefusedError as error:
            runtime.publish_run(options, runner, error.report, error.plan, call, error.verdict)
            raise
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
