"""What job and notebooks install: what a lock names by version and hash, and nothing beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runtimes import ENVIRONMENT, LOCK
from tests.setup.locks import read_lock
from tests.unit.bundle.files import BUNDLE, EVERY, OPTIONAL, ROOT, load

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
PIP = re.compile(r"# MAGIC %pip (.*)")
OTHER_WAYS = re.compile(
    r"%(sh|conda|mamba|uv)\b|^# MAGIC !|dbutils\.library\.install|\bsubprocess\b|\bos\.system\b|-m pip\b",
    re.MULTILINE,
)
# What brings packages, or a program that brings some, onto the compute of a task.
BRINGS = {"libraries", "library", "artifacts", "init_scripts", "base_environment", "docker_image",
          "dependencies", "java_dependencies", "client", "pipelines", "apps", "scripts"}  # fmt: skip
CHECK = re.compile(
    r':; case "[^"`]*" in [^"`$;()]+\) ;; [^"`$;()]+\) echo "[^"`$]*"; exit 1;; esac'
)

every_file = pytest.mark.parametrize("path", EVERY, ids=lambda path: path.name)
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def brought(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a bundle's file that bring packages, with what they name, wherever they stand."""
    if isinstance(value, dict):
        yield from ((key, inner) for key, inner in value.items() if key in BRINGS)
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from brought(inner)


def unlocked(path: Path, text: dict[str, Any]) -> list[str]:
    """Say what a file of the bundle would install that is in no lock."""
    wrong = []
    for key, named in brought(text):
        if key == "scripts":
            lines = [line for script in named.values() for line in script.splitlines()]
            wrong += [f"{key}: {line}" for line in lines if not CHECK.fullmatch(line)]
        elif key != "dependencies":
            wrong.append(f"{key}: {named}")
        for line in named if key == "dependencies" else ():
            lock = re.fullmatch(r"-r (\S+)", line)
            if not lock or (path.parent / lock[1]).resolve() not in (LOCK, ENVIRONMENT):
                wrong.append(f"dependencies: {line}")
    return wrong


def loose(text: str) -> list[str]:
    """Say what a notebook would install that pip does not hold against a hash."""
    wrong = [found[0] for found in OTHER_WAYS.finditer(text)]
    for found in PIP.finditer(text):
        words = found[1].split()
        if words != ["install", "--quiet", "--no-deps", "--require-hashes", "-r", "$packages"]:
            wrong.append(found[0])
    if re.findall(r"^packages = (.*)", text, re.MULTILINE) != ['missing("../requirements.txt")']:
        wrong.append("packages")
    return wrong


@every_file
def test_a_job_installs_what_a_lock_names_and_nothing_else(path: Path) -> None:
    assert unlocked(path, load(path)) == []


@every_notebook
def test_a_notebook_installs_what_the_lock_names_and_nothing_else(path: Path) -> None:
    assert loose(path.read_text(encoding="utf-8")) == []


def test_notebooks_and_option_pin_the_environment_that_the_lock_was_made_for() -> None:
    [made_for] = re.findall(r"requirements-environment-(\d+)\.txt", ENVIRONMENT.name)
    pin = re.compile(r'environment_version(?: =|:) "(\d+)"')
    for path in (*NOTEBOOKS, OPTIONAL / "environment.yml"):
        assert pin.findall(path.read_text(encoding="utf-8")) == [made_for], path


@pytest.mark.parametrize("lock", [LOCK, ENVIRONMENT], ids=lambda path: path.name)
def test_every_line_of_a_lock_has_one_version_and_hashes(lock: Path) -> None:
    pins = read_lock(lock.read_text(encoding="utf-8"))
    assert len(pins) > 20
    for pin in pins:
        assert pin.hashed, pin
        assert re.fullmatch(r"==[\w.!+]+", str(pin.requirement.specifier)), pin
        assert pin.requirement.url is None, pin


def test_the_locks_are_uploaded_with_the_notebooks() -> None:
    excluded = load(BUNDLE)["sync"]["exclude"]
    for file in (LOCK, ENVIRONMENT):
        assert not any(file.relative_to(ROOT).match(pattern) for pattern in excluded)


@pytest.mark.parametrize(
    "wrong",
    [
        {"libraries": [{"whl": "../../dist/*.whl"}]},
        {"libraries": [{"pypi": {"package": "rich==13.9.4"}}]},
        {"libraries": [{"requirements": "../../requirements.in"}]},
        {"environments": [{"spec": {"dependencies": ["rich==13.9.4"]}}]},
        {"environments": [{"spec": {"dependencies": ["../../dist/*.whl"]}}]},
        {"environments": [{"spec": {"dependencies": ["-r ../../requirements.in"]}}]},
        {"environments": [{"spec": {"dependencies": ["-r ../../requirements.txt", "rich"]}}]},
        {"environments": [{"spec": {"base_environment": "/Workspace/env.yaml"}}]},
        {"job_clusters": [{"new_cluster": {"init_scripts": [{"workspace": {}}]}}]},
        {"artifacts": {"wheel": {"build": "python3 -m pip wheel ."}}},
        {"scripts": {"predeploy": "python3 -m pip install rich"}},
        {
            "scripts": {
                "predeploy": ':; case "a" in a) ;; *) echo "b"; exit 1;; esac; pip install rich'
            }
        },
    ],
    ids=str,
)
def test_what_no_lock_names_is_found_wherever_it_stands(wrong: dict[str, Any]) -> None:
    text = {"targets": {"prod": {"resources": {"jobs": {"sync": wrong}}}}}
    assert len(unlocked(OPTIONAL / "a.yml", text)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "# MAGIC %pip install rich",
        "# MAGIC %pip install --quiet -r ../requirements.txt",
        "# MAGIC %pip install --quiet --require-hashes -r ../requirements.txt",
        "# MAGIC %pip install --quiet --no-deps --require-hashes -r $packages rich",
        "# MAGIC %sh pip install rich",
        "# MAGIC !pip install rich",
        "dbutils.library.installPyPI('rich')",
        "packages = '/tmp/other.txt'",
    ],
)
def test_what_pip_holds_against_no_hash_is_found(line: str) -> None:
    text = NOTEBOOKS[0].read_text(encoding="utf-8")
    assert loose(text) == []
    assert loose(f"{text}\n{line}\n")
