"""The locks of a workspace: with what a runtime ships, each is all that a notebook needs, and moves nothing."""

from __future__ import annotations

from importlib.metadata import distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from aadsync_lib.packages import ENTRY, read_ranges
from tests.runtimes import ENVIRONMENT, LOCK, RUNTIMES, Runtime
from tests.runtimes.lock import constraints, lines, shipped_by_all
from tests.setup import METADATA, ROOT, WORKSPACE_LOCKS
from tests.setup.locks import Package, Pin, environment, holds, problems, read_lock, read_metadata

every_runtime = pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.name)
every_lock = pytest.mark.parametrize("lock", WORKSPACE_LOCKS)
ENV_4 = next(runtime for runtime in RUNTIMES if runtime.name == "env-4")


def pins(runtime: Runtime, text: str) -> list[Pin]:
    here = environment(runtime.python)
    return [pin for pin in read_lock(text) if holds(pin.requirement, (), here)]


def unmet(runtime: Runtime, text: str, machine: str = "linux") -> list[str]:
    here = environment(runtime.python, machine)
    wanted = Package.of(distribution("aadsync")).wants({"keyvault", "sandbox"}, here)
    there = {name: pin for name, pin in runtime.pins.items() if name not in runtime.stays}
    there |= dict.fromkeys(runtime.stays, "9999")  # noted to do, whatever is asked of it
    metadata = read_metadata(METADATA)
    return list(problems(pins(runtime, text), metadata, wanted, here, there))


@every_runtime
@pytest.mark.parametrize("machine", ["linux", "linux-arm"])
def test_the_lock_has_all_that_a_runtime_lacks(runtime: Runtime, machine: str) -> None:
    found = unmet(runtime, runtime.needs(), machine)
    assert not found, "\n".join(found)


@every_runtime
def test_nothing_that_a_runtime_ships_moves_but_what_is_too_old(runtime: Runtime) -> None:
    needed = {pin.name for pin in pins(runtime, runtime.needs())}
    assert needed & runtime.pins.keys() == runtime.may_move
    assert len(needed) > 10


def test_environment_4_has_its_part_of_the_lock() -> None:
    text = ENVIRONMENT.read_text(encoding="utf-8")
    assert text.partition("\n")[2] == ENV_4.needs()
    assert unmet(ENV_4, text) == []


def test_the_lock_tells_a_notebook_the_ranges() -> None:
    wanted = [Requirement(line) for line in lines()]
    assert read_ranges(LOCK.read_text(encoding="utf-8")) == {
        canonicalize_name(line.name): line.specifier for line in wanted
    }


def test_what_every_runtime_ships_has_no_line() -> None:
    named = {pin.name for pin in read_lock(LOCK.read_text(encoding="utf-8"))}
    assert named.isdisjoint(shipped_by_all(list(RUNTIMES)))


def test_versions_are_held_to_the_oldest_that_a_runtime_ships() -> None:
    held = {str(Requirement(line)) for line in constraints()}
    assert 'typing-extensions<=4.10.0; python_version == "3.11"' in held
    assert 'typing-extensions<=4.11.0; python_version == "3.12"' in held


@every_lock
def test_every_entry_is_one_version_by_its_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    starts = [line for line in text.splitlines() if line and not line.startswith(("#", " "))]
    assert starts
    assert [entry["pin"].strip() for entry in ENTRY.finditer(text)] == [
        line.removesuffix("\\").strip() for line in starts
    ]
    assert all(
        pin.hashed and str(pin.requirement.specifier).startswith("==") for pin in read_lock(text)
    )


def test_what_is_there_and_too_old_for_the_lock_is_found() -> None:
    lock = read_lock("app==1 --hash=sha256:00\n")
    metadata = {"app==1": Package(("lib>=2", "core"))}
    here = environment("3.12")
    found = problems(lock, metadata, [], here, {"lib": "1.9", "core": "1"})
    assert list(found) == ["app==1 wants lib>=2, and lib==1.9 is there"]
    assert list(problems(lock, metadata, [], here, {"lib": "2.1", "core": "1"})) == []
