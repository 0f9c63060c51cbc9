"""A process that is killed at one of its writes, at every write in turn."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from aadsync_lib.sandbox import Sandbox, World
from tests.acceptance.days import Day, play, run
from tests.acceptance.stage import Stage, WorkspaceStage, removals, text, with_workspace

LAST = 100  # more writes than any run here has
STAGES = {"account": Stage, "workspace": WorkspaceStage}
WHENS = {"before": "before it is sent", "after": "after it is answered"}
OFTEN = {
    "account": {(0, "before"), (0, "after"), (1, "before"), (1, "after")},
    "workspace": {(1, "after")},
}
CASES = [
    pytest.param(
        place,
        which,
        when,
        id=f"{place}, {('first', 'second')[which]} day, {told}",
        marks=() if (which, when) in OFTEN[place] else pytest.mark.soak,
    )
    for place in STAGES
    for which in (0, 1)
    for when, told in WHENS.items()
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

    def sync(self, stage: Stage, at: int, when: str) -> str:
        """Sync in a process that dies at its n-th write; return what became of it."""
        assert self.process.stdin
        assert self.process.stdout
        death = {"settings": str(stage.settings_file), "at": at, "when": when}
        print(json.dumps(death), file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        self.process.communicate()


@pytest.fixture(scope="module")
def days(
    request: pytest.FixtureRequest, box: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Stage, tuple[Day, Day]]:
    box.reset(with_workspace(World()))
    stage = STAGES[request.param](box, tmp_path_factory.mktemp("kills"))
    return stage, play(stage)


@pytest.fixture(scope="module")
def victims(days: tuple[Stage, tuple[Day, Day]]) -> Iterator[Victims]:
    each = Victims(days[0])
    yield each
    each.close()


@pytest.mark.parametrize(("days", "which", "when"), CASES, indirect=["days"])
def test_a_run_that_is_killed_at_any_write_is_finished_by_the_next_one(
    days: tuple[Stage, tuple[Day, Day]],
    victims: Victims,
    which: int,
    when: str,
    swept: Callable[[str, int], None],
) -> None:
    stage, both = days
    day = both[which]
    failures: list[str] = []
    cases = 0
    for at in range(1, LAST):
        stage.restore(day.scene)
        end = victims.sync(stage, at, when)
        if end == "lived":
            break
        cases += 1
        failures += [f"write {at}: {problem}" for problem in _problems(stage, day, end)]
    swept("kill sweep", cases)
    assert cases == day.writes
    assert not failures, text(failures)


def _problems(stage: Stage, day: Day, end: str) -> Iterator[str]:
    if end != "killed":
        yield f"the process {end} of something else"
    _, pending = stage.links_and_pending()
    if not pending:
        yield "the journal does not show what was under way"
    if extra := removals(day.before, stage.picture()) - day.removals:
        yield f"took away {sorted(extra)}"
    code, said = run(stage)
    if code != 0:
        yield f"the run after it ended with {code}: {said}"
    yield from day.faults(stage)
