"""``aadsync connector start``, ``stop`` and ``restart``."""

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


def _switch(action: str, resets: tuple[str, ...] = ()) -> Callable[[Connectors], ConnectorResult]:
    from aadsync_lib.connector.operations.switch import Switch
    from aadsync_lib.model.change import Action

    return Switch(Action(action), resets).run


def act(options: Options, action: Callable[[Connectors], ConnectorResult]) -> int:
    """Act on the connectors, publish what came of it, and return the exit code."""
    from aadsync_lib.connector.operations.as_json import result_to_json
    from aadsync_lib.connector.operations.document import result_document
    from aadsync_lib.report.html import document_page

    settings = runtime.settings_of(options)
    with runtime.connectors_of(options, settings, write=True) as connectors:
        result = action(connectors)
    runtime.publish_document(
        options,
        lambda: result_document(result),
        lambda: result_to_json(result),
        lambda: document_page(result_document(result)),
    )
    return result.exit_code
