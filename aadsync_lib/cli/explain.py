"""``aadsync explain``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from aadsync_lib.cli import runtime
from aadsync_lib.cli.options import OUTPUT, SETTINGS, TALK, TARGET, Options, options

if TYPE_CHECKING:
    from aadsync_lib.model.explanation import Explanation

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
    settings = runtime.settings_of(options)
    found = runtime.planner_of(options, settings).explain(user, group)
    _publish(found, options)
    if not found.found:
        ctx.exit(NOTHING_FOUND)


def _publish(found: Explanation, options: Options) -> None:
    from aadsync_lib.report.explain import as_json, text
    from aadsync_lib.report.page import Look

    match options.form:
        case "json":
            runtime.publish(options, options.outlet.json(as_json.explanation_to_json(found)))
        case "markdown":
            runtime.publish(options, text.explanation_markdown(found, full=options.every))
        case _:
            shown, plain = (
                text.explanation_text(found, look, full=options.every)
                for look in (Look.of(sys.stdout), Look())
            )
            runtime.publish(options, shown, plain)
