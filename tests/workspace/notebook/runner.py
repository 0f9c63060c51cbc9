"""Runs one notebook in a process of its own, with the library found by Python in one of the ways a user has.

``git``     a Git folder: the root of the repository is on the path
``bundle``  files a bundle deployed: copied elsewhere, nothing on the path
``wheel``   the notebook alone, the library as an installed wheel
``local``   as a developer runs it, with the editable install

Only in the last one the library installed here may be found.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any, Literal

ROOT = Path(__file__).parents[3]
Way = Literal["git", "bundle", "wheel", "local"]
WAYS: tuple[Way, ...] = ("git", "bundle", "wheel", "local")


@dataclass(frozen=True, slots=True)
class Table:
    """What ``display`` showed."""

    columns: list[str]
    types: list[str]
    rows: list[list[Any]]
    truncated: bool

    @property
    def records(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Failure:
    name: str
    message: str
    trace: str


@dataclass(frozen=True, slots=True)
class Result:
    """How a notebook ended, and all that its cells showed."""

    status: str
    exit: str | None
    error: Failure | None
    outputs: list[dict[str, Any]]
    task_values: dict[str, Any]
    module_file: str | None
    seconds: float
    widgets: list[dict[str, Any]]
    stdout: str
    stderr: str

    @property
    def tables(self) -> list[Table]:
        fields = ("columns", "types", "rows", "truncated")
        return [Table(*(item[field] for field in fields)) for item in self._of("table")]

    @property
    def html(self) -> str:
        return "\n".join(item["html"] for item in self._of("html"))

    @property
    def text(self) -> str:
        """Printed text, last values and Markdown, in their order."""
        return "\n".join(item["text"].rstrip("\n") for item in self._of("text", "stream"))

    def succeeded(self) -> Result:
        assert self.error is None, self.error.trace + self.stderr
        return self

    def _of(self, *kinds: str) -> list[dict[str, Any]]:
        return [item for item in self.outputs if item["kind"] in kinds]


def run_notebook(
    path: Path | str,
    parameters: Mapping[str, str] | None = None,
    *,
    way: Way = "git",
    env: Mapping[str, str] | None = None,
    spark: str | None = None,
    root: Path = ROOT,
    cwd: str = "notebook",
    task_values: Mapping[str, Mapping[str, Any]] | None = None,
    iteration: bool = False,
    interactive: bool = False,
) -> Result:
    """``path`` is absolute, or relative to ``root``; ``env`` is added to a minimal environment."""
    notebook, options = _found(root / path, root, way)
    options += ["--notebook", str(notebook), "--cwd", cwd]
    options += ["--spark", spark] if spark else []
    options += ["--iteration"] if iteration else []
    options += ["--interactive"] if interactive else []
    with TemporaryDirectory(prefix="notebook-") as name:
        folder = Path(name)
        for option, value in (("parameters", parameters), ("task-values", task_values)):
            file = folder / f"{option}.json"
            file.write_text(json.dumps(value or {}))
            options += [f"--{option}", str(file)]
        return run_process(options, folder, {**minimal_environment(folder), **(env or {})})


def run_process(options: list[str], folder: Path, env: Mapping[str, str]) -> Result:
    """The notebook process with these options; its result is written into ``folder``."""
    file = folder / "result.json"
    process = {"options": [*options, "--result", str(file)], "environment": dict(env)}
    code = _warm_process()(process | {"folder": str(folder)})
    stdout, stderr = ((folder / name).read_text("utf-8") for name in ("stdout", "stderr"))
    assert file.exists(), f"the process ended without a result:\n{stdout}\n{stderr}"
    result = json.loads(file.read_text())
    assert code == (1 if result["status"] == "failed" else 0)
    error = Failure(**result.pop("error")) if result["error"] else result.pop("error")
    return Result(**result, error=error, stdout=stdout, stderr=stderr)


@cache
def _warm_process() -> Callable[[dict[str, Any]], int]:
    """Run processes forked from a warm one, which ends with this one."""
    with TemporaryDirectory(prefix="warm-") as home:
        environment = {**minimal_environment(Path(home)), "OPENBLAS_NUM_THREADS": "1"}
    warm = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("warm.py"))],
        env={name: value for name, value in environment.items() if name[:9] != "COVERAGE_"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(warm.communicate)

    def run(process: dict[str, Any]) -> int:
        assert warm.stdin is not None
        assert warm.stdout is not None
        print(json.dumps(process), file=warm.stdin, flush=True)
        return int(warm.stdout.readline())

    return run


def minimal_environment(home: Path) -> dict[str, str]:
    """Nothing of this process but what measures coverage."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return {"PATH": os.defpath, "HOME": str(home), "LANG": "C.UTF-8", **kept}


def _found(notebook: Path, root: Path, way: Way) -> tuple[Path, list[str]]:
    """Where the notebook is run from, and what decides on the library it finds."""
    if way == "local":
        return notebook, []
    if way == "git":
        return notebook, ["--forget", "aadsync", "--path", str(root)]
    if way == "bundle":
        return deployed_files(root) / notebook.relative_to(root), ["--forget", "aadsync"]
    alone = _scratch() / "alone" / str(os.getpid()) / notebook.name
    alone.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(notebook, alone)
    return alone, ["--forget", "aadsync", "--path", str(extracted_wheel())]


@cache
def deployed_files(root: Path) -> Path:
    """What a bundle syncs of the repository, below a folder of its own."""
    files = _scratch() / f"files-{len(list(_scratch().iterdir()))}"
    for name in ("aadsync_lib", "notebooks"):
        if (root / name).is_dir():
            shutil.copytree(root / name, files / name)
    for file in root.glob("*.txt"):
        shutil.copy2(file, files / file.name)
    return files


@cache
def built_wheel() -> Path:
    """Built from a copy, as building leaves files behind, by the setuptools that is here."""
    source, target = _scratch() / "source", _scratch() / "dist"
    source.mkdir()
    for name in ("setup.py", "pyproject.toml", "README.md"):
        shutil.copy2(ROOT / name, source / name)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "aadsync_lib", source / "aadsync_lib", ignore=ignored)
    command = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--no-build-isolation"]
    subprocess.run([*command, "--out-dir", str(target), str(source)], check=True, timeout=300)
    (wheel,) = target.glob("*.whl")
    return wheel


@cache
def extracted_wheel() -> Path:
    folder = _scratch() / "site"
    with zipfile.ZipFile(built_wheel()) as archive:
        archive.extractall(folder)
    return folder


@cache
def _scratch() -> Path:
    folder = mkdtemp(prefix="aadsync-notebooks-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
