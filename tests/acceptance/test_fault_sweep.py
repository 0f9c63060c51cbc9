"""One fault at one request, at every request in turn: what is left of it after the next run.

`make test` sweeps with the first fault of each class, which take turns, so that every request is hit, and under each circumstance now and then; `make soak` sweeps with all at every request. The clients' own tests prove that they do the same
with all faults of a class, which leave the same behind on the server: for Graph, `test_a_fault_of_any_one_request_changes_nothing`
in tests/contract/entra/test_client.py; for Databricks, those in tests/contract/databricks/test_faults.py that CLASSES names.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from aadsync_lib.sandbox import Fault, Sandbox, World
from tests.acceptance.circumstances import CIRCUMSTANCES
from tests.acceptance.days import FIRST, SECOND, Day, DayOf, days_by_name, difference, run
from tests.acceptance.stage import Picture, Stage, WorkspaceStage, removals, text, with_workspace

# A timeout of no seconds: the server never handles the request, and hangs up at once instead of
# after a minute that somebody would have to wait for.
FAULTS = {
    "429 without Retry-After": functools.partial(Fault, "429"),
    "429 with Retry-After": functools.partial(Fault, "429", retry_after="7"),
    "500": functools.partial(Fault, "500"),
    "503": functools.partial(Fault, "503"),
    "504": functools.partial(Fault, "504"),
    "timeout": functools.partial(Fault, "timeout", seconds=0.0),
    "reset": functools.partial(Fault, "reset"),
    "lost": functools.partial(Fault, "lost"),
    "truncated": functools.partial(Fault, "truncated"),
    "403": functools.partial(Fault, "403"),
    "404": functools.partial(Fault, "404"),
}
CLASSES = {
    # test_a_429_pauses_the_whole_class_and_the_request_is_sent_again, test_a_create_answered_with_503_is_sent_again,
    # test_reads_and_writes_that_can_be_repeated_are_tried_four_times
    "not yet": ("503", "429 without Retry-After", "429 with Retry-After"),
    # test_reads_and_writes_that_can_be_repeated_are_tried_four_times,
    # test_a_create_whose_answer_is_lost_or_unclear_is_never_sent_again
    "not done, and no clear answer": ("500", "504", "timeout", "reset"),
    "done, and no whole answer": ("lost", "truncated"),  # the same two
    "forbidden": ("403",),
    "not there": ("404",),
}
MENDED_AT_ONCE = CLASSES["not yet"]  # a client simply tries again: nobody should notice
FEW = 12  # every twelfth request
# The first day only creates; the second has all that, and everything else.
ON_FIRST_DAY = ("lost", "500", "truncated", "403")
NAMES = {FIRST: ON_FIRST_DAY, **dict.fromkeys((SECOND, *CIRCUMSTANCES), FAULTS)}
PLACES = {"account": NAMES, "workspace": {FIRST: ON_FIRST_DAY, SECOND: FAULTS}}
SAMPLES = [members[0] for members in CLASSES.values()]
TURNS = len(
    SAMPLES
)  # of five faults the first is at requests 0, 5, 10, the second at 1, 6, 11, and so on
CASES = [
    *(
        pytest.param(
            place, which, name, 0, 1, id=f"{place}, {which}, {name}", marks=pytest.mark.soak
        )
        for place, days in PLACES.items()
        for which, names in days.items()
        for name in names
    ),
    *(
        pytest.param(place, SECOND, name, turn, TURNS, id=f"{place}, {name}, in turns")
        for place in PLACES
        for turn, name in enumerate(SAMPLES)
    ),
    pytest.param("account", FIRST, "lost", 0, TURNS, id="first day, lost, now and then"),
    *(
        pytest.param("account", which, name, 0, FEW, id=f"{which}, {name}, now and then")
        for which, name in zip(CIRCUMSTANCES, SAMPLES, strict=True)
    ),
]
# Of Graph a sync of a workspace asks the same as one of an account.
SIDES = {
    "account": {"graph": "/v1.0/", "databricks": "/scim/v2/"},
    "workspace": {"databricks": "/api/2.0/preview/"},
}
STAGES = {"account": Stage, "workspace": WorkspaceStage}
LAST = 100  # more requests than any run here sends


@pytest.fixture(scope="module")
def day_of(box: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DayOf]:
    def new_stage(place: str) -> Stage:
        box.reset(with_workspace(World()))  # whose address is in the settings
        return STAGES[place](box, tmp_path_factory.mktemp("faults"))

    yield days_by_name(new_stage)
    box.faults.clear()


def test_every_fault_is_of_one_class() -> None:
    assert sorted(name for members in CLASSES.values() for name in members) == sorted(FAULTS)


@pytest.mark.parametrize(("place", "which", "name", "begin", "step"), CASES)
def test_a_fault_at_any_request_ends_in_the_state_that_no_fault_ends_in(
    day_of: DayOf,
    place: str,
    which: str,
    name: str,
    begin: int,
    step: int,
    swept: Callable[[str, int], None],
) -> None:
    stage, day = day_of(place, which)
    failures: list[str] = []
    cases = 0
    for side, path in SIDES[place].items():
        for index in range(begin, LAST, step):
            case = _case(stage, day, FAULTS[name](side=side, path=path, skip=index))
            if case is None:
                break
            cases += 1
            failures += [f"{case.where}: {problem}" for problem in case.problems(day, name)]
    swept("fault sweep", cases)
    assert cases * step >= sum(day.requests[side] - begin for side in SIDES[place])
    assert not failures, text(failures)


@dataclass(frozen=True)
class Case:
    """A run with a fault in it, and the run without one after it."""

    where: str
    code: int
    said: str
    left: Picture
    code_after: int
    writes_after: int
    wrong_after: list[str]

    def problems(self, day: Day, name: str) -> Iterator[str]:
        """Yield every promise that these two runs broke."""
        if extra := removals(day.before, self.left) - day.removals:
            yield f"took away {sorted(extra)}"
        if self.code == 0 and self.left != day.after:
            yield f"said that all was done: {difference(day.after, self.left)}"
        if self.code == 1 and self.left != day.before:
            yield f"said that nothing was changed: {self.said}"
        if self.code not in {0, 1, 3}:
            yield f"ended with {self.code}: {self.said}"
        if self.code != day.code and name in MENDED_AT_ONCE:
            yield f"was not simply tried again: {self.said}"
        if self.code_after != 0:
            yield f"the run after it ended with {self.code_after}"
        if self.code == 0 and self.writes_after != day.late:
            yield f"the run after it wrote {self.writes_after} times, with {day.late} writes left to do"
        yield from self.wrong_after


def _case(stage: Stage, day: Day, fault: Fault) -> Case | None:
    """Run with the fault, then without; ``None`` when the run ended before the fault's turn."""
    box = stage.box
    stage.restore(day.scene)
    day.circumstance.begin(stage)
    fault_id = box.faults.add(fault)
    code, said = run(stage)
    fired, left, hit = box.faults.fired_by(fault_id), stage.picture(), _hit(stage, fault)
    box.faults.clear()
    day.circumstance.end(stage)
    if not fired:
        return None
    mark = box.log.mark()
    code_after, _ = run(stage)
    writes = len(box.log.writes("databricks", after=mark))
    return Case(
        f"{fault.side} {fault.skip} {hit}", code, said, left, code_after, writes, day.faults(stage)
    )


def _hit(stage: Stage, fault: Fault) -> str:
    """Name the requests that look as if they were hit."""
    status = int(fault.kind) if fault.kind.isdecimal() else 0
    hit = [e for e in stage.box.log.select(fault.side, path=fault.path) if e.status == status]
    return ", ".join(f"{e.method} {e.path.partition('v2/')[2] or e.path}" for e in hit)
