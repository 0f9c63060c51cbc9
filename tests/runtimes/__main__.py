"""What an installer does to each runtime when a notebook installs requirements.txt: nothing that is there may move.

``python -m tests.runtimes [NAME]...`` asks the package index. The pins go in as preferences, not as constraints: the resolver keeps
what is installed where it can, and where it does not, that shows. pip likes new versions of what it adds better than uv does, and may
lift typing-extensions or h11 for one, which nobody minds; protobuf or numpy it lifts where uv does.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.runtimes import REQUIREMENTS, RUNTIMES, Runtime

UV = (sys.executable, REQUIREMENTS.with_name(".ci") / "uv_like_pip.py")
PLATFORM = "x86_64-manylinux_2_28"


def resolve(runtime: Runtime) -> dict[str, str]:
    """Return what is installed afterwards of all that requirements.txt reaches."""
    with tempfile.TemporaryDirectory() as folder:
        wanted, chosen = Path(folder, "requirements.in"), Path(folder, "requirements.txt")
        wanted.write_text("\n".join(lines(runtime)), encoding="utf-8")
        pins = "\n".join(f"{name}=={version}" for name, version in runtime.resolvable.items())
        chosen.write_text(pins, encoding="utf-8")
        options = ("--python-version", runtime.python, "--python-platform", PLATFORM)
        command = (*UV, "pip", "compile", "--quiet", "--no-header", "--no-annotate", *options)
        done = subprocess.run(
            [*command, wanted, "--output-file", chosen], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{runtime.name}: {done.stderr}")
        found = (line.partition("==") for line in chosen.read_text(encoding="utf-8").splitlines())
        return {name: version for name, _, version in found}


def lines(runtime: Runtime) -> list[str]:
    """The requirements, but for those that a package without a wheel meets."""
    return [
        line
        for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#") and not met_without_a_wheel(runtime, Requirement(line))
    ]


def met_without_a_wheel(runtime: Runtime, requirement: Requirement) -> bool:
    name = canonicalize_name(requirement.name)
    return name in runtime.no_wheel and runtime.pins[name] in requirement.specifier


def moves(runtime: Runtime, after: dict[str, str]) -> dict[str, str]:
    pins = runtime.resolvable.items()
    return {name: pin for name, pin in pins if after.get(name, pin) != pin}


def verdict(runtime: Runtime) -> tuple[bool, str]:
    after = resolve(runtime)
    moved = moves(runtime, after)
    good = moved.keys() <= runtime.may_move
    kept = len(after.keys() & runtime.resolvable.keys()) - len(moved)
    story = ", ".join(f"{name} {pin} → {after[name]}" for name, pin in moved.items())
    added = len(after.keys() - runtime.pins.keys())
    line = f"{'ok' if good else 'CLASH':<6} {runtime.name:<9} Python {runtime.python}"
    return good, f"{line}  {kept} kept, {added} added, moved: {story or 'nothing'}"


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
