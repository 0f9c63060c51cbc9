"""A set-up from nothing, a year from now: ``python -m tests.setup.fresh``, which is ``make fresh``.

A clone of HEAD in an empty folder, an empty HOME without caches, and beside what this machine's index has a newer version of every
package, which is empty: who resolves anything takes that one, and fails. Once with the oldest pip that comes with a supported Python
(3.11.0 has it), once with the newest pip and the newest Python that is here.
"""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from tests.setup import LOCKS, PYTHONS, ROOT
from tests.setup.locks import read_lock

OLDEST_PIP = "pip==22.3"
NEWEST_PIP = "pip"
NEWER = "9999"
SMOKE = ("tests/setup", "tests/unit/cli")
CACHES = ("UV_CACHE_DIR", "UV_FIND_LINKS", "XDG_CACHE_HOME", "VIRTUAL_ENV")
PYTHON_WITH_PIP = """#!/bin/sh
# {python}, whose virtual environments have the pip of {pips}.
"{python}" "$@" || exit
if [ "$1 $2" = "-m venv" ]; then
  for venv; do :; done
  "$venv/bin/python" -m pip install --quiet --no-index "{pips}"/pip-*.whl
fi
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """A folder that stands for a machine of its own, and what its programs find in their environment."""

    folder: Path
    python: Path
    variables: dict[str, str]

    def run(self, *command: str, at: str = "") -> None:
        """Run a command in the clone, and print how long it took, and after what time a line began with ``at``."""
        started, seen, lines = monotonic(), "", []
        with subprocess.Popen(
            command, cwd=self.folder / "clone", env=self.variables, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            assert process.stdout
            for line in process.stdout:
                lines.append(line)
                if at and not seen and line.startswith(at):
                    seen = f", “{at}” after {monotonic() - started:.1f} s"
        if process.returncode or (at and not seen):
            raise SystemExit(f"{''.join(lines[-60:])}\nfailed: {' '.join(command)}")
        shown = " ".join(command).replace(str(self.python), self.python.name)
        print(f"  {monotonic() - started:5.1f} s  {shown}{seen}", flush=True)


def newer_packages(folder: Path) -> None:
    """Make an empty wheel of a version to come for all that is pinned anywhere, and for what builds and installs it."""
    texts = [(ROOT / lock).read_text(encoding="utf-8") for lock in LOCKS]
    names = {pin.name for text in texts for pin in read_lock(text)} | {"pip", "setuptools", "wheel"}
    for name in sorted(names):
        stem = f"{name.replace('-', '_')}-{NEWER}"
        with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
            metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {NEWER}\n"
            wheel.writestr(f"{stem}.dist-info/METADATA", metadata)
            wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            wheel.writestr(f"{stem}.dist-info/RECORD", "")
    print(f"{len(names)} packages of which there is a newer version {NEWER}")


def index_of_this_machine(folders: Path) -> dict[str, str]:
    """Return this machine's options of pip as variables, for a HOME without them, and ``folders`` to look into as well."""
    options = runpy.run_path(str(ROOT / ".ci" / "uv_like_pip.py"))["pip_options"]()
    options["find-links"] = [*options.get("find-links", []), str(folders)]
    options |= {"config-file": [os.devnull], "cache-dir": []}
    names = {option: f"PIP_{option.upper().replace('-', '_')}" for option in options}
    return {names[option]: " ".join(values) for option, values in options.items() if values}


def machine(folder: Path, python: str, pip: str, newer: Path) -> Machine:
    """Lay out a machine with this Python and this pip, and the clone on it."""
    for name in ("home", "pips"):
        (folder / name).mkdir()
    pips = folder / "pips"
    download = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest")
    subprocess.run([*download, str(pips), pip], check=True)
    own = folder / "python3"
    own.write_text(PYTHON_WITH_PIP.format(python=python, pips=pips), encoding="utf-8")
    own.chmod(0o755)
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder / "clone")], check=True)
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in CACHES and not name.startswith(("PIP_", "MAKE", "MFLAGS"))
    }
    home = {"HOME": str(folder / "home"), "PYTHONUNBUFFERED": "1"}
    return Machine(folder, own, {**kept, **index_of_this_machine(newer), **home})


def pythons() -> Iterator[str]:
    for version in PYTHONS:
        command = [str(ROOT / ".ci" / "python"), f"python{version}"]
        found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        if found:
            base = "import sys; print(sys._base_executable)"
            asked = subprocess.run([found, "-c", base], capture_output=True, text=True, check=True)
            yield asked.stdout.strip()


def main() -> None:
    started = monotonic()
    here = list(pythons())
    with TemporaryDirectory(prefix="aadsync-fresh-") as name:
        newer = Path(name, "newer")
        newer.mkdir()
        newer_packages(newer)
        for python, pip in ((here[0], OLDEST_PIP), (here[-1], NEWEST_PIP)):
            folder = Path(name, pip)
            folder.mkdir()
            clone = machine(folder, python, pip, newer)
            (wheel,) = (folder / "pips").glob("pip-*.whl")
            print(f"{python} with {wheel.name.split('-py')[0]}", flush=True)
            clone.run("make", "demo", f"PYTHON={clone.python}", at="Plan for")
            clone.run("make", "setup", f"PYTHON={clone.python}")
            clone.run(".venv/bin/pytest", "-n", "2", *SMOKE)
            shutil.rmtree(folder)
    print(f"both commands work from nothing, whatever is newer: {monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
