"""One fault at one request, at every request in turn: what is left of it after the next run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import pytest

from aadsync_lib.errors import AadsyncError
from aadsync_lib.report.outcomes import exit_code
from aadsync_lib.sandbox import Fault, Sandbox
from tests.acceptance.days import Day, play
from tests.acceptance.stage import Stage, removals, text

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
# What a client may simply try again: nobody should notice.
MENDED_AT_ONCE = {"429 without Retry-After", "429 with Retry-After", "503"}
SIDES = {"graph": "/v1.0/", "databricks": "/scim/v2/"}
LAST = 100  # more requests than any run here sends; without it a sweep that never ends could begin


@pytest.fixture(scope="module")
def days(
    box: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stage, tuple[Day, Day]]]:
    stage = Stage(box, tmp_path_factory.mktemp("faults"))
    yield stage, play(stage)
    box.faults.clear()


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("day", [0, 1], ids=["the first day", "the second day"])
def test_a_fault_at_any_request_ends_in_the_state_that_no_fault_ends_in(
    days: tuple[Stage, tuple[Day, Day]], day: int, name: str, swept: Callable[[str, int], None]
) -> None:
    stage, both = days
    failures: list[str] = []
    cases = 0
    for side in SIDES:
        for index in range(LAST):
            fault = FAULTS[name](side=side, path=SIDES[side], skip=index)
            if not _hit(stage, both[day], fault):
                break
            cases += 1
            failures += [f"{side} {index}: {each}" for each in _judged(stage, both[day], name)]
    swept("fault sweep", cases)
    assert cases >= both[day].requests
    assert not failures, text(failures)


def _hit(stage: Stage, day: Day, fault: Fault) -> bool:
    """Put the stage back to the beginning of a day, with a fault waiting on it."""
    raise NotImplementedError
