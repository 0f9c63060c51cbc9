"""The three places that name packages: setup.py, requirements.in for notebooks, and what the runtimes have."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
import setuptools
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.runtimes import RANGES, RUNTIMES

ROOT = Path(__file__).parent.parent


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What setup.py says."""
    said: dict[str, Any] = {}
    monkeypatch.setattr(setuptools, "setup", lambda **words: said.update(words))
    runpy.run_path(str(ROOT / "setup.py"))
    return said


def wanted() -> list[Requirement]:
    lines = RANGES.read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


def test_a_notebook_needs_what_setup_declares_but_for_development(metadata: dict[str, Any]) -> None:
    extras = {name: lines for name, lines in metadata["extras_require"].items() if name != "dev"}
    declared = metadata["install_requires"] + [line for lines in extras.values() for line in lines]
    assert [str(line) for line in wanted()] == [str(Requirement(line)) for line in declared]


def test_a_notebook_brings_no_spark_and_no_delta() -> None:
    assert not {"pyspark", "delta-spark", "databricks-connect"} & {line.name for line in wanted()}


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.name)
def test_what_a_runtime_preinstalls_is_in_range(runtime) -> None:
    outside = {
        name
        for line in wanted()
        if (name := canonicalize_name(line.name)) in runtime.pins
        and runtime.pins[name] not in line.specifier
    }
    assert outside <= runtime.may_move


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.name)
def test_the_pins_of_a_runtime_are_in_order(runtime) -> None:
    assert list(runtime.pins) == sorted(runtime.pins)


def test_only_the_runtimes_before_pydantic_2_may_have_packages_moved() -> None:
    before = {runtime.name for runtime in RUNTIMES if runtime.pins["pydantic"].startswith("1.")}
    assert before == {"dbr-15.4", "env-2"}
    assert {runtime.name for runtime in RUNTIMES if runtime.may_move} == before
