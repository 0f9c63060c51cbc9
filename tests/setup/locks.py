"""A lock file checked against the metadata of what it pins: complete, satisfied and hashed, whatever an index holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path
from types import MappingProxyType
from typing import Self

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

Environment = dict[str, str]
LINUX = {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux"}
MACHINES = {
    "linux": {**LINUX, "platform_machine": "x86_64"},
    "linux-arm": {**LINUX, "platform_machine": "aarch64"},
    "mac": {
        "os_name": "posix",
        "sys_platform": "darwin",
        "platform_system": "Darwin",
        "platform_machine": "arm64",
    },
}


@dataclass(frozen=True, slots=True)
class Pin:
    """A line of a lock: this version, with these extras."""

    requirement: Requirement
    hashed: bool

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        return str(self.requirement.specifier).removeprefix("==")

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


@dataclass(frozen=True, slots=True)
class Package:
    """What the metadata of a version asks for."""

    requires: tuple[str, ...] = ()
    python: str = ""

    @classmethod
    def of(cls, distribution: Distribution) -> Self:
        python = distribution.metadata.get("Requires-Python", "")
        return cls(tuple(sorted(distribution.requires or ())), python)

    def wants(self, extras: Iterable[str], environment: Environment) -> list[Requirement]:
        return [
            requirement
            for requirement in map(Requirement, self.requires)
            if holds(requirement, extras, environment)
        ]


def holds(requirement: Requirement, extras: Iterable[str], environment: Environment) -> bool:
    marker = requirement.marker
    return marker is None or any(
        marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras)
    )


def environment(python: str, machine: str = "linux") -> Environment:
    of = {"python_version": python, "python_full_version": f"{python}.0"}
    cpython = {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
    return {**default_environment(), **cpython, **MACHINES[machine], **of}  # type: ignore[dict-item]


def read_lock(text: str) -> list[Pin]:
    lines = re.sub(r"\\\n", "", text).splitlines()
    split = (line.partition(" --hash=sha256:") for line in lines if re.match(r"\w", line))
    return [Pin(Requirement(pin), bool(digest)) for pin, _, digest in split]


def read_metadata(path: Path) -> dict[str, Package]:
    packages = json.loads(path.read_text(encoding="utf-8"))
    return {
        pin: Package(tuple(facts["requires"]), facts["python"]) for pin, facts in packages.items()
    }


def problems(
    lock: Iterable[Pin],
    metadata: Mapping[str, Package],
    wanted: Iterable[Requirement],
    environment: Environment,
    there: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[str]:
    """Say why an installer that only takes what the lock names would fail or leave something out.

    ``there``: versions by name of what is installed already, with whatever extras are asked of it.
    """
    pins = {pin.name: pin for pin in lock if holds(pin.requirement, (), environment)}
    wants = [("the project", requirement) for requirement in wanted]
    for pin in pins.values():
        if not (pin.hashed and re.fullmatch(r"==[\w.!+]+", str(pin.requirement.specifier))):
            yield f"{pin} is not one version by its hash"
        if (package := metadata.get(str(pin))) is None:
            yield f"{pin}: nobody knows what it asks for (`make lock` writes it down)"
            continue
        if environment["python_full_version"] not in SpecifierSet(package.python):
            yield f"{pin} wants Python {package.python}"
        extras = pin.requirement.extras
        wants += [(str(pin), requirement) for requirement in package.wants(extras, environment)]
    for who, requirement in wants:
        name = canonicalize_name(requirement.name)
        if name in pins or name not in there:
            yield from _unmet(who, requirement, pins.get(name))
        elif not requirement.specifier.contains(there[name], prereleases=True):
            yield f"{who} wants {requirement}, and {name}=={there[name]} is there"


def _unmet(who: str, requirement: Requirement, pin: Pin | None) -> Iterator[str]:
    if pin is None:
        yield f"{who} wants {requirement}, and it is not in the lock"
        return
    if not requirement.specifier.contains(pin.version, prereleases=True):
        yield f"{who} wants {requirement}, and the lock has {pin}"
    for extra in sorted(requirement.extras - pin.requirement.extras):
        # pip goes to the index for one that is not named, and stops at a newer version there.
        yield f"{who} wants {requirement}, and the lock has {pin} without [{extra}]"
