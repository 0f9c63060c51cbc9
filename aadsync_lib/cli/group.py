"""Groups of commands: whole sentences in their lists, and options that lack their value named as such."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import click

VALUES = {"directory": "DIR", "file": "FILE", "path": "PATH", "integer": "N", "integer range": "N"}


class CommandGroup(click.Group):
    """Commands in the order in which they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """List the commands in the order in which a newcomer needs them."""
        return list(self.commands)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command; lists show its first sentence, whole."""
        cmd.short_help = cmd.short_help or sentence_of(cmd)
        super().add_command(cmd, name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and refuse an option without its value before another word is taken for it."""
        name, command, rest = super().resolve_command(ctx, args)
        if command and not isinstance(command, click.Group) and not ctx.resilient_parsing:
            check_values(command, rest, click.Context(command, info_name=name, parent=ctx))
        return name, command, rest


def sentence_of(command: click.Command) -> str:
    """Return the first sentence of a command's help, whole."""
    paragraph = " ".join((command.help or "").partition("\n\n")[0].split())
    sentence, end, _ = paragraph.partition(". ")
    return sentence + end.strip()


def check_values(command: click.Command, words: Sequence[str], ctx: click.Context) -> None:
    """Raise ``UsageError`` where an option that takes a value is followed by another option, or by nothing."""
    options = {
        name: option
        for option in command.get_params(ctx)
        if isinstance(option, click.Option)
        for name in (*option.opts, *option.secondary_opts)
    }
    taken = False
    for word, following in zip_longest(words, words[1:]):
        if word == "--" and not taken:
            return
        option = None if taken else options.get(word)
        taken = option is not None and not (option.is_flag or option.count)
        if option is not None and taken and (following is None or following in options):
            given = f"; {following} is an option itself" if following else ""
            raise click.UsageError(f"{word} wants a value, {word} {_value(option)}{given}.", ctx)


def _value(option: click.Option) -> str:
    if option.metavar:
        return option.metavar
    if isinstance(option.type, click.Choice):
        return "|".join(map(str, option.type.choices))
    return VALUES.get(option.type.name, "TEXT")
