"""A process that is killed at one of its writes, at every write in turn."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from aadsync_lib.sandbox import Sandbox
from tests.acceptance.circumstances import CIRCUMSTANCES
from tests.acceptance.days import FIRST, SECOND, Day, days_by_name, run
from tests.acceptance.stage import Stage, removals, text

LAST = 100  # more writes than any run here has


class Victims:
    """Processes to be killed."""

    def __init__(self, stage: Stage) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.victim", str(stage.settings_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def sync(self, stage: Stage, at: int, when: str, ahead: float) -> str:
        """Sync in a process that dies at its n-th write, its clock ``ahead``; return what became of it."""
        assert self.process.stdin
        assert self.process.stdout
        death = {"settings": str(stage.settings_file), "at": at, "when": when, "ahead": ahead}
        print(json.dumps(death), file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        self.process.communicate()


@pytest.fixture(scope="module")
def day_of(
    box: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[Stage, Day]]:
    return days_by_name(lambda: Stage(box, tmp_path_factory.mktemp("kills")))


@pytest.fixture(scope="module")
def victims(day_of: Callable[[str], tuple[Stage, Day]]) -> Iterator[Victims]:
    each = Victims(day_of(FIRST)[0])
    yield each
    each.close()


WHEN = {"before": "before it is sent", "after": "after it is answered"}
FEW = 3  # every third write
CASES = [
    *(
        pytest.param(
            which,
            when,
            1,
            id=f"{which}, {words}",
            marks=pytest.mark.soak if which in CIRCUMSTANCES else (),
        )
        for which in (FIRST, SECOND, *CIRCUMSTANCES)
        for when, words in WHEN.items()
    ),
    *(
        pytest.param(which, when, FEW, id=f"{which}, {WHEN[when]}, now and then")
        for which, when in zip(CIRCUMSTANCES, itertools.cycle(WHEN))
    ),
]


@pytest.mark.parametrize(("which", "when", "step"), CASES)
def test_a_run_that_is_killed_at_any_write_is_finished_by_the_next_one(
    day_of: Callable[[str], tuple[Stage, Day]],
    victims: Victims,
    which: str,
    when: str,
    step: int,
    swept: Callable[[str, int], None],
) -> None:
    stage, day = day_of(which)
    failures: list[str] = []
    cases = 0
    for at in range(1, LAST, step):
        stage.restore(day.scene)
        end = victims.sync(stage, at, when, day.circumstance.ahead)
        if end == "lived":
            break
        cases += 1
        failures += [f"write {at}: {problem}" for problem in _problems(stage, day, end)]
    swept("kill sweep", cases)
    assert cases == len(range(0, day.writes, step))
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
