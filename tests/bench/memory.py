"""The memory that a program has had."""

from __future__ import annotations

import resource
from pathlib import Path

STATUS = Path(
    "/proc/self/status"
)  # Linux; what getrusage says there includes the program that started this one


def peak() -> float:
    """Return the most that this program has had, in MiB."""
    if STATUS.exists():
        lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
