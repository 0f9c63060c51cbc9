"""Options that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from aadsync_lib.cli.following import DEFAULT_CONFIG, call_of, completed
from aadsync_lib.cli.output import Output, check_file, check_stdout

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Options:
    """What a command was given."""

    output: Output
    config: Path = Path(DEFAULT_CONFIG)
    overrides: tuple[tuple[str, str], ...] = ()
    target: str | None = None
    form: str = "text"
    out: Path | None = None
    every: bool = False
    full: bool = False
    verbose: int = 0
    quiet: bool = False


def _pairs(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    pairs = [text.partition("=") for text in given]
    for key, sign, _ in pairs:
        if not key.strip() or not sign:
            raise click.BadParameter("expected KEY=VALUE, such as policy.mode=additive")
    return tuple((key.strip(), value) for key, _, value in pairs)


def new_file(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    """Refuse before any work a file that could not be written after it."""
    if path is None:
        return None
    if not path.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no directory {path.parent}")
    if reason := check_file(path):
        raise click.BadParameter(f"{path} could not be written: {reason}")
    return path


FILE = click.Path(dir_okay=False, path_type=Path)

SETTINGS = (
    click.option(
        "-c", "--config", type=FILE, default=DEFAULT_CONFIG, show_default=True, metavar="F",
        help="The settings of the sync.",
    ),
    click.option(
        "--set", "overrides", multiple=True, callback=_pairs, metavar="KEY=VALUE",
        help="Set one value for this run, by its dotted name; may be repeated.",
    ),
)  # fmt: skip


def _output(*forms: str) -> tuple[Command, ...]:
    return (
        click.option(
            "--format", "form", type=click.Choice(forms), default="text", show_default=True,
            help="How the result is written to stdout.",
        ),
        click.option(
            "--out", type=FILE, callback=new_file, metavar="FILE",
            help="Write the result there too.",
        ),
        click.option("--all", "every", is_flag=True, help="List everything, however much it is."),
    )  # fmt: skip


OUTPUT = _output("text", "json", "markdown")
PAGE = _output("text", "json", "markdown", "html")
TARGET = click.option("--target", metavar="T", help="This target only.")
TALK = (
    click.option("-v", "--verbose", count=True, help="Tell the story; -vv tells every request."),
    click.option("-q", "--quiet", is_flag=True, help="No progress and no warnings."),
)
# Every run of this version reads everything.
FULL = click.option(
    "--full", is_flag=True,
    help="Read everything, not only what changed, and try what failed before however often it did.",
)  # fmt: skip

READING = (*SETTINGS, TARGET, FULL, *PAGE, *TALK)
APPLYING = (*SETTINGS, TARGET, *PAGE, *TALK)


def _completed(known: Options, text: str) -> str:
    return completed(text, call_of(known))


def options(*groups: Command) -> Callable[[Command], Command]:
    """Give a command these options, as one ``Options`` and its own besides."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def called(**given: Any) -> Any:
            from aadsync_lib.cli.logs import logs_to_stderr

            shared = {name: given.pop(name) for name in Options.__slots__ if name in given}
            known = Options(click.get_current_context().ensure_object(Output), **shared)
            if known.out is None and given.get("save") is None:
                check_stdout()
            if "overrides" in shared:
                known.output.name_commands(functools.partial(_completed, known))
            with logs_to_stderr(known.output, verbose=known.verbose, quiet=known.quiet):
                return command(known, **given)

        return functools.reduce(lambda wrapped, option: option(wrapped), reversed(groups), called)

    return decorate
