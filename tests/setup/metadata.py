"""Writes down what each pinned package asks for, from the packages themselves: ``python -m tests.setup.metadata``, a part of ``make lock``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from tempfile import TemporaryDirectory

from packaging.utils import canonicalize_name

from tests.setup import LOCKS, METADATA, ROOT, WORKSPACE_LOCKS
from tests.setup.locks import Package

UV = (sys.executable, str(ROOT / ".ci" / "uv_like_pip.py"))
INSTALL = ("pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--require-hashes")


def packages(lock: str, python: str) -> Iterator[tuple[str, Package]]:
    """Install a lock into a folder of its own, and read what is there."""
    with TemporaryDirectory() as folder:
        options = ("--python-version", python, "--target", folder, "--requirement", lock)
        subprocess.run([*UV, *INSTALL, *options], cwd=ROOT, check=True)
        for distribution in distributions(path=[folder]):
            name = canonicalize_name(distribution.metadata["Name"])
            yield f"{name}=={distribution.version}", Package.of(distribution)


def main() -> None:
    facts = {}
    locks = {lock: pythons for lock, (pythons, _, _) in LOCKS.items()} | WORKSPACE_LOCKS
    for lock, pythons in locks.items():
        for python in pythons:
            facts.update(packages(lock, python))
    lines = (
        f"{json.dumps(pin)}: {json.dumps({'python': p.python, 'requires': p.requires})}"
        for pin, p in sorted(facts.items())
    )
    METADATA.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
