"""What a plan alone costs, over three sizes."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.bench.table import Section

TRIES = 3  # other work on the host shows in what is bound by memory, so the best counts
SIZES = ((1_000, 100, 10_000), (10_000, 1_000, 100_000), (100_000, 10_000, 1_000_000))
LONGEST, LARGEST = 5.0, 600.0  # seconds of CPU, MiB; of the largest size
LINE = re.compile(
    r"^(.+): (\d+) changes in ([\d.]+) s \(([\d.]+) s of CPU\), peak (\d+) MiB$", re.MULTILINE
)


def _run(command: list[str]) -> list[tuple[str, ...]]:
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = LINE.findall(told)
    assert len(found) == 2, told
    return found


def _cpu(found: tuple[str, ...]) -> float:
    return float(found[3])


def measure() -> list[Section]:
    rows, missed = [], []
    for users, groups, memberships in SIZES:
        command = [
            sys.executable,
            "-m",
            "tests.bench.plan",
            *map(str, (users, groups, memberships)),
        ]
        found = [
            min(same, key=_cpu) for same in zip(*(_run(command) for _ in range(TRIES)), strict=True)
        ]
        for what, changes, seconds, cpu, peak in found:
            each = float(cpu) / memberships * 1e6
            kept = float(cpu) < LONGEST and float(peak) < LARGEST
            size = f"{users:,} / {groups:,} / {memberships:,}"
            rows.append(
                (
                    size,
                    what,
                    f"{int(changes):,}",
                    f"{seconds} s",
                    f"{cpu} s",
                    f"{each:.1f} µs",
                    f"{peak} MiB",
                    "yes" if kept else "NO",
                )
            )
            if not kept:
                missed.append(f"Planning: {size}, {what}: {cpu} s of CPU, {peak} MiB")
    head = (
        "users / groups / memberships",
        "plan",
        "changes",
        "time",
        "CPU",
        "per membership",
        "peak",
        "kept",
    )
    note = (
        f"No network, one thread, best of {TRIES}. Bounds, for the largest: {LONGEST:.0f} s of CPU and {LARGEST:.0f} MiB, "
        f"inputs included."
    )
    return [Section("Planning", note, head, rows, missed)]
