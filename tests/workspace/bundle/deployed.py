"""A clone of the repository, and what the CLI makes of it in a sandbox."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from aadsync_lib.sandbox import Sandbox
from tests.cli_tool import DatabricksCli

RESOURCE = r"/(unity-catalog|secrets|jobs|lakeview|alerts|permissions)\b"


@dataclass
class Bundle:
    """A clone with the CLI in it."""

    cli: DatabricksCli
    hub: Sandbox

    def include(self, option: str) -> None:
        """Take the comment off an optional file, as ``databricks.yml`` says."""
        file = self.cli.folder / "databricks.yml"
        text, line = file.read_text(encoding="utf-8"), f"- resources/optional/{option}.yml"
        assert f"# {line}" in text
        file.write_text(text.replace(f"# {line}", line), encoding="utf-8")

    def __call__(
        self, command: str, target: str, *words: str, expect: int = 0
    ) -> subprocess.CompletedProcess[str]:
        """Run ``databricks bundle COMMAND -t TARGET``."""
        return self.cli("bundle", command, "-t", target, *words, expect=expect)

    def resolved(self, target: str, *words: str) -> dict[str, Any]:
        """Return the bundle as the CLI sees it."""
        shown = self("validate", target, "--output", "json", *words).stdout
        found: dict[str, Any] = json.loads(shown)
        return found

    def writes_since(self, mark: int) -> list[str]:
        """Return the requests that created, changed or deleted something that the bundle describes."""
        found = self.hub.log.select(path=RESOURCE, after=mark)
        return [f"{entry.method} {entry.path}" for entry in found if entry.is_write]
