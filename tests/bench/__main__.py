"""``python -m tests.bench``: time and requests beside the floors; fails when a bound is missed."""

from __future__ import annotations

import sys

from tests.bench import planning, reading, startup, syncing
from tests.bench.table import markdown


def main() -> int:
    missed: list[str] = []
    for measure in (startup.measure, reading.measure, planning.measure, syncing.measure):
        measured = measure()
        for one in measured if isinstance(measured, list) else [measured]:
            print(markdown(one), flush=True)
            missed += one.missed
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
