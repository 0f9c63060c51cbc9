"""``aadsync connector plan`` and ``aadsync connector setup``."""

from __future__ import annotations

import click

from aadsync_lib.cli import runtime
from aadsync_lib.cli.options import PAGE, SETTINGS, TALK, TARGET, Options, options


@click.command()
@options(*SETTINGS, TARGET, *PAGE, *TALK)
def plan(options: Options) -> None:
    """Show every difference between the settings and Entra; write nothing."""
    from aadsync_lib.connector.report.as_json import plan_to_json
    from aadsync_lib.connector.report.document import plan_document
    from aadsync_lib.connector.setup import plan_connectors
    from aadsync_lib.report.html import document_page

    with runtime.connectors_of(options, runtime.settings_of(options)) as connectors:
        planned = plan_connectors(connectors)
    runtime.publish_document(
        options,
        lambda: plan_document(planned),
        lambda: plan_to_json(planned),
        lambda: document_page(plan_document(planned)),
    )


@click.command()
@options(*SETTINGS, TARGET, *PAGE, *TALK)
@click.pass_context
def setup(ctx: click.Context, options: Options) -> None:
    """Make Entra equal to the settings; a second one writes nothing.

    Ends with 1 where Databricks does not accept the credentials, and nothing was started; with 3
    where a part failed.
    """
    from aadsync_lib.connector.report.as_json import run_to_json
    from aadsync_lib.connector.report.document import run_document
    from aadsync_lib.connector.setup import set_up
    from aadsync_lib.report.html import document_page

    with runtime.connectors_of(options, runtime.settings_of(options), write=True) as connectors:
        run = set_up(connectors)
    runtime.publish_document(
        options,
        lambda: run_document(run),
        lambda: run_to_json(run),
        lambda: document_page(run_document(run)),
    )
    if run.not_accepted:
        names = ", ".join(run.not_accepted)
        click.echo(
            f"aadsync: {names}: Databricks does not accept the credentials. Nothing was started.",
            err=True,
        )
    ctx.exit(run.exit_code)
