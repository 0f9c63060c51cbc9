"""The real Databricks CLI, where there is one, in an environment of its own."""

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.tools import tool

SECONDS = 300


@dataclass
class DatabricksCli:
    """Runs the CLI in ``folder``, without the caller's profiles, caches and credentials."""

    program: str
    folder: Path
    private: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DATABRICKS_", "BUNDLE_"))}
        return {
            **kept,
            "HOME": str(self.private),
            "DATABRICKS_CACHE_DIR": str(self.private / "cache"),
            "DATABRICKS_CLI_DISABLE_UPDATE_CHECK": "true",
            "DATABRICKS_CLI_DISABLE_TELEMETRY": "1",
            "DATABRICKS_RATE_LIMIT": "1000",  # else it waits so as to send no more than 15 requests a second
            "NO_COLOR": "1",
            **self.variables,
        }

    def at(self, host: str, token: str) -> "DatabricksCli":
        """The same, signed in to a workspace."""
        signed_in = {"DATABRICKS_HOST": host, "DATABRICKS_TOKEN": token}
        return DatabricksCli(
            self.program, self.folder, self.private, {**self.variables, **signed_in}
        )

    def __call__(self, *words: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run a command; ``expect`` is its exit code, ``None`` any."""
        done = subprocess.run(
            [self.program, *words],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if expect is not None:
            said = f"databricks {' '.join(words)}\n{done.stdout}\n{done.stderr}"
            assert done.returncode == expect, said
        return done

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--output", "json").stdout)


def find_program() -> str:
    return tool("databricks", "the bundle is tried with the real CLI")


@pytest.fixture
def databricks_cli(tmp_path: Path) -> DatabricksCli:
    """The CLI in an empty folder; call ``at`` to sign in."""
    program = find_program()
    for name in ("bundle", "private"):
        (tmp_path / name).mkdir()
    return DatabricksCli(program, tmp_path / "bundle", tmp_path / "private")
