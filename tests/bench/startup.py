"""How long it takes until a command begins."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from tests.bench.table import Row, Section, section

TIMES = 5
LONGEST = 0.4


def measure() -> list[Section]:
    commands = {
        "an empty Python": ["-c", ""],
        "import aadsync_lib": ["-c", "import aadsync_lib"],
        "aadsync --help": ["-m", "aadsync_lib", "--help"],
    }
    seconds = {what: statistics.median(_timed(args)) for what, args in commands.items()}
    rows = [Row("an empty Python", f"{seconds.pop('an empty Python'):.2f} s")]
    rows += [
        Row(what, f"{took:.2f} s", f"< {LONGEST} s", took < LONGEST)
        for what, took in seconds.items()
    ]
    return [section("Start", f"New processes, median of {TIMES}.", rows)]


def _timed(args: list[str]) -> list[float]:
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        subprocess.run([sys.executable, *args], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return times
