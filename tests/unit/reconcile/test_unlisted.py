"""A target that was not listed in full: who is not shown is unknown, not gone."""

from __future__ import annotations

import pytest

from aadsync_lib.errors import TargetError
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.run import Result, Status
from tests.unit.build import NO_LIMITS, directory, group, user
from tests.unit.fakes import Fault
from tests.unit.world import World

ADA, BOB, CID = user("ada"), user("bob"), user("cid")
BOTH = directory(ADA, BOB, group("Data", [ADA, BOB]))


def actions(plan):
    return [(change.action.value, change.name) for change in plan.changes]


@pytest.fixture
def world():
    with World(BOTH, limits=NO_LIMITS) as world:
        world.sync()
        yield world


def hide(world, name):
    world.target.unlisted = {world.target.named(name).id}


def test_nobody_loses_anything_and_who_is_new_joins(world):
    hide(world, "bob@contoso.com")
    world.source.snapshot = directory(BOB, CID, group("Data", [BOB, CID]))
    plan = world.planned()
    assert actions(plan) == [("create_user", "cid@contoso.com"), ("add_members", "Data")]
    held = {entry.name: entry.reason for entry in plan.on_hold}
    assert held.keys() == {"ada@contoso.com", "bob@contoso.com", "Data"}
    assert "deactivate_user waits" in held["ada@contoso.com"]
    assert "remove_members waits" in held["Data"]
    assert world.sync().status is Status.PARTIAL
    assert world.target.named("ada@contoso.com").active
    everybody = {"ada@contoso.com", "bob@contoso.com", "cid@contoso.com"}
    assert world.target.members_of("Data") == everybody

    world.target.unlisted = set()
    assert actions(world.planned()) == [
        ("remove_members", "Data"),
        ("deactivate_user", "ada@contoso.com"),
    ]


@pytest.mark.parametrize("name", ["bob@contoso.com", "Data"])
def test_what_is_linked_is_not_made_anew(world, name):
    before = world.target.state()
    hide(world, name)
    plan = world.planned()
    assert plan.changes == ()
    assert name in [entry.name for entry in plan.on_hold if "not made anew" in entry.reason]
    world.sync()
    assert world.target.state() == before
    world.target.unlisted = set()
    assert world.planned().changes == ()
    assert world.planned().drift == ()


def test_who_was_in_a_group_is_remembered_where_it_is_not_listed(world):
    before = world.store.memberships("account", ["g-data"])
    hide(world, "Data")
    world.sync()
    assert world.store.memberships("account", ["g-data"]) == before


def test_a_write_that_nobody_recorded_stays_open(world):
    world.source.snapshot = directory(ADA, BOB, CID, group("Data", [ADA, BOB]), assigned=[CID])
    world.target.faults[len(world.target.log)] = Fault.KILLED_AFTER
    assert world.sync_until_killed()
    (entry,) = world.store.pending("account")
    hide(world, "cid@contoso.com")
    part = world.planner().plan().parts["account"]
    assert part.resolved_pending[entry.entry].result is Result.UNKNOWN

    world.target.unlisted = set()
    assert world.sync().status is Status.SUCCEEDED
    assert world.store.pending("account") == ()


def test_a_deletion_that_nobody_recorded_unlinks_nothing(world):
    bob = world.target.named("bob@contoso.com")
    gone = Change(
        Action.DELETE_USER, "u-bob", bob.id, bob.name, "for the test", Attributes(active=True)
    )
    with world.store.lease("account", "r9"):
        world.store.begin_run("r9", "sha256:0", "sha256:0", full=True)
        world.store.announce("r9", "account", [gone])
    hide(world, bob.name)
    assert world.planner().plan().parts["account"].links.by_target[bob.id].kind is Kind.USER


def test_an_undo_is_refused(world):
    last = world.store.runs()[0].run_id
    hide(world, "bob@contoso.com")
    with pytest.raises(TargetError, match="account: the target was not listed in full"):
        world.planner().plan_undo(last)
