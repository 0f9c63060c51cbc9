"""One fault, and one kill, at each request about access to workspaces: what is left after the next run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from aadsync_lib.cli.sync import exit_code
from aadsync_lib.sandbox import Fault, Sandbox
from tests.acceptance.days import difference, run
from tests.acceptance.hubs import HUB, LAB, SQL, Hubs, Rule, open_hubs, rule, with_hubs
from tests.acceptance.small import OPS, company
from tests.acceptance.stage import Picture, Scene, text
from tests.acceptance.test_fault_sweep import FAULTS, MENDED_AT_ONCE, SAMPLES, TURNS
from tests.acceptance.test_kill_sweep import Victims

LAST = 60  # more requests about access than any run here sends
PLACES = {"account": ("", "permissionassignments"), HUB: (HUB, "/preview/scim/v2/")}
Rules = dict[str, list[Rule]]
FIRST: Rules = {
    HUB: [rule("dbx-*", entitlements=(SQL,)), rule("dbx-data", permission="admin")],
    LAB: [rule("dbx-ops")],
}
# On the second day dbx-ops is gone from Entra, dbx-data is no admin any more, and may do something else.
SECOND: Rules = {HUB: [rule("dbx-*", entitlements=("workspace-access",))], LAB: [rule("dbx-*")]}
CASES = [
    *(
        pytest.param(which, name, 0, 1, id=f"{day} day, {name}", marks=pytest.mark.soak)
        for which, day in enumerate(("first", "second"))
        for name in FAULTS
    ),
    *(
        pytest.param(1, name, turn % TURNS, TURNS, id=f"second day, {name}, in turns")
        for turn, name in enumerate(SAMPLES)
    ),
]


@dataclass(frozen=True)
class Day:
    """What a sync of one day begins with, by which rules, and what it ends with."""

    rules: Rules
    scene: Scene
    before: Picture
    after: Picture
    writes: int

    def wrong(self, stage: Hubs) -> Iterator[str]:
        """Say what of the stage is not as this day leaves it."""
        if stage.picture() != self.after:
            yield difference(self.after, stage.picture())
        if stage.links_and_pending()[1]:
            yield "a write is still open in the journal"

    def taken(self, left: Picture) -> set[tuple[str, ...]]:
        """Return the access that somebody lost beside that which this day takes."""
        return lost(self.before, left) - lost(self.before, self.after)


def lost(before: Picture, after: Picture) -> set[tuple[str, ...]]:
    """Return who lost which permission or entitlement in which workspace."""
    return {
        (place, who, what)
        for place in before
        if place.endswith(" access")
        for who, held in before[place].items()
        for what in set(held) - set(after[place].get(who, ()))
    }


def play(stage: Hubs) -> tuple[Day, Day]:
    """Sync both days without any fault."""
    stage.show(with_hubs(company()))
    first = _synced(stage, FIRST)
    stage.box.world.entra.delete_group(OPS)
    second = _synced(stage, SECOND)
    mark = stage.box.log.mark()
    assert exit_code(stage.sync()) == 0
    assert stage.box.log.writes("databricks", after=mark) == ()
    return first, second


def _synced(stage: Hubs, rules: Rules) -> Day:
    stage.assign(rules)
    scene, before, mark = stage.save(), stage.picture(), stage.box.log.mark()
    assert exit_code(stage.sync()) == 0
    writes = stage.box.log.writes("databricks", after=mark)
    return Day(rules, scene, before, stage.picture(), len(writes))


@pytest.fixture(scope="module")
def days(
    box: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Hubs, tuple[Day, Day]]]:
    with pytest.MonkeyPatch.context() as patch:
        box.reset(with_hubs(company()))
        stage = open_hubs(box, Path(tmp_path_factory.mktemp("hubs")), patch)
        yield stage, play(stage)
        box.faults.clear()


@pytest.fixture(scope="module")
def victims(days: tuple[Hubs, tuple[Day, Day]]) -> Iterator[Victims]:
    each = Victims(days[0])
    yield each
    each.close()


def test_the_two_days_give_and_take(days: tuple[Hubs, tuple[Day, Day]]) -> None:
    first, second = days[1]
    assert first.after["hub access"] == {"dbx-data": ("ADMIN", SQL), "dbx-ops": ("USER", SQL)}
    assert second.after["hub access"] == {"dbx-data": ("USER", "workspace-access")}
    assert second.after["lab access"] == {"dbx-data": ("USER",)}


@pytest.mark.parametrize(("which", "name", "begin", "step"), CASES)
def test_a_fault_at_any_request_about_access_ends_where_no_fault_ends(
    days: tuple[Hubs, tuple[Day, Day]],
    which: int,
    name: str,
    begin: int,
    step: int,
    swept: Callable[[str, int], None],
) -> None:
    stage, both = days
    day = both[which]
    stage.assign(day.rules)
    failures: list[str] = []
    cases = 0
    for where, (place, path) in PLACES.items():
        for index in range(begin, LAST, step):
            fault = FAULTS[name](side="databricks", place=place, path=path, skip=index)
            problems = _problems(stage, day, fault, name)
            if problems is None:
                break
            cases += 1
            failures += [f"{where} {index}: {problem}" for problem in problems]
    swept("fault sweep of workspaces", cases)
    assert cases >= 8 // step
    assert not failures, text(failures)


def _problems(stage: Hubs, day: Day, fault: Fault, name: str) -> list[str] | None:
    """Run with the fault, then without; ``None`` when the run ended before the fault's turn."""
    stage.restore(day.scene)
    fault_id = stage.box.faults.add(fault)
    code, said = run(stage)
    if not stage.box.faults.fired_by(fault_id):
        return None
    stage.box.faults.clear()
    return list(_broken(stage, day, name, code, said))


