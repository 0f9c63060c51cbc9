"""``aadsync completion``: scripts, and what the program answers them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from aadsync_lib.cli import main
from aadsync_lib.cli.completion import SHELLS


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_a_script_that_asks_the_program(run, shell):
    result = run("completion", shell)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "_AADSYNC_COMPLETE" in result.stdout
    assert f"{shell}_complete" in result.stdout


def test_another_shell_is_a_usage_error(run):
    assert run("completion", "cmd").exit_code == 2


def answers(words, incomplete):
    env = {"_AADSYNC_COMPLETE": "powershell_complete", "COMP_WORDS": "\n".join(words),
           "COMP_INCOMPLETE": incomplete}  # fmt: skip
    result = CliRunner().invoke(main, [], prog_name="aadsync", env=env)
    return [line.split("\t") for line in result.stdout.splitlines()]


def test_powershell_is_answered_with_commands_options_and_values():
    commands = answers(["aadsync", "pl"], "pl")
    assert [(kind, value) for kind, value, _ in commands] == [("plain", "plan")]
    assert {"--against", "--all"} <= {
        value for _, value, _ in answers(["aadsync", "plan", "--a"], "--a")
    }
    forms = answers(["aadsync", "plan", "--format", ""], "")
    assert [value for _, value, _ in forms] == ["text", "json", "markdown", "html"]
    assert all(text for _, _, text in forms)


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_bash_completes_by_the_script(run, tmp_path):
    script = tmp_path / "completion"
    script.write_text(run("completion", "bash").stdout, encoding="utf-8")
    asked = (
        f"source {script}; COMP_WORDS=(aadsync undo --ye); COMP_CWORD=2; "
        "_aadsync_completion aadsync; printf '%s\\n' \"${COMPREPLY[@]}\"; complete -p aadsync"
    )
    path = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-c", f"PATH={path}:$PATH; {asked}"], capture_output=True, text=True, check=True
    )
    first, last = done.stdout.splitlines()
    assert first == "--yes"
    assert last.endswith("-F _aadsync_completion aadsync")
