"""What a lock names is all that is needed: whatever an index holds, set-up installs that and nothing else."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution, version

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

from tests.setup import LOCKS, METADATA, ROOT
from tests.setup.locks import (
    MACHINES,
    Package,
    environment,
    holds,
    problems,
    read_lock,
    read_metadata,
)

EACH = [
    pytest.param(lock, python, machine, id=f"{lock}-{python}-{machine}")
    for lock, (pythons, _, _) in LOCKS.items()
    for python in pythons
    for machine in MACHINES
]
HASH = " --hash=sha256:00"


def lines(file: str) -> list[Requirement]:
    text = re.sub(r"#.*", "", (ROOT / ".ci" / file).read_text(encoding="utf-8"))
    return [Requirement(line) for line in text.splitlines() if line]


def pins(lock: str) -> dict[str, str]:
    return {str(pin): str(pin.requirement) for pin in read_lock((ROOT / lock).read_text("utf-8"))}


@pytest.mark.parametrize(("lock", "python", "machine"), EACH)
def test_a_lock_has_all_that_its_packages_want_extras_included(lock, python, machine) -> None:
    _, extras, files = LOCKS[lock]
    here = environment(python, machine)
    wanted = [requirement for file in files for requirement in lines(file)]
    if extras is not None:
        wanted += Package.of(distribution("aadsync")).wants(extras, here)
    text = (ROOT / lock).read_text(encoding="utf-8")
    found = list(problems(read_lock(text), read_metadata(METADATA), wanted, here))
    assert not found, "\n".join(found)


def test_every_lock_there_is_is_checked() -> None:
    assert {path.name for path in ROOT.glob("*.lock")} == LOCKS.keys()


@pytest.mark.parametrize("lock", ["requirements-demo.lock", "requirements-uv.lock"])
def test_what_comes_first_is_a_part_of_what_comes_later(lock) -> None:
    assert pins(lock).keys() <= pins("requirements.lock").keys()


def test_spark_moves_nothing_that_is_there() -> None:
    names = {pin.partition("==")[0] for pin in pins("requirements.lock")}
    spark = {pin for pin in pins("requirements-spark.lock") if pin.partition("==")[0] in names}
    assert spark <= pins("requirements.lock").keys()


def test_this_environment_is_what_the_lock_names() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    named = [pin for pin in read_lock(text) if holds(pin.requirement, (), default_environment())]
    assert named
    assert {pin.name: version(pin.name) for pin in named} == {
        pin.name: pin.version for pin in named
    }


def test_the_project_is_built_by_what_the_locks_name() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    assert [Requirement(line) for line in build["requires"]] == lines("build.in")


@pytest.mark.parametrize(
    ("lock", "problem"),
    [
        (["app==1", "lib[fast]==2", "speed==3"], None),
        (["app==1", "lib[fast]==2"], "lib==2 wants speed>=3"),
        (["app==1", "lib==2", "speed==3"], "lib==2 without [fast]"),
        (["app==1", "lib[fast]==1.9", "speed==3"], "the lock has lib==1.9"),
        (["app==1", "lib[fast]==2", "speed==3 ; python_version < '3.12'"], "not in the lock"),
        (["app==1", "lib[fast]>=2", "speed==3"], "not one version by its hash"),
        (["app==1", "lib[fast]==2", "speed==3", "new==1"], "new==1: nobody knows"),
        (["lib[fast]==2", "speed==3"], "the project wants app"),
        (["app==1", "lib[fast]==2", "speed==3", "old==1"], "old==1 wants Python <3.12"),
    ],
)
def test_a_lock_that_is_not_complete_is_found(lock, problem) -> None:
    metadata = {
        "app==1": Package(("Lib[fast]>=2", "tomli; python_version < '3.11'")),
        "lib==1.9": Package(("speed>=3; extra == 'fast'",)),
        "lib==2": Package(("speed>=3; extra == 'fast'", "docs; extra == 'docs'")),
        "lib==>=2": Package(("speed>=3; extra == 'fast'",)),
        "speed==3": Package(),
        "old==1": Package((), "<3.12"),
    }
    text = "".join(f"{line} \\\n   {HASH}\n    # via app\n" for line in lock)
    found = list(problems(read_lock(text), metadata, [Requirement("app")], environment("3.12")))
    assert ([] if problem is None else [True]) == [problem in line for line in found][:1], found


def test_a_pin_without_a_hash_is_found() -> None:
    lock = read_lock("app==1\n")
    found = problems(lock, {"app==1": Package()}, [], environment("3.11"))
    assert list(found) == ["app==1 is not one version by its hash"]
