"""Whatever a plan says: nothing protected is touched, and nobody is taken out whom this run put in."""

from __future__ import annotations

from threading import Event

import pytest

from aadsync_lib.apply.executor import Executor
from aadsync_lib.config.policy import Adopt
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.link import Links
from aadsync_lib.model.plan import TargetPlan
from aadsync_lib.model.run import Result, Status
from aadsync_lib.reconcile.matching.adoption import AdoptionRule
from tests.unit.build import directory, group, user
from tests.unit.fakes import FakeTarget, Fault
from tests.unit.world import World

ADA = "ada@contoso.com"


@pytest.fixture
def world():
    with World(directory()) as made:
        yield made


def carried_out(world, *changes, **more):
    """Carry out a plan that no planner has made."""
    plan = TargetPlan(world.target.name, changes, **more)
    executor = Executor(world.target, world.store, world.clock, AdoptionRule(Adopt()), Event())
    with world.store.lease(world.target.name, "r"):
        world.store.begin_run("r", "digest", "digest", full=True)
        return executor.execute("r", plan, Links())


def of_members(action, gid, *members):
    return Change(action, "g-data", gid, "Data", "why", members=members)


def ref(target_id, external_id="u-ada", kind=Kind.USER):
    return MemberRef(external_id, target_id, ADA, kind)


def create(name=ADA):
    after = Attributes(user_name=name, external_id="u-ada", active=True)
    return Change(Action.CREATE_USER, "u-ada", None, name, "in scope", None, after)


def skipped(outcomes):
    return {
        (
            o.change.action.value,
            o.change.members[0].name if o.change.members else o.change.name,
        ): o.error
        for o in outcomes
        if o.result is Result.SKIPPED
    }


@pytest.mark.parametrize("how", ["made", "taken over", "added", "answer lost"])
@pytest.mark.parametrize("apart", [False, True], ids=["one request", "another one"])
def test_who_was_added_by_this_run_is_not_taken_out_by_it(world, how, apart):
    target = world.target
    ids = {} if how == "made" else {"there": target.add(Kind.USER, ADA)}
    gid = target.add(Kind.GROUP, "Data")
    there = ids.get("there", "1002")
    if how in ("added", "answer lost"):
        changes = [of_members(Action.ADD_MEMBERS, gid, ref(there))]
    else:
        changes = [create(), of_members(Action.ADD_MEMBERS, gid, ref(None))]
    removal = of_members(Action.REMOVE_MEMBERS, gid, ref(there, None if apart else "u-ada"))
    if apart:  # a removal that came by another way: about the object, not the identity
        removal = Change(Action.REMOVE_MEMBERS, None, gid, "Data", "why", members=removal.members)
    if how == "answer lost":
        target.faults = {0: Fault.LOST_AFTER}
    outcomes = carried_out(world, *changes, removal)
    assert target.members_of("Data") == {ADA}
    assert target.named(ADA).id == there
    assert skipped(outcomes) == {
        ("remove_members", ADA): "this run has added it to the group, so it stays there"
    }


def test_who_else_leaves_with_them_goes(world):
    target = world.target
    ada, bob = target.add(Kind.USER, ADA), target.add(Kind.USER, "bob@contoso.com")
    gid = target.add(Kind.GROUP, "Data", [bob])
    leaving = (ref(ada), MemberRef("u-bob", bob, "bob@contoso.com", Kind.USER))
    carried_out(
        world,
        of_members(Action.ADD_MEMBERS, gid, ref(ada)),
        of_members(Action.REMOVE_MEMBERS, gid, *leaving),
    )
    assert target.members_of("Data") == {ADA}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("verb", ["update", "deactivate", "activate", "delete", "rename", "adopt"])
def test_nothing_that_is_protected_is_changed(world, kind, verb):
    try:
        action = Action.on(verb, kind)
    except ValueError:
        pytest.skip("there is no such action")
    tid = world.target.add(kind, "x")
    before = world.target.state()
    after = Attributes(display_name="y", active=verb != "deactivate", external_id="e")
    change = Change(action, "e", tid, "x", "why", Attributes(display_name="x"), after)
    outcomes = carried_out(world, change, protected=frozenset({tid}))
    assert world.target.state() == before
    assert [o.result for o in outcomes] == [Result.SKIPPED]
    assert "protected" in outcomes[0].error
    assert world.target.log == []


@pytest.mark.parametrize("action", [Action.ADD_MEMBERS, Action.REMOVE_MEMBERS])
def test_members_of_a_protected_group_stay_as_they_are(world, action):
    ada = world.target.add(Kind.USER, ADA)
    there = [ada] if action is Action.REMOVE_MEMBERS else []
    gid = world.target.add(Kind.GROUP, "Data", there)
    carried_out(world, of_members(action, gid, ref(ada)), protected=frozenset({gid}))
    assert world.target.groups[gid] == set(there)
    assert world.target.log == []


@pytest.mark.parametrize("kind", Kind)
def test_who_is_protected_loses_no_membership_and_everybody_else_goes(world, kind):
    target = world.target
    kept, goes = target.add(kind, "kept"), target.add(Kind.USER, "goes@x.com")
    gid = target.add(Kind.GROUP, "Data", [kept, goes])
    removal = of_members(Action.REMOVE_MEMBERS, gid, ref(kept, "e", kind), ref(goes, "u-goes"))
    carried_out(world, removal, protected=frozenset({kept}))
    assert target.groups[gid] == {kept}


def test_a_group_with_somebody_protected_in_it_is_not_deleted(world):
    ada = world.target.add(Kind.USER, ADA)
    gid = world.target.add(Kind.GROUP, "Data", [ada])
    change = Change(Action.DELETE_GROUP, "g-data", gid, "Data", "why", members=(ref(ada),))
    outcomes = carried_out(world, change, protected=frozenset({ada}))
    assert gid in world.target.accounts
    assert skipped(outcomes) == {
        (
            "delete_group",
            ADA,
        ): f"{ADA} is in it and protected, so the group stays, whatever the plan says"
    }


@pytest.mark.parametrize("admin", [True, False])
def test_what_turns_out_to_be_there_is_not_taken_over_where_it_is_protected(world, admin):
    tid = world.target.add(Kind.USER, ADA, admin=admin)
    outcomes = carried_out(world, create(), protected=frozenset() if admin else frozenset({tid}))
    assert [o.result for o in outcomes] == [Result.QUARANTINED]
    assert "protected" in outcomes[0].error
    assert world.target.accounts[tid].external_id is None


def test_what_a_plan_adds_to_a_group_and_takes_from_another_moves_as_before():
    ada = user("ada")
    with World(directory(ada, group("A", [ada]), group("B")), FakeTarget()) as world:
        world.sync()
        report = world.sync(directory(ada, group("A"), group("B", [ada])))
        assert report.status is Status.SUCCEEDED
        assert (world.target.members_of("A"), world.target.members_of("B")) == (set(), {ADA})