def _broken(stage: Hubs, day: Day, name: str, code: int, said: str) -> Iterator[str]:
    left = stage.picture()
    if extra := day.taken(left):
        yield f"took away {sorted(extra)}"
    if code == 0 and left != day.after:
        yield f"said that all was done: {difference(day.after, left)}"
    if code not in {0, 3}:
        yield f"ended with {code}: {said}"
    if code != 0 and name in MENDED_AT_ONCE:
        yield f"was not simply tried again: {said}"
    mark = stage.box.log.mark()
    code_after, said_after = run(stage)
    if code_after != 0:
        yield f"the run after it ended with {code_after}: {said_after}"
    if code == 0 and stage.box.log.writes("databricks", after=mark):
        yield "the run after it wrote, with nothing left to do"
    yield from day.wrong(stage)


@pytest.mark.parametrize(
    ("which", "when"),
    [
        pytest.param(0, "before", marks=pytest.mark.soak),
        pytest.param(0, "after", marks=pytest.mark.soak),
        pytest.param(1, "before", marks=pytest.mark.soak),
        (1, "after"),
    ],
)
def test_a_run_that_is_killed_at_any_write_is_finished_by_the_next_one(
    days: tuple[Hubs, tuple[Day, Day]],
    victims: Victims,
    which: int,
    when: str,
    swept: Callable[[str, int], None],
) -> None:
    stage, both = days
    day = both[which]
    stage.assign(day.rules)
    failures: list[str] = []
    cases = 0
    for at in range(1, LAST):
        stage.restore(day.scene)
        if victims.sync(stage, at, when) == "lived":
            break
        cases += 1
        failures += [f"write {at}: {problem}" for problem in _after_death(stage, day)]
    swept("kill sweep of workspaces", cases)
    assert cases == day.writes
    assert not failures, text(failures)


def _after_death(stage: Hubs, day: Day) -> Iterator[str]:
    if extra := day.taken(stage.picture()):
        yield f"took away {sorted(extra)}"
    code, said = run(stage)
    if code != 0:
        yield f"the run after it ended with {code}: {said}"
    yield from day.wrong(stage)
