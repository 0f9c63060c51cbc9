"""One task in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parents[1] / "process"
LIBRARY = "aadsync"
Started = Callable[[subprocess.Popen[bytes]], None]


@dataclass(frozen=True, slots=True)
class Finished:
    """``result`` is None when the process did not come so far as to write it."""

    result: dict[str, Any] | None
    logs: str
    timed_out: bool


def environment_of(home: Path, given: Mapping[str, str]) -> dict[str, str]:
    """What a task sees: nothing of this process but what measures coverage."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return {
        "PATH": os.defpath,
        "HOME": str(home / "home"),
        "TMPDIR": str(home / "tmp"),
        "LANG": "C.UTF-8",
        **kept,
        **given,
    }


def run_process(
    options: list[str],
    folder: Path,
    environment: Mapping[str, str],
    deadline: float | None,
    started: Started,
) -> Finished:
    """Run the notebook process to its end, or kill it at the deadline (of the monotonic clock)."""
    result = folder / "result.json"
    # The library that serves the sandbox must not be found by accident.
    command = [sys.executable, str(PROGRAM), *options, "--forget", LIBRARY]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--result", str(result)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=folder,
        )
        started(process)
        timed_out = not _ended(process, deadline)
    logs = (folder / "log").read_text(encoding="utf-8", errors="replace")
    found = json.loads(result.read_text(encoding="utf-8")) if result.exists() else None
    return Finished(found, logs, timed_out)


def _ended(process: subprocess.Popen[bytes], deadline: float | None) -> bool:
    try:
        process.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True
