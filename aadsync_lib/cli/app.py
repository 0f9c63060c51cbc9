"""The ``aadsync`` command: its subcommands, and how errors end it."""

from __future__ import annotations

from typing import Any

import click

from aadsync_lib import __version__
from aadsync_lib.cli.aim import aim
from aadsync_lib.cli.completion import completion
from aadsync_lib.cli.connector import connector
from aadsync_lib.cli.demo import demo
from aadsync_lib.cli.doctor import doctor
from aadsync_lib.cli.explain import explain
from aadsync_lib.cli.group import CommandGroup
from aadsync_lib.cli.history import history
from aadsync_lib.cli.init import init
from aadsync_lib.cli.install import install, uninstall
from aadsync_lib.cli.output import Failure, Output, streams_write_anything
from aadsync_lib.cli.register import register
from aadsync_lib.cli.sandbox import sandbox
from aadsync_lib.cli.sync import apply, plan, sync
from aadsync_lib.cli.undo import undo
from aadsync_lib.cli.validate import validate
from aadsync_lib.errors import AadsyncError

PURPOSES = {
    "To begin": ("demo", "init", "validate", "doctor", "register"),
    "To sync": ("plan", "sync", "apply"),
    "In a workspace": ("install", "uninstall"),
    "To understand and to undo": ("explain", "history", "undo"),
    "Entra's own provisioning": ("connector", "aim"),
    "Tools": ("sandbox", "completion"),
}


GO_ON = (  # may have written by then
    "sync", "apply", "undo", "aim", "connector", "register", "install", "uninstall",
)  # fmt: skip
INTERRUPTED = "Interrupted. What is done stays; run the same again, and it goes on from there."
UNTOUCHED = "Interrupted. Nothing was changed."


class Program(CommandGroup):
    """Turns every exception into one message on stderr and an exit code."""

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002  click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the commands by what they are for; one without a purpose comes last."""
        named = {name for names in PURPOSES.values() for name in names}
        others = tuple(name for name in self.commands if name not in named)
        for title, names in {**PURPOSES, "Others": others}.items():
            known = [(name, self.commands[name]) for name in names if name in self.commands]
            rows = [(name, command.get_short_help_str()) for name, command in known]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a subcommand."""
        streams_write_anything()
        ctx.obj = Output()
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise
        except (KeyboardInterrupt, click.Abort):
            click.echo(err=True)
            goes_on = ctx.invoked_subcommand in GO_ON
            raise Failure(AadsyncError(INTERRUPTED if goes_on else UNTOUCHED), ctx.obj) from None
        except Exception as error:
            raise Failure(error, ctx.obj) from error


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 error and nothing changed, 2 usage (or changes, with "
    "--detailed-exitcode), 3 done in part, 4 refused by the guard and nothing changed.",
)
@click.version_option(__version__, prog_name="aadsync")
def main() -> None:
    """Governed sync of people, nested groups and service principals from Microsoft Entra ID
    into Databricks.

    New here: aadsync demo. First real sync: aadsync init, validate, doctor, plan, sync.
    """


for command in (
    demo,
    init,
    validate,
    doctor,
    plan,
    sync,
    apply,
    install,
    uninstall,
    explain,
    history,
    undo,
    aim,
    register,
    connector,
    sandbox,
    completion,
):
    main.add_command(command)
