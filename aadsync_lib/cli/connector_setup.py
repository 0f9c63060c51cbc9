"""``aadsync connector plan``, ``setup`` and ``remove``."""

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

    with runtime.connectors_of(options, runtime.settings_of(options)) as connectors:
        planned = plan_connectors(connectors)
    runtime.publish_document(options, lambda: plan_document(planned), lambda: plan_to_json(planned))


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

    with runtime.connectors_of(options, runtime.settings_of(options), write=True) as connectors:
        run = set_up(connectors)
    runtime.publish_document(options, lambda: run_document(run), lambda: run_to_json(run))
    if run.not_accepted:
        names = ", ".join(run.not_accepted)
        click.echo(
            f"aadsync: {names}: Databricks does not accept the credentials. Nothing was started.",
            err=True,
        )
    ctx.exit(run.exit_code)


@click.command()
@options(*SETTINGS, TARGET, *PAGE, *TALK)
@click.option("--application", is_flag=True, help="Remove the enterprise application, too.")
@click.pass_context
def remove(ctx: click.Context, options: Options, *, application: bool) -> None:
    """Remove the provisioning job; never what setup did not make."""
    from aadsync_lib.connector.operations.as_json import result_to_json
    from aadsync_lib.connector.operations.document import result_document
    from aadsync_lib.connector.removal import remove

    with runtime.connectors_of(options, runtime.settings_of(options), write=True) as connectors:
        result = remove(connectors, application=application)
    runtime.publish_document(
        options, lambda: result_document(result), lambda: result_to_json(result)
    )
    ctx.exit(result.exit_code)
