"""Writes the locks of a workspace: ``python -m tests.runtimes.lock COMMAND...``, a part of ``make lock``, with what compiles the others.

requirements.txt has what some runtime lacks, or has too old, and nothing else: what all of them ship is never installed, and has no
line. Its versions get along with the oldest that any runtime ships. requirements-environment-4.txt is the part for serverless
environment 4, for an installer that cannot look first what is there.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.version import Version

from tests.runtimes import ENVIRONMENT, LOCK, RANGES, RUNTIMES, Runtime

HEAD = "# What some Databricks runtime lacks of the ranges below. `make lock` writes it; aadsync_lib/packages.py takes from it what is missing.\n"
ENVIRONMENT_HEAD = (
    "# The part of requirements.txt that serverless environment 4 lacks. `make lock` writes it.\n"
)
PYTHONS = ("3.11", "3.12")


def constraints() -> Iterator[str]:
    """Hold what every runtime of a Python ships at the oldest version that one of them has."""
    for python in PYTHONS:
        runtimes = [runtime for runtime in RUNTIMES if runtime.python == python]
        for name in shipped_by_all(runtimes):
            versions = [
                runtime.resolvable[name] for runtime in runtimes if name in runtime.resolvable
            ]
            yield f'{name}<={min(versions, key=Version)} ; python_version == "{python}"'


def shipped_by_all(runtimes: list[Runtime]) -> list[str]:
    """What is never installed: each of these runtimes has it, and lets nobody move it."""
    kept = [runtime.pins.keys() - runtime.may_move for runtime in runtimes]
    return sorted(frozenset.intersection(*map(frozenset, kept)))


def lines() -> list[str]:
    """The ranges of requirements.in, which a notebook finds in the lock."""
    text = RANGES.read_text(encoding="utf-8").splitlines()
    return [line for line in text if not line.startswith("#")]


def main(compile_lock: list[str]) -> None:
    shipped = (f"--no-emit-package={name}" for name in shipped_by_all(list(RUNTIMES)))
    with TemporaryDirectory() as folder:
        floors = Path(folder, "constraints.txt")
        floors.write_text("\n".join(constraints()), encoding="utf-8")
        options = ("--universal", "--no-annotate", "--constraint", str(floors), *shipped)
        files = (RANGES.name, "--output-file", LOCK.name)
        subprocess.run([*compile_lock, *options, *files], cwd=RANGES.parent, check=True)
    ranges = "".join(f"#: {line}\n" for line in lines())
    LOCK.write_text(HEAD + ranges + LOCK.read_text(encoding="utf-8"), encoding="utf-8")
    (environment,) = (runtime for runtime in RUNTIMES if runtime.name == "env-4")
    ENVIRONMENT.write_text(ENVIRONMENT_HEAD + environment.needs(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
