"""Faults at every request of a probe: nothing stays behind, or it is told."""

from __future__ import annotations

import pytest

from aadsync_lib.doctor.probe.bench import PREFIX
from aadsync_lib.doctor.probe.report import exit_code
from aadsync_lib.sandbox.faults import Fault

KINDS = ("403", "500", "lost")  # one of each class
ALIKE = ("404", "409", "503", "reset", "truncated")


def of_classes(*often, alike=ALIKE):
    """One fault of each class, and the others in `make soak`."""
    return [*often, *(pytest.param(kind, marks=pytest.mark.soak) for kind in alike)]


def of_methods(lab, method):
    """How many requests of this method a probe sends where nothing goes wrong."""
    lab.probe()
    return sum(entry.method == method for entry in lab.box.log.entries)


def afresh(lab):
    lab.box.faults.clear()
    for key in lab.objects():
        lab.state.remove(key)


def told(lab, result):
    """Ids of what is told as left, by id or by name."""
    names = {left.name for left in result.left if left.id is None}
    ids = {left.id for left in result.left}
    tables = (lab.state.groups, lab.state.service_principals)
    return ids | {key for t in tables for key, row in t.items() if row.display_name in names}


@pytest.mark.parametrize(
    ("kind", "begin", "step"),
    [
        *(pytest.param(kind, turn, len(KINDS), id=kind) for turn, kind in enumerate(KINDS)),
        *(
            pytest.param(kind, 0, 1, id=f"{kind}, all", marks=pytest.mark.soak)
            for kind in KINDS + ALIKE
        ),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_after_one_fault_at_any_write_nothing_is_left(lab, method, kind, begin, step):
    for skip in range(begin, of_methods(lab, method), step):
        afresh(lab)
        lab.box.faults.add(Fault(kind, side="databricks", method=method, skip=skip))
        result = lab.probe()
        assert lab.objects() == set(), (skip, result.left)
        assert all(left.id is None for left in result.left)


@pytest.mark.parametrize("kind", of_classes("500", "reset", alike=("403", "404", "truncated")))
def test_after_one_fault_at_any_read_nothing_is_left(lab, kind):
    reads = of_methods(lab, "GET")
    assert reads > 40
    for skip in range(0, reads, 7):
        afresh(lab)
        lab.box.faults.add(Fault(kind, side="databricks", method="GET", skip=skip))
        result = lab.probe()
        assert lab.objects() == set(), (skip, result.left)
        assert result.left == ()


@pytest.mark.parametrize("kind", of_classes("500", "lost", alike=("403", "404", "reset")))
def test_when_everything_fails_from_some_request_on_what_is_left_is_told(lab, kind):
    lab.probe()
    requests = len(lab.box.log.entries)
    for skip in range(1, requests, 9):
        afresh(lab)
        lab.box.faults.add(Fault(kind, side="databricks", count=None, skip=skip))
        result = lab.probe()
        assert lab.objects() <= told(lab, result), skip
        assert not lab.objects() or exit_code([result]) in {1, 3}


class TestLeft:
    """What could not be removed."""

    @pytest.fixture
    def left(self, lab):
        lab.box.faults.add(Fault("403", side="databricks", method="DELETE", count=None))
        return lab.probe()

    def test_it_is_told_with_its_id_and_the_reason(self, lab, left):
        assert {each.id for each in left.left} == lab.objects() != set()
        assert all(each.name.startswith(PREFIX) and "403" in each.reason for each in left.left)
        assert exit_code([left]) == 3

    def test_the_next_probe_lists_it_and_leaves_it_alone(self, lab, left):
        lab.box.faults.clear()
        again = lab.probe()
        assert {each.id for each in again.earlier} == {each.id for each in left.left}
        assert lab.objects() == {each.id for each in left.left}
        assert (again.left, exit_code([again])) == ((), 0)

    def test_it_is_found_where_filters_of_that_kind_are_not_taken(self, lab, left):
        lab.box.faults.clear()
        lab.switches.scim_20 = False
        assert {each.id for each in lab.probe().earlier} == {each.id for each in left.left}

    @pytest.mark.parametrize("kind", ["Groups", "ServicePrincipals"])
    def test_a_create_without_an_answer_is_found_and_removed(self, lab, kind):
        lab.box.faults.add(Fault("lost", side="databricks", method="POST", path=kind))
        result = lab.probe()
        assert (lab.objects(), result.left) == (set(), ())

    def test_a_create_without_an_answer_that_no_listing_shows_is_told_by_name(self, lab):
        lab.switches.turn("list_lag", {"Groups": 1})
        lab.box.faults.add(Fault("lost", side="databricks", method="POST", path="Groups"))
        [left] = lab.probe().left
        assert left.id is None
        assert {lab.state.groups[key].display_name for key in lab.objects()} == {left.name}


class TestStop:
    """A request to stop, after any number of requests."""

    @pytest.mark.parametrize("after", [0, 1, 5, 20, 60])
    def test_everything_is_removed_and_the_rest_is_not_tried(self, lab, after):
        looks = iter(range(10_000))
        result = lab.probe(stopped=lambda: next(looks) >= after)
        assert "stopped" in result.error
        assert lab.objects() == set()
        assert (result.left, exit_code([result])) == ((), 1)
        assert not any(row.probe == "group.delete" for row in result.rows)

    def test_an_error_that_nobody_expects_is_told_and_everything_is_removed(self, lab, monkeypatch):
        def broken(*_):
            raise RuntimeError("no such thing")

        monkeypatch.setattr("aadsync_lib.doctor.probe.bench.Bench.members", broken)
        result = lab.probe()
        assert result.error == "it ended early: RuntimeError: no such thing."
        assert (lab.objects(), exit_code([result])) == (set(), 1)

    def test_a_keyboard_interrupt_passes_on_after_everything_is_removed(self, lab, monkeypatch):
        def interrupted(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr("aadsync_lib.doctor.probe.bench.Bench.members", interrupted)
        with pytest.raises(KeyboardInterrupt):
            lab.probe()
        assert lab.objects() == set()
