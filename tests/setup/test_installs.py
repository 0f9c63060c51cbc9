"""Every command in the repository that installs Python packages: by hash, or nothing but the project itself."""

from __future__ import annotations

import re
import subprocess
from itertools import pairwise

import pytest

from tests.setup import ROOT

COMMAND = re.compile(
    r"\bpip3?\s+(?:install|wheel|download)\b(?!`|\.)|\bpip3?\"?,\s*\"(?:install|download)\"|\buvx\b|\bpipx\b|"
    r"\buv (?:add|run|tool|sync)\b|\bconda install\b|\beasy_install\b|\$\(UV\) \$\(\w+\)"
)
NO_COMMAND = {
    "tests/setup/fresh.py",  # fetches pips to try, and runs them on an index of its own in a folder that is deleted
    "aadsync_lib/errors.py",  # names the extra to a person whose installation lacks it; the README's way has all of them
}
BY_HASH = ("--require-hashes", "$(LOCKED)")
# The project itself, or nothing yet: a variable of the Makefile. What builds it is there already.
PROJECT = re.compile(r"(--no-deps --no-build-isolation|\$\(INSTALL\))( (--editable )?\.( |$)|$)")


def files() -> list[str]:
    command = ("git", "ls-files", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [
        name
        for name in listed.splitlines()
        if (ROOT / name).is_file()
        and name not in NO_COMMAND
        and not name.endswith((".lock", ".json", ".png"))
        and not re.search(r"(^|/)test_\w+\.py$", name)
    ]


def loose(text: str) -> list[str]:
    """Return the commands, each with the rest of its line, that take a package without a hash."""
    return [
        found
        for line in text.splitlines()
        for found in commands(line)
        if not any(word in found for word in BY_HASH) and not PROJECT.search(found)
    ]


def commands(line: str) -> list[str]:
    edges = [*(found.start() for found in COMMAND.finditer(line)), len(line)]
    return [line[start:end] for start, end in pairwise(edges)]


def test_nothing_is_installed_without_a_hash() -> None:
    wrong = {}
    for name in files():
        found = loose((ROOT / name).read_text(encoding="utf-8", errors="replace"))
        if found:
            wrong[name] = found
    assert wrong == {}


def test_the_commands_are_seen() -> None:
    seen = {name for name in files() if COMMAND.search((ROOT / name).read_text("utf-8", "replace"))}
    assert {"Makefile", "README.md", "notebooks/02_plan.py", "tests/setup/metadata.py"} <= seen


@pytest.mark.parametrize(
    "line",
    [
        "pip install .",
        "pip install aadsync[keyvault]",
        "pip install --no-deps --no-build-isolation rich",
        "pip install --no-deps .",
        "\t$(BIN)/pip install --quiet -r requirements.in",
        "# MAGIC %pip install --quiet -r ../requirements.txt",
        "pip install --require-hashes -r a.lock && pip install rich",
        "python3 -m pip wheel . --no-deps",
        'run(["pip", "install", "rich"])',
        "uvx ruff",
        "\t$(UV) $(TOOLS) rich",
    ],
)
def test_a_loose_command_is_found(line: str) -> None:
    assert loose(line)


@pytest.mark.parametrize(
    "line",
    [
        "pip install --no-deps --require-hashes -r a.lock && pip install --no-deps --no-build-isolation .",
        "\t$(UV) $(INSTALL) --editable . --python .venv",
        "\t$(UV) $(LOCKED) requirements.lock",
        "what `pip install` does",
    ],
)
def test_a_command_by_hash_is_taken(line: str) -> None:
    assert loose(line) == []
