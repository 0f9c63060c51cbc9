"""What an earlier run did and could not record is its doing, not somebody's by hand."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from aadsync_lib.model.carried import MembershipOrigin
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Links, Origin
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.reconcile.state.provenance import PendingProvenance
from tests.unit.build import directory, group, user
from tests.unit.fakes import FakeTarget, Fault
from tests.unit.world import World

ADA, BOB, CY = user("ada"), user("bob"), user("cy")
BOTH = directory(ADA, BOB, group("Data", [ADA, BOB]))
ONE = directory(ADA, BOB, group("Data", [BOB]), group("Rest", [ADA]))


def lose_answers(world, fault=Fault.LOST_AFTER):
    """Sync, with every answer lost on the way."""
    start = len(world.target.log)
    world.target.faults = dict.fromkeys(range(start, start + 40), fault)
    world.sync_until_killed()


@pytest.mark.parametrize("policy", [{"drift": "report"}, {"members": "managed"}])
@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.KILLED_AFTER])
def test_whom_a_broken_run_added_is_removed_when_entra_removes_them(policy, fault):
    with World(directory(CY, ADA, group("Data", [ADA]), group("Rest", [CY])), **policy) as world:
        world.sync()
        world.source.snapshot = directory(ADA, CY, group("Data", [ADA, CY]), group("Rest", [CY]))
        lose_answers(world, fault)
        assert world.target.members_of("Data") == {"ada@contoso.com", "cy@contoso.com"}
        world.sync(directory(CY, ADA, group("Data", [ADA]), group("Rest", [CY])))
        assert world.target.members_of("Data") == {"ada@contoso.com"}


def test_who_was_made_in_the_broken_run_is_known_as_a_member_too():
    with World(BOTH, drift="report") as world:
        lose_answers(world)
        planned = world.synced(ONE)
        assert planned.unapplied == ()
        assert world.target.members_of("Data") == {"bob@contoso.com"}
        assert world.planned().changes == ()


def test_whom_a_broken_run_removed_and_entra_has_again_comes_back():
    with World(BOTH, drift="report") as world:
        world.sync()
        world.source.snapshot = ONE
        world.sync(directory(ADA, BOB, group("Data", [ADA, BOB]), group("Rest", [BOB])))
        world.source.snapshot = directory(ADA, BOB, group("Data", [BOB]), group("Rest", [ADA, BOB]))
        lose_answers(world)
        assert world.target.members_of("Data") == {"bob@contoso.com"}
        planned = world.synced(directory(ADA, BOB, group("Data", [ADA, BOB]), group("Rest", [BOB])))
        assert [one.change.name for one in planned.unapplied] == []
        assert "ada@contoso.com" in world.target.members_of("Data")


def test_whom_a_broken_run_deactivated_is_not_taken_for_deactivated_by_hand():
    with World(BOTH, drift="report") as world:
        world.sync()
        world.source.snapshot = directory(BOB, group("Data", [BOB]))
        lose_answers(world)
        assert not world.target.named("ada@contoso.com").active
        world.sync(BOTH)
        assert world.target.named("ada@contoso.com").active


@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.KILLED_AFTER])
def test_what_a_broken_run_took_over_from_whom_had_left_loses_nothing(fault):
    old = directory(ADA, group("Data", [ADA], id="g-old"))
    with World(old, adopt="same_name") as world:
        world.sync()
        world.source.snapshot = directory(ADA, group("Data", [ADA], id="g-new"))
        lose_answers(world, fault)
        world.sync()
        assert world.target.members_of("Data") == {"ada@contoso.com"}
        assert world.names_of_links() == {"u-ada": "ada@contoso.com", "g-new": "Data"}
        assert world.planned().changes == world.planned().quarantined == ()


def test_what_a_broken_run_adopted_and_another_sync_manages_by_now_is_managed_by_both():
    target = FakeTarget()
    ada = target.add(Kind.USER, "ada@contoso.com", display_name="Theirs")
    with World(directory(ADA, group("Data", [ADA])), target) as world:
        target.faults = {0: Fault.KILLED_AFTER}
        assert world.sync_until_killed()
        assert target.accounts[ada].external_id == "u-ada"
        target.accounts[ada] = replace(target.accounts[ada], display_name="Theirs")
        link = Link(Kind.USER, "u-ada", ada, Origin.ADOPTED, "ada@contoso.com")
        with closing(world.store_of("fabrikam")) as other:
            other.settle("account", {}, linked=[link])
        world.sync()
        assert world.names_of_links() == {"g-data": "Data", "u-ada": "ada@contoso.com"}
        assert target.members_of("Data") == {"ada@contoso.com"}
        world.sync()
        assert target.accounts[ada].display_name == "Ada"
        assert world.planned().changes == ()


class Nothing:
    """A store that remembers nothing."""

    def memberships(self, groups):
        return ()

    def done(self, ids):
        return ()


def unrecorded(action, result, group_id="g-data"):
    member = MemberRef("u-ada", "7", "ada@contoso.com", Kind.USER)
    change = Change(action, group_id, "9", "Data", "why", members=(member,))
    return PendingProvenance(Nothing(), [("r1", Outcome(change, result))], "account", Links(), 5.0)


@pytest.mark.parametrize(
    "late",
    [
        unrecorded(Action.ADD_MEMBERS, Result.FAILED),
        unrecorded(Action.ADD_MEMBERS, Result.UNKNOWN),
        unrecorded(Action.ADD_MEMBERS, Result.DONE, "g-other"),
        unrecorded(Action.REMOVE_MEMBERS, Result.DONE),
    ],
    ids=["failed", "not seen", "another group", "of a stranger"],
)
def test_only_what_was_done_to_a_group_in_question_is_remembered(late):
    assert list(late.memberships(["g-data"])) == []


def test_what_was_done_is_remembered_with_the_run_that_did_it():
    (row,) = unrecorded(Action.ADD_MEMBERS, Result.DONE).memberships(["g-data"])
    assert (row.how, row.run_id, row.since, row.until) == (MembershipOrigin.ADDED, "r1", 5.0, None)
