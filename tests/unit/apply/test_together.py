"""A group's name and its members in one request, and what becomes of each when that is refused."""

from __future__ import annotations

import pytest

from aadsync_lib.model.change import Action
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.run import Result, Status
from tests.unit.build import directory, group, user
from tests.unit.fakes import Fault
from tests.unit.world import World

ADA, BOB, CYD = user("ada"), user("bob"), user("cyd")
BEFORE = directory(ADA, BOB, CYD, group("Data", [ADA, BOB]))
AFTER = directory(ADA, BOB, CYD, group("Data & AI", [ADA, CYD], id="g-data"))


@pytest.fixture
def world():
    """A synced group, which has another name and other members by now."""
    with World(BEFORE, leavers="keep") as one:
        one.sync()
        one.source.snapshot = AFTER
        one.target.log.clear()
        yield one


def results(report):
    return {o.change.action.value: o.result for o in report.targets[0].outcomes}


def writes(world):
    group_id = world.store.links("account").by_external["g-data"].target_id
    return [what for what in world.target.log if what.endswith(f" {group_id}")]


def test_one_request_and_an_outcome_for_each_change(world):
    plan = world.planned()
    report = world.sync()
    assert results(report) == dict.fromkeys(
        ("rename_group", "add_members", "remove_members"), Result.DONE
    ) | {"create_user": Result.DONE}
    assert len(writes(world)) == 1
    assert len(world.target.log) == plan.estimate.requests
    assert world.target.members_of("Data & AI") == {"ada@contoso.com", "cyd@contoso.com"}
    assert world.planned().changes == ()


def test_a_name_that_is_taken_does_not_hold_back_the_members(world):
    world.target.refuses = lambda what: (
        "taken" if what.startswith("update ") and "members" not in what else None
    )
    report = world.sync()
    assert results(report)["rename_group"] is Result.FAILED
    assert results(report)["add_members"] is results(report)["remove_members"] is Result.DONE
    assert world.target.members_of("Data") == {"ada@contoso.com", "cyd@contoso.com"}
    assert report.status is Status.PARTIAL
    world.target.refuses = lambda _: None
    assert [c.action for c in world.planned().changes] == [Action.RENAME_GROUP]


def test_a_member_at_fault_does_not_hold_back_the_name(world):
    world.target.refuses = lambda what: "no" if what == "member cyd@contoso.com" else None
    report = world.sync()
    assert results(report) == {
        "create_user": Result.DONE,
        "rename_group": Result.DONE,
        "remove_members": Result.DONE,
        "add_members": Result.FAILED,
    }
    assert world.target.members_of("Data & AI") == {"ada@contoso.com"}


def test_a_group_that_could_not_be_adopted_keeps_its_members():
    with World(BEFORE) as world:
        mine = world.target.add(Kind.USER, "ada@contoso.com", external_id="u-ada")
        theirs = world.target.add(Kind.USER, "eve@contoso.com")
        data = world.target.add(Kind.GROUP, "Data", [mine, theirs])
        world.target.refuses = lambda what: "no" if what == f"update {data}" else None
        report = world.sync()
        assert results(report)["adopt_group"] is Result.FAILED
        assert results(report)["add_members"] is results(report)["remove_members"] is Result.SKIPPED
        assert world.target.groups[data] == {mine, theirs}
        world.target.refuses = lambda _: None
        world.sync()
        assert world.target.members_of("Data") == {"ada@contoso.com", "bob@contoso.com"}
        assert world.store.links("account").by_external["g-data"].target_id == data


def test_an_adoption_and_its_members_are_one_request_and_linked_whoever_is_refused():
    with World(BEFORE) as world:
        data = world.target.add(Kind.GROUP, "Data")
        report = world.sync()
        assert [what for what in world.target.log if what.endswith(f" {data}")] == [
            f"update and members {data}"
        ]
        assert report.status is Status.SUCCEEDED
        assert world.store.links("account").by_external["g-data"].target_id == data
        assert world.planned().changes == ()


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER])
def test_an_answer_that_is_lost_leaves_all_of_it_open_until_the_next_run(world, fault):
    world.target.faults = {1: fault}  # after Cyd was made
    report = world.sync()
    assert results(report)["rename_group"] is Result.UNKNOWN
    assert results(report)["add_members"] is Result.UNKNOWN
    world.sync()
    assert world.target.members_of("Data & AI") == {"ada@contoso.com", "cyd@contoso.com"}
    assert world.store.pending("account") == ()
    assert world.planned().changes == ()


def test_what_does_not_show_is_told_apart(world):
    data = world.target.named("Data", Kind.GROUP).id
    world.target.deaf = {data}
    world.sync()
    report = world.sync()
    failed = {
        o.change.action.value for o in report.targets[0].outcomes if o.result is Result.FAILED
    }
    assert {"rename_group", "remove_members"} <= failed


def test_undo_takes_name_and_members_back(world):
    report = world.sync()
    world.clock.advance(60.0)
    world.target.log.clear()
    world.runner().undo(report.run_id)
    assert world.target.members_of("Data") == {"ada@contoso.com", "bob@contoso.com"}
    assert len(writes(world)) == 1
