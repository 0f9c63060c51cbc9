"""A process that is killed at one of its writes, at every write in turn."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from aadsync_lib.sandbox import Sandbox, World
from tests.acceptance.circumstances import CIRCUMSTANCES
from tests.acceptance.days import FIRST, SECOND, Day, DayOf, days_by_name, run
from tests.acceptance.stage import Stage, WorkspaceStage, removals, text, with_workspace

LAST = 100  # more writes than any run here has
STAGES = {"account": Stage, "workspace": WorkspaceStage}
WHENS = {"before": "before it is sent", "after": "after it is answered"}
TURNS = 3  # before writes 1, 4, 7, after writes 2, 5, 8, and so on
FEW = 12  # every twelfth write
CASES = [
    *(
        pytest.param(
            place, which, when, 1, 1, id=f"{place}, {which}, {words}", marks=pytest.mark.soak
        )
        for place in STAGES
        for which in (FIRST, SECOND, *CIRCUMSTANCES)
        for when, words in WHENS.items()
        if place == "account" or which not in CIRCUMSTANCES
    ),
    *(
        pytest.param(place, which, when, turn, TURNS, id=f"{place}, {which}, {words}, in turns")
        for place, which in (("account", FIRST), ("account", SECOND), ("workspace", SECOND))
        for turn, (when, words) in enumerate(WHENS.items(), 1)
    ),
    *(
        pytest.param("account", which, when, 1, FEW, id=f"{which}, {WHENS[when]}, now and then")
        for which, when in zip(CIRCUMSTANCES, itertools.cycle(WHENS))
    ),
]


class Victims:
    """Processes to be killed."""

    def __init__(self, stage: Stage) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.victim", str(stage.settings_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def sync(self, stage: Stage, at: int, when: str, ahead: float = 0.0) -> str:
        """Sync in a process that dies at its n-th write, its clock ``ahead``; return what became of it."""
        assert self.process.stdin
        assert self.process.stdout
        death = {"settings": str(stage.settings_file), "at": at, "when": when, "ahead": ahead}
        print(json.dumps(death), file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        self.process.communicate()


@pytest.fixture(scope="module")
def day_of(box: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> DayOf:
    def new_stage(place: str) -> Stage:
        box.reset(with_workspace(World()))  # whose address is in the settings
        return STAGES[place](box, tmp_path_factory.mktemp("kills"))

    return days_by_name(new_stage)


@pytest.fixture(scope="module")
def victims() -> Iterator[Callable[[Stage], Victims]]:
    """The processes of all stages, warmed up with the first."""
    running: list[Victims] = []

    def of(stage: Stage) -> Victims:
        if not running:
            running.append(Victims(stage))
        return running[0]

    yield of
    for each in running:
        each.close()


@pytest.mark.parametrize(("place", "which", "when", "begin", "step"), CASES)
def test_a_run_that_is_killed_at_any_write_is_finished_by_the_next_one(
    day_of: DayOf,
    victims: Callable[[Stage], Victims],
    place: str,
    which: str,
    when: str,
    begin: int,
    step: int,
    swept: Callable[[str, int], None],
) -> None:
    stage, day = day_of(place, which)
    failures: list[str] = []
    cases = 0
    for at in range(begin, LAST, step):
        stage.restore(day.scene)
        end = victims(stage).sync(stage, at, when, day.circumstance.ahead)
        if end == "lived":
            break
        cases += 1
        failures += [f"write {at}: {problem}" for problem in _problems(stage, day, end)]
    swept("kill sweep", cases)
    assert cases == len(range(begin, day.writes + 1, step))
    assert not failures, text(failures)


def _problems(stage: Stage, day: Day, end: str) -> Iterator[str]:
    if end != "killed":
        yield f"the process {end} of something else"
    _, pending = stage.links_and_pending()
    if not pending:
        yield "the journal does not show what was under way"
    if extra := removals(day.before, stage.picture()) - day.removals:
        yield f"took away {sorted(extra)}"
    day.circumstance.after(stage)
    code, said = run(stage)
    if code != 0:
        yield f"the run after it ended with {code}: {said}"
    yield from day.faults(stage)
