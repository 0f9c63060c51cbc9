"""``aadsync connector status`` and ``compare``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from aadsync_lib.cli import runtime
from aadsync_lib.cli.options import PAGE, SETTINGS, TALK, TARGET, Options, options

if TYPE_CHECKING:
    from aadsync_lib.connector.connectors import Connectors
    from aadsync_lib.connector.status.model import ConnectorStatus

LOOK = 3  # exit code: a person should look


@click.command()
@options(*SETTINGS, TARGET, *PAGE, *TALK)
@click.option("--watch", "watched", is_flag=True, help="Wait until no cycle is under way any more.")
@click.pass_context
def status(ctx: click.Context, options: Options, *, watched: bool) -> None:
    """Show state, cycles, quarantine with its remedy, and what fails; write nothing.

    Ends with 3 where a connector is not as the settings want it, or something fails.
    """
    from aadsync_lib.connector.status.as_json import status_to_json
    from aadsync_lib.connector.status.document import status_document

    with runtime.connectors_of(options, runtime.settings_of(options)) as connectors:
        shown = _watched(options, connectors) if watched else _read(connectors)
    if options.form == "json":  # which has no key for it
        _tell_of_long_logs(shown)
    runtime.publish_document(options, lambda: status_document(shown), lambda: status_to_json(shown))
    if not shown.healthy:
        ctx.exit(LOOK)


@click.command()
@options(*SETTINGS, TARGET, *PAGE, *TALK)
@click.pass_context
def compare(ctx: click.Context, options: Options) -> None:
    """Show who is provisioned by the connector or by this sync alone, and why; write nothing."""
    from aadsync_lib.connector.compare.as_json import comparison_to_json
    from aadsync_lib.connector.compare.document import comparison_document

    with runtime.comparer_of(options, runtime.settings_of(options)) as comparer:
        compared = comparer.run()
    runtime.publish_document(
        options, lambda: comparison_document(compared), lambda: comparison_to_json(compared)
    )
    if not compared.complete:
        ctx.exit(LOOK)


def _tell_of_long_logs(status: ConnectorStatus) -> None:
    from aadsync_lib.connector.status.document import log_line

    for target in status.targets:
        if target.log_since:
            click.echo(f"aadsync: {target.target}: {log_line(target.log_since)}.", err=True)


def _read(connectors: Connectors) -> ConnectorStatus:
    from aadsync_lib.connector.status.read import StatusReader

    return StatusReader(connectors).whole()


def _watched(options: Options, connectors: Connectors) -> ConnectorStatus:
    from aadsync_lib.connector.status.read import StatusReader
    from aadsync_lib.connector.status.watch import watch
    from aadsync_lib.report.progress import progress_on

    reader = StatusReader(connectors)
    watch(reader.jobs, connectors.clock, progress_on(sys.stderr, quiet=options.quiet))
    return reader.whole()
