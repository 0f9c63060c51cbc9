"""The command line in processes of its own, whose stdout has a buffer as it has for users."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PIPE = subprocess.PIPE
SECONDS = 120


def start(
    words: Sequence[str], *, env: Mapping[str, str], cwd: Path | None = None, stdout: int = PIPE
) -> subprocess.Popen[str]:
    """Start a command line."""
    return subprocess.Popen(
        [sys.executable, "-m", "aadsync_lib", *words],
        env={name: value for name, value in env.items() if name != "PYTHONUNBUFFERED"},
        cwd=cwd,
        stdout=stdout,
        stderr=PIPE,
        text=True,
    )


def aadsync(words: Sequence[str], **more: Any) -> subprocess.CompletedProcess[str]:
    """Run a command line to its end."""
    with start(words, **more) as process:
        stdout, stderr = process.communicate(timeout=SECONDS)
    return subprocess.CompletedProcess([*words], process.returncode, stdout or "", stderr)
