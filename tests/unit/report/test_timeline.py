"""The timeline of a history: where runs stand, what of them goes up and down, where days begin."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aadsync_lib.model.run import Recap, Status, TargetReport
from aadsync_lib.report.as_json import run_to_json
from aadsync_lib.report.html.timeline import APART, DAYS, HALF, RUNS, WIDTH, timeline_of
from tests.unit.report import pages, samples

DAY = 86_400.0
RUN = pages.history()[0]


def runs(*times, **applied):
    """Runs of these times, given oldest first, that did the same."""
    target = TargetReport("account", Status.SUCCEEDED, recap=Recap(applied, 0, 0, (), ()))
    report = json.dumps(run_to_json(samples.report(target)))
    made = (
        replace(RUN, started_at=time, ended_at=time, status="succeeded", report=report)
        for time in times
    )
    return tuple(reversed(tuple(made)))


def places(*times):
    return [mark.x for mark in timeline_of(runs(*times)).marks]


def test_no_run_is_no_timeline():
    assert timeline_of(()) is None


def test_runs_stand_as_far_apart_as_in_time():
    first, second, third = places(0, DAY, 4 * DAY)
    assert (second - first) * 3 == pytest.approx(third - second, abs=0.5)


@given(st.lists(st.floats(0, 60 * DAY), min_size=1, max_size=RUNS + 5))
def test_no_run_hides_another_or_is_outside(times):
    found = places(*sorted(times))
    assert len(found) == min(len(times), RUNS)
    assert all(right - left >= APART - 0.2 for left, right in pairwise(found))
    assert found[0] >= 0
    assert found[-1] <= WIDTH


def test_what_comes_and_changes_goes_up_and_what_goes_goes_down():
    [mark] = timeline_of(runs(0, create_user=7, update_user=8, delete_group=15)).marks
    assert [(bar.tone, bar.y, bar.height) for bar in mark.bars] == [
        ("in", pytest.approx(HALF * 8 / 15, abs=0.1), pytest.approx(HALF * 7 / 15, abs=0.1)),
        ("change", 0.0, pytest.approx(HALF * 8 / 15, abs=0.1)),
        ("out", HALF, HALF),
    ]
    assert mark.said == "1970-01-01 00:00 UTC, done, 30 changes (+7 ~8 -15), run r-10"


def test_a_small_run_beside_a_large_one_is_seen_and_a_quiet_one_has_no_bar():
    quiet, small, large = runs(2 * DAY), runs(DAY, create_user=1), runs(0, create_user=100_000)
    marks = timeline_of((*quiet, *small, *large)).marks
    assert [sum(bar.height for bar in mark.bars) for mark in marks] == [
        HALF,
        pytest.approx(3.0, abs=0.1),
        0,
    ]


def test_how_a_run_ended_is_its_tone():
    marks = timeline_of(pages.history()).marks
    assert [mark.tone for mark in marks][:5] == ["warn", "bad", "bad", "warn", "good"]
    assert "did not end" in marks[0].said


def test_days_begin_between_the_runs_before_and_after():
    found = timeline_of(runs(DAY / 2, 3.5 * DAY))
    assert [line.day for line in found.lines] == ["1970-01-02", "1970-01-03", "1970-01-04"]
    assert [line.x for line in found.lines] == pytest.approx(
        [WIDTH / 6, WIDTH / 2, 5 * WIDTH / 6], abs=5
    )


def test_of_many_days_only_months_have_a_line():
    assert len(timeline_of(runs(0, DAYS * DAY)).lines) == DAYS
    assert [line.day for line in timeline_of(runs(0, 70 * DAY)).lines] == [
        "1970-02-01",
        "1970-03-01",
    ]


def test_runs_of_one_moment_are_side_by_side():
    found = timeline_of(runs(5.0, 5.0, 5.0))
    assert (found.first, found.last, found.lines) == ("1970-01-01 00:00", "1970-01-01 00:00", ())
    assert len({mark.x for mark in found.marks}) == 3
