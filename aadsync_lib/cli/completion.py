"""``aadsync completion``, and PowerShell beside the shells that click knows."""

from __future__ import annotations

import os

import click
from click.shell_completion import (
    CompletionItem,
    ShellComplete,
    add_completion_class,
    get_completion_class,
)

from aadsync_lib.cli.options import TALK, Options, options

PROGRAM = "aadsync"
VARIABLE = "_AADSYNC_COMPLETE"  # by which click asks the program itself
SHELLS = ("bash", "zsh", "fish", "powershell")

POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $env:COMP_WORDS = ($commandAst.CommandElements | ForEach-Object { $_.Extent.Text }) -join "`n"
    $env:COMP_INCOMPLETE = $wordToComplete
    $env:%(complete_var)s = "powershell_complete"
    try {
        %(prog_name)s | ForEach-Object {
            $kind, $value, $help = $_ -split "`t", 3
            if ($kind -eq "plain") {
                [System.Management.Automation.CompletionResult]::new($value, $value, "ParameterValue", $help)
            }
        }
    } finally {
        Remove-Item Env:COMP_WORDS, Env:COMP_INCOMPLETE, Env:%(complete_var)s
    }
}
"""


class PowerShellComplete(ShellComplete):
    """Answers PowerShell, which completes names of files by itself where nothing is answered."""

    name = "powershell"
    source_template = POWERSHELL

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is completed, and that one."""
        words = [word.strip("'\"") for word in os.environ["COMP_WORDS"].split("\n")[1:]]
        incomplete = os.environ["COMP_INCOMPLETE"].strip("'\"")
        return (words[:-1] if words and words[-1] == incomplete else words), incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Write one answer on one line; PowerShell takes no empty help."""
        return f"{item.type}\t{item.value}\t{item.help or item.value}"


add_completion_class(PowerShellComplete)


@click.command()
@options(*TALK)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(options: Options, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash        eval "$(aadsync completion bash)" in ~/.bashrc
    zsh         eval "$(aadsync completion zsh)" in ~/.zshrc, after compinit
    fish        aadsync completion fish > ~/.config/fish/completions/aadsync.fish
    powershell  aadsync completion powershell | Out-String | Invoke-Expression in $PROFILE
    """
    known = get_completion_class(shell)
    assert known is not None
    complete = known(click.get_current_context().find_root().command, {}, PROGRAM, VARIABLE)
    # Not source(): of bash that runs bash to ask for its version.
    options.output.result(f"{(known.source_template % complete.source_vars()).strip()}\n")
