"""``python -m tests.bench [FILE]``: time and requests beside the floors; fails when a bound is missed.

FILE, such as docs/performance.md, is written as the tables were printed.
"""

from __future__ import annotations

import os
import platform
import sys
from importlib import import_module
from pathlib import Path

from tests.bench.table import markdown

PARTS = ("startup", "planning", "reports", "quiet", "targets", "reading", "syncing", "workspaces")


def main() -> int:
    told, missed = [_title()], list[str]()
    print(told[0], flush=True)
    for part in PARTS:
        for one in import_module(f"tests.bench.{part}").measure():
            told.append(markdown(one))
            print(told[-1], flush=True)
            missed += one.missed
    for path in sys.argv[1:2]:
        Path(path).write_text("\n".join(told), encoding="utf-8")
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if missed else 0


def _title() -> str:
    machine = f"{os.cpu_count()} cores, {platform.system()}"
    python = f"{platform.python_implementation()} {'.'.join(platform.python_version_tuple()[:2])}"
    return (
        f"# Performance\n\n`make bench` on a virtual machine with {machine}, {python}. "
        f"Times differ from machine to machine;\nfloors and ratios should not.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
