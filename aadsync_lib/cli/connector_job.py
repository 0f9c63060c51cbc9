"""``aadsync connector start``, ``stop``, ``restart`` and ``provision``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from aadsync_lib.cli import runtime
from aadsync_lib.cli.options import PAGE, SETTINGS, TALK, TARGET, Options, options

if TYPE_CHECKING:
    from aadsync_lib.connector.connectors import Connectors
    from aadsync_lib.model.connector import ConnectorResult

COMMON = (*SETTINGS, TARGET, *PAGE, *TALK)
RESETS = ("full", "watermark", "escrows", "quarantine", "allow_deletes")


@click.command()
@options(*COMMON)
@click.pass_context
def start(ctx: click.Context, options: Options) -> None:
    """Start the cycles of the connector; this ends a quarantine, too."""
    ctx.exit(act(options, _switch("start")))


@click.command()
@options(*COMMON)
@click.pass_context
def stop(ctx: click.Context, options: Options) -> None:
    """Stop the cycles of the connector; one that is under way still ends."""
    ctx.exit(act(options, _switch("stop")))


@click.command()
@options(*COMMON)
@click.option(
    "--reset", "resets", multiple=True, type=click.Choice(RESETS),
    help="What to forget; may be repeated. Without it quarantine, watermark and escrows, as the "
    "portal does. full also forgets who is matched with whom; allow_deletes does the deletions that "
    "the threshold holds.",
)  # fmt: skip
@click.pass_context
def restart(ctx: click.Context, options: Options, resets: tuple[str, ...]) -> None:
    """Restart the connector, and forget what --reset names; it is started in any case."""
    ctx.exit(act(options, _switch("restart", resets)))


@click.command()
@options(*COMMON)
@click.option("--user", metavar="NAME", help="This person: user name, mail address or object id.")
@click.option("--group", metavar="NAME", help="This group: name or object id.")
@click.option(
    "--member", "members", multiple=True, metavar="NAME",
    help="With --group: this member of it, too; may be repeated, up to five times.",
)  # fmt: skip
@click.pass_context
def provision(
    ctx: click.Context,
    options: Options,
    user: str | None,
    group: str | None,
    members: tuple[str, ...],
) -> None:
    """Have Entra provision one person, or one group and up to five members, at once.

    Ends with 3 where Entra skips or fails somebody; the steps say why.
    """
    from aadsync_lib.connector.operations.provision import provision as carry_out
    from aadsync_lib.connector.operations.subjects import Asked

    asked = Asked(user, group, members)
    asked.check()
    ctx.exit(act(options, lambda connectors: carry_out(connectors, asked)))


def _switch(action: str, resets: tuple[str, ...] = ()) -> Callable[[Connectors], ConnectorResult]:
    from aadsync_lib.connector.operations.switch import switch
    from aadsync_lib.model.change import Action

    return lambda connectors: switch(connectors, Action(action), resets)


def act(options: Options, action: Callable[[Connectors], ConnectorResult]) -> int:
    """Act on the connectors, publish what came of it, and return the exit code."""
    from aadsync_lib.connector.operations.as_json import result_to_json
    from aadsync_lib.connector.operations.document import result_document

    settings = runtime.settings_of(options)
    with runtime.connectors_of(options, settings, write=True) as connectors:
        result = action(connectors)
    runtime.publish_document(
        options, lambda: result_document(result), lambda: result_to_json(result)
    )
    return result.exit_code
