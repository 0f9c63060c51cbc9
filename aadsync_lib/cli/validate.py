"""``aadsync validate``."""

from __future__ import annotations

import click

from aadsync_lib.cli import following, runtime
from aadsync_lib.cli.options import OUTPUT, SETTINGS, TALK, TARGET, Options, options
from aadsync_lib.errors import SettingsError


@click.command()
@options(*SETTINGS, TARGET, *OUTPUT, *TALK)
@click.pass_context
def validate(ctx: click.Context, options: Options) -> None:
    """Check the settings alone, offline: every problem at once.

    Nothing is logged in to and no secret is read. Ends with 1 when there is a problem.
    """
    from aadsync_lib.report.document import GOOD, Document

    try:
        settings = runtime.settings_of(options)
    except SettingsError as error:
        if options.form == "json":
            runtime.publish(options, options.output.json(_document(None, error.problems)))
            ctx.exit(error.exit_code)
        raise
    targets = ", ".join(f"{target.name} ({target.level})" for target in settings.targets)
    lines = (f"Sync {settings.name}; targets: {targets}.",)
    doctor = following.call_of(options).command("doctor")
    document = Document(
        f"{settings.file}: no problem",
        tone=GOOD,
        lines=lines,
        next=f"Next: {doctor} tries the logins, permissions and limits.",
    )
    runtime.publish_document(options, lambda: document, lambda: _document(settings.name, ()))


def _document(sync: str | None, problems: tuple[str, ...]) -> dict[str, object]:
    return {"kind": "validation", "version": 1, "sync": sync, "problems": list(problems)}
