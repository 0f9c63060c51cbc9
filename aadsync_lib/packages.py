"""The packages of a lock that this Python lacks, for a notebook to install before it imports anything that needs them.

Every Databricks runtime ships other versions of the same packages. What it has stays as it is, unless it is too old for aadsync; what it
lacks comes from the lock, by version and hash. Only the standard library and ``packaging``, which every runtime has, are imported here.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ENTRY = re.compile(r"^(?P<pin>\w[^\\\n]*)\\\n(?: +--hash=\S+(?: \\)?\n)+", re.MULTILINE)
RANGE = re.compile(r"^#: (.+)$", re.MULTILINE)
NONE = "# Nothing is missing.\n"


def missing(lock: str) -> str:
    """Return the path of a new file, for ``pip install --require-hashes -r``, with the entries of ``lock`` that are not met here.

    Where there is no lock, the library came with its packages: none is missing. The path is in the environment, too, as ``packages``:
    a notebook's ``%pip`` reads ``$packages`` as a variable of Python, or of the shell.
    """
    path = Path(lock)
    entries: list[str] = []
    if path.exists():
        entries = list(unmet(path.read_text(encoding="utf-8"), installed))
    with tempfile.NamedTemporaryFile(
        "w", prefix="aadsync-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write("".join(entries) or NONE)
    os.environ["packages"] = file.name  # noqa: SIM112 -- the notebook names it so
    return file.name


def unmet(lock: str, has: Callable[[str], str | None]) -> Iterator[str]:
    """Yield the entries, hashes included, whose package is not there or is outside of its range. ``has`` gives a version by name."""
    ranges = read_ranges(lock)
    for entry in ENTRY.finditer(lock):
        name = canonicalize_name(Requirement(entry["pin"]).name)
        there = has(name)
        wanted = ranges.get(name, SpecifierSet())
        if there is None or not wanted.contains(there, prereleases=True):
            yield entry[0]


def read_ranges(lock: str) -> dict[str, SpecifierSet]:
    """Return what aadsync asks for itself, by name: the lines of a lock that begin with ``#:``."""
    lines = (Requirement(line) for line in RANGE.findall(lock))
    return {canonicalize_name(line.name): line.specifier for line in lines}


def installed(name: str) -> str | None:
    """Return the version of a package that this Python would import, without importing it."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
