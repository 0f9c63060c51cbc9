"""``aadsync explain``."""

from __future__ import annotations

import click

from aadsync_lib.cli import following, runtime
from aadsync_lib.cli.options import OUTPUT, SETTINGS, TALK, TARGET, Options, options

NOTHING_FOUND = 1


def _name(_context: click.Context, _option: click.Parameter, name: str | None) -> str | None:
    if name is not None and not name.strip():
        raise click.BadParameter("a name, or an id, is wanted")
    return name


@click.command()
@options(*SETTINGS, TARGET, *OUTPUT, *TALK)
@click.option(
    "--user",
    metavar="NAME",
    callback=_name,
    help="A person or service principal: user name, mail, application id, display name or id.",
)
@click.option("--group", metavar="NAME", callback=_name, help="A group: name or id.")
@click.pass_context
def explain(ctx: click.Context, options: Options, user: str | None, group: str | None) -> None:
    """Say why somebody is in a group, or is not; write nothing.

    With --user every group and every path; with --group everybody in it; with both the paths of the one
    into the other, or the reason why there is none.
    """
    if user is None and group is None:
        raise click.UsageError("Say whom to explain: --user NAME, --group NAME or both.")
    from aadsync_lib.report.explain.as_json import explanation_to_json
    from aadsync_lib.report.explain.parts import explanation_document

    settings = runtime.settings_of(options)
    call = following.call_of(options)
    explanation = runtime.planner_of(options, settings).explain(user, group)
    runtime.publish_document(
        options,
        lambda: explanation_document(explanation, full=options.every, advice=call),
        lambda: explanation_to_json(explanation),
    )
    if not explanation.found:
        ctx.exit(NOTHING_FOUND)
