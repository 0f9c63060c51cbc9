"""What a notebook's ``%pip`` does on each runtime: nothing that is there moves, and nothing is lacking then.

``python -m tests.runtimes [NAME]...`` asks the package index. The part of the lock that the runtime needs and what it ships go in with
their versions. The index knows what each of them asks for: whether they fit together, and whether anything else would be reached.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.runtimes import RANGES, RUNTIMES, Runtime
from tests.setup.locks import environment, holds, read_lock

UV = (sys.executable, RANGES.with_name(".ci") / "uv_like_pip.py")
PLATFORM = "x86_64-manylinux_2_28"


def resolve(runtime: Runtime, added: dict[str, str]) -> set[str]:
    """Return the names that requirements.in reaches where these are there, or stop where they do not fit."""
    there = {**runtime.resolvable, **added}
    with tempfile.TemporaryDirectory() as folder:
        wanted, pins, overrides = (Path(folder, name) for name in ("in", "pins", "overrides"))
        wanted.write_text("\n".join(lines(runtime)), encoding="utf-8")
        pins.write_text(_pins(there, there.keys() - runtime.stays), encoding="utf-8")
        overrides.write_text(_pins(there, runtime.stays), encoding="utf-8")
        options = ("--python-version", runtime.python, "--python-platform", PLATFORM)
        command = (*UV, "pip", "compile", "--quiet", "--no-header", "--no-annotate", *options)
        files = (wanted, "--constraint", pins, "--override", overrides)
        done = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{runtime.name}: {done.stderr}")
    return {line.partition("==")[0] for line in done.stdout.splitlines()}


def _pins(versions: dict[str, str], names: Iterable[str]) -> str:
    return "".join(f"{name}=={versions[name]}\n" for name in sorted(names))


def lines(runtime: Runtime) -> list[str]:
    """The requirements, but for those that a package without a wheel meets."""
    return [
        line
        for line in RANGES.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#") and not met_without_a_wheel(runtime, Requirement(line))
    ]


def met_without_a_wheel(runtime: Runtime, requirement: Requirement) -> bool:
    name = canonicalize_name(requirement.name)
    return name in runtime.no_wheel and runtime.pins[name] in requirement.specifier


def verdict(runtime: Runtime) -> tuple[bool, str]:
    here = environment(runtime.python)
    needed = [pin for pin in read_lock(runtime.needs()) if holds(pin.requirement, (), here)]
    added = {pin.name: pin.version for pin in needed}
    moved = added.keys() & runtime.pins.keys()
    lacking = resolve(runtime, added) - added.keys() - runtime.pins.keys()
    good = moved <= runtime.may_move and not lacking
    story = ", ".join(f"{name} {runtime.pins[name]} → {added[name]}" for name in sorted(moved))
    line = f"{'ok' if good else 'CLASH':<6} {runtime.name:<9} Python {runtime.python}"
    lack = f", lacking: {', '.join(sorted(lacking))}" if lacking else ""
    return good, f"{line}  {len(added.keys() - moved)} added, moved: {story or 'nothing'}{lack}"


def main(names: list[str]) -> int:
    chosen = [runtime for runtime in RUNTIMES if not names or runtime.name in names]
    with ThreadPoolExecutor(4) as pool:
        verdicts = []
        for good, line in pool.map(verdict, chosen):
            print(line, flush=True)
            verdicts.append(good)
    return 0 if verdicts and all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
