"""What Databricks preinstalls, by runtime: one file each, with the public source in its head."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from aadsync_lib.packages import unmet

FOLDER = Path(__file__).parent
RANGES = FOLDER.parent.parent / "requirements.in"
LOCK = RANGES.with_suffix(".txt")
ENVIRONMENT = RANGES.with_name("requirements-environment-4.txt")
HEAD = re.compile(r"# (?P<title>.+), Python (?P<python>3\.\d+): ")
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[\w.]+)(  # (?P<note>.+))?")


@dataclass(frozen=True, slots=True)
class Runtime:
    """The packages of a runtime, and which of them are a case of their own."""

    name: str
    title: str
    python: str
    pins: dict[str, str]
    may_move: frozenset[str]
    stays: frozenset[str]  # older than something asks for that is added, which works all the same
    no_wheel: frozenset[str]  # made by Databricks; a resolver cannot look at them

    @property
    def resolvable(self) -> dict[str, str]:
        return {name: pin for name, pin in self.pins.items() if name not in self.no_wheel}

    def needs(self) -> str:
        """The part of the lock that a notebook installs on this runtime."""
        return "".join(unmet(LOCK.read_text(encoding="utf-8"), self.pins.get))


def read(path: Path) -> Runtime:
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    title = HEAD.match(head)
    assert title, f"{path.name}: the first line names no Python"
    pins = [PIN.fullmatch(line) for line in lines if not line.startswith("#")]
    assert all(pins), f"{path.name}: a line is no pin"
    found = [pin.groupdict() for pin in pins if pin]
    return Runtime(
        name=path.stem,
        title=title["title"],
        python=title["python"],
        pins={pin["name"]: pin["version"] for pin in found},
        may_move=_noted(found, "may move"),
        stays=_noted(found, "stays"),
        no_wheel=_noted(found, "no wheel"),
    )


def _noted(pins: list[dict[str, str]], note: str) -> frozenset[str]:
    return frozenset(pin["name"] for pin in pins if (pin["note"] or "").startswith(note))


RUNTIMES = tuple(read(path) for path in sorted(FOLDER.glob("*.txt")))
