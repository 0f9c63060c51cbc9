"""``.ci/python``: the Python to set up with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.setup import ROOT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PATH with the shell's own programs."""
    for program in ("bash", "grep"):
        (tmp_path / program).symlink_to(f"/usr/bin/{program}")
    return tmp_path


def put(path: Path, name: str, script: str) -> None:
    (path / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (path / name).chmod(0o755)


def ask(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [ROOT / ".ci" / "python", *words]
    environment = {**os.environ, "PATH": str(path)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


GOOD = f'exec {sys.executable} "$@"'
OLD = 'test "$1" = --version && echo Python 3.10.13'


def test_the_first_python_that_is_new_enough_is_taken(path: Path) -> None:
    put(path, "python3.11", OLD)
    put(path, "python3.13", GOOD)
    put(path, "python3", GOOD)
    assert ask(path).stdout == "python3.13\n"


def test_no_python_that_is_new_enough_is_said_with_what_there_is(path: Path) -> None:
    put(path, "python3", OLD)
    answer = ask(path)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "aadsync needs Python 3.11 or newer" in answer.stderr
    assert "python3.11: none\n" in answer.stderr
    assert "python3: Python 3.10.13\n" in answer.stderr


def test_a_python_that_is_named_is_taken_or_refused(path: Path) -> None:
    put(path, "python3.11", GOOD)
    put(path, "mine", OLD)
    assert ask(path, sys.executable).stdout == f"{sys.executable}\n"
    assert ask(path, "mine").returncode == 1
    assert "mine: Python 3.10.13\n" in ask(path, "mine").stderr
