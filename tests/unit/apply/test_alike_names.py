"""Names that only look alike: what a target holds for one name is never taken for it."""

from __future__ import annotations

import pytest

from aadsync_lib.model.identity import Kind
from aadsync_lib.model.run import Result, Status
from aadsync_lib.ports import ChangeRefused
from tests.unit.build import directory, group, user
from tests.unit.fakes import FakeTarget, Fault
from tests.unit.world import World

PAIRS = pytest.mark.parametrize(
    ("wanted", "there"),
    [("dbx-Maße", "dbx-Masse"), ("dbx-Masse", "dbx-Maße"), ("ﬁnance", "finance"), ("№1", "No1")],
)
ADOPT = pytest.mark.parametrize("adopt", ["never", "unowned", "same_name"])


def held(report):
    return {o.error for o in report.targets[0].outcomes if o.result is Result.QUARANTINED}


def both(reason, *names):
    return all(name in reason for name in names)


@PAIRS
@ADOPT
def test_a_group_whose_name_is_folded_into_anothers_waits(wanted, there, adopt):
    target = FakeTarget(folds=True)
    bob = target.add(Kind.USER, "bob@x.com")
    stranger = target.add(Kind.GROUP, there, [bob])
    ada = user("ada")
    with World(directory(ada, group(wanted, [ada], id="g")), target, adopt=adopt) as world:
        report = world.sync()
        (reason,) = held(report)
        assert both(reason, wanted, there, stranger)
        assert target.accounts[stranger].name == there
        assert target.accounts[stranger].external_id is None
        assert target.groups[stranger] == {bob}
        assert "g" not in world.store.links("account").by_external
        assert report.status is Status.PARTIAL


@ADOPT
def test_a_person_whose_name_is_folded_into_anothers_waits(adopt):
    target = FakeTarget(folds=True)
    stranger = target.add(Kind.USER, "strasse@contoso.com")
    ada = user("straße")
    with World(directory(ada, assigned=[ada]), target, adopt=adopt) as world:
        (reason,) = held(world.sync())
        assert both(reason, "straße@contoso.com", "strasse@contoso.com", stranger)
        assert target.accounts[stranger].external_id is None


@PAIRS
def test_a_group_that_is_renamed_into_anothers_name_waits(wanted, there):
    target = FakeTarget(folds=True)
    with World(directory(group("Data")), target) as world:
        world.sync()
        data = target.named("Data").id
        stranger = target.add(Kind.GROUP, there)
        report = world.sync(directory(group(wanted, id="g-data")))
        (reason,) = held(report)
        assert both(reason, wanted, there, stranger)
        assert (target.accounts[data].name, target.accounts[stranger].name) == ("Data", there)


def test_a_rename_into_a_name_that_is_taken_fails_as_before():
    with World(directory(group("Data"))) as world:
        world.sync()
        world.source.snapshot = directory(group("Ops", id="g-data"))
        world.target.on_write = lambda _: (
            world.target._same(Kind.GROUP, "Ops") or world.target.add(Kind.GROUP, "Ops")
        )
        report = world.sync()
        assert [o.error for o in report.failed] == ["group with name Ops already exists"]


def test_a_rename_that_folds_into_its_own_name_is_made():
    with World(directory(group("dbx-Masse", id="g")), FakeTarget(folds=True)) as world:
        world.sync()
        assert world.sync(directory(group("dbx-Maße", id="g"))).status is Status.SUCCEEDED
        assert world.target.named("dbx-Maße")


def test_a_rename_whose_rivals_cannot_be_seen_fails_with_the_first_reason():
    with World(directory(group("Data")), FakeTarget(folds=True)) as world:
        world.sync()
        world.target.add(Kind.GROUP, "dbx-Masse")
        world.target.blind_error = ChangeRefused("500")
        report = world.sync(directory(group("dbx-Maße", id="g-data")))
        assert [o.error for o in report.failed] == ["group with name dbx-Maße already exists"]


@PAIRS
def test_where_the_target_tells_them_apart_both_are_there(wanted, there):
    target = FakeTarget()
    target.add(Kind.GROUP, there)
    with World(directory(group(wanted, id="g")), target) as world:
        assert world.sync().status is Status.SUCCEEDED
        assert {a.name for a in target.accounts.values()} == {wanted, there}


@PAIRS
def test_a_create_without_an_answer_is_not_taken_for_a_name_like_it(wanted, there):
    target = FakeTarget()
    target.add(Kind.GROUP, there)
    with World(directory(group(wanted, id="g")), target) as world:
        target.faults = {0: Fault.LOST_BEFORE}
        assert world.sync().status is Status.SUCCEEDED
        assert {a.name for a in target.accounts.values()} == {wanted, there}


@pytest.mark.parametrize("folds", [True, False])
def test_names_that_only_look_alike_can_go_round_in_one_run(folds):
    """Whoever takes either of two such names waits until both are given up."""
    target = FakeTarget(folds=folds)
    names = {"g1": "Maße", "g2": "Ops", "g3": "ﬁn"}
    with World(directory(*(group(name, id=gid) for gid, name in names.items())), target) as world:
        world.sync()
        renamed = {"g1": "Ops", "g2": "Maße", "g3": "Red"}
        world.source.snapshot = directory(*(group(name, id=gid) for gid, name in renamed.items()))
        assert world.sync().status is Status.SUCCEEDED
        assert world.names_of_links() == renamed


def test_a_swap_beside_a_name_that_looks_like_one_of_the_two_gets_through():
    target = FakeTarget()
    names = {"g1": "Ops", "g2": "Maße", "g3": "Masse"}
    with World(directory(*(group(name, id=gid) for gid, name in names.items())), target) as world:
        world.sync()
        renamed = {"g1": "Maße", "g2": "Ops", "g3": "Red"}
        world.source.snapshot = directory(*(group(name, id=gid) for gid, name in renamed.items()))
        assert world.sync().status is Status.SUCCEEDED
        assert world.names_of_links() == renamed
