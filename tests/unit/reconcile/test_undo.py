"""The inverse of a run, over fakes with state and the real store."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.errors import StalePlanError, UsageError
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.model.plan import UnappliedBy
from aadsync_lib.model.run import Status
from aadsync_lib.store.sqlite import SqliteStore
from tests.unit.build import directory, group, service, settings, user
from tests.unit.fakes import FakeTarget, Fault, Killed
from tests.unit.randoms import directories
from tests.unit.world import World, _Mortal

ADA, BOB, CYD = user("ada"), user("bob"), user("cyd")
BOT = service("bot")


def undone(world, report, **more):
    """Undo a run, and return what the undo did."""
    try:
        return world.runner().undo(report.run_id, **more)
    finally:
        world.clock.advance(1.0)


def left(report):
    """What an undo left alone, as ``name: reason``."""
    return [f"{one.name}: {one.reason}" for one in report.targets[0].on_hold]


def first_day():
    return directory(ADA, BOB, BOT, group("team", [ADA, BOB, "g-sub"]), group("sub", [BOT]))


def test_undo_of_a_first_sync_leaves_the_target_as_it_was():
    with World(first_day()) as world:
        before = world.target.state()
        report = undone(world, world.sync())
        assert world.target.state() == before
        assert report.status is Status.SUCCEEDED
        assert len(world.store.links("account")) == 0


def test_stranger_with_the_id_of_somebody_who_is_made_anew_goes_back_alone():
    with World(directory(ADA, group("team", [ADA])), leavers="delete") as world:
        world.sync()
        eve = world.target.add(Kind.USER, "eve@contoso.com", external_id="u-ada")
        world.target.groups[world.target.named("team").id].add(eve)
        report = world.sync(directory(group("team")))
        assert world.target.members_of("team") == set()
        undone(world, report)
        assert world.target.members_of("team") == {"ada@contoso.com", "eve@contoso.com"}


def second_day():
    """Dan comes, Ada leaves, Bob is disabled and renamed, sub is renamed, the bot moves."""
    bob = user("bob", display_name="Robert", enabled=False)
    sub = group("below", [user("dan")], id="g-sub")
    return directory(bob, BOT, user("dan"), group("team", [bob, "g-sub", BOT]), sub)


@pytest.mark.parametrize("leavers", ["deactivate", "delete"])
@pytest.mark.parametrize("retired", ["empty", "delete"])
def test_undo_restores_what_a_run_changed_and_the_undo_can_be_undone(leavers, retired):
    more = group("more", [ADA, BOB])
    with World(leavers=leavers, retired_groups=retired) as world:
        world.sync(directory(*first_day().users.values(), BOT, *first_day().groups.values(), more))
        before = world.target.state()
        run = world.sync(second_day())
        after = world.target.state()
        assert before != after
        undo = undone(world, run)
        assert world.target.state() == before
        assert undo.undoes == run.run_id
        assert left(undo) == []
        again = undone(world, undo)
        assert world.target.state() == after
        assert left(again) == []
        [notice] = [n for n in again.targets[0].warnings if n.code == "undo_of_undo"]
        assert f"itself an undo of run {run.run_id}" in notice.message
        assert world.planned().changes == ()


def test_sync_after_an_undo_does_it_again_as_the_undo_says():
    with World(first_day()) as world:
        world.sync()
        report = world.sync(second_day())
        after = world.target.state()
        undo = undone(world, report)
        assert [one.code for one in undo.targets[0].warnings] == ["undo"]
        world.sync()
        assert world.target.state() == after


@pytest.mark.parametrize("leavers", ["deactivate", "delete"])
def test_what_an_undo_took_back_is_no_drift(leavers):
    with World(first_day(), leavers=leavers) as world:
        world.sync()
        undone(world, world.sync(second_day()))
        planned = world.planned()
        assert planned.changes
        assert planned.drift == ()
        assert planned.quarantined == ()


def test_user_who_was_made_anew_for_a_new_name_is_undone_and_the_old_one_is_back():
    renamed = user("ada", user_principal_name="countess@contoso.com")
    with World(first_day(), user_name_change="recreate") as world:
        world.sync()
        before, links = world.target.state(), world.store.links("account").by_target
        run = world.sync(
            directory(
                renamed, BOB, BOT, group("team", [renamed, BOB, "g-sub"]), group("sub", [BOT])
            )
        )
        after = world.target.state()
        assert world.target.named("countess@contoso.com")
        undo = undone(world, run)
        assert world.target.state() == before
        assert left(undo) == []
        assert world.store.links("account").by_target == links  # the origin, too
        again = undone(world, undo)
        assert world.target.state() == after
        assert left(again) == []


def test_name_that_the_run_gave_to_something_new_goes_back_to_its_former_owner():
    with World(directory(ADA, group("data", [ADA], id="1"))) as world:
        world.sync()
        before = world.target.state()
        run = world.sync(
            directory(ADA, group("data (old)", [ADA], id="1"), group("data", [ADA], id="2"))
        )
        undo = undone(world, run)
        assert world.target.state() == before
        assert undo.status is Status.SUCCEEDED


def cut_short(world, run, write, fault):
    """Undo a run with a fault at one write; return whether there was such a write."""
    first = len(world.target.log)
    world.target.faults = {first + write: fault}
    store, world.store = world.store, _Mortal(world.store, world.targets)
    with suppress(Killed):
        undone(world, run)
    world.store, world.target.dead = store, False
    world.clock.advance(3600.0)
    return len(world.target.log) > first + write


FAULTS = [Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.LOST_AFTER]


@pytest.mark.parametrize("fault", FAULTS)
def test_undo_that_was_cut_short_anywhere_is_finished_by_undoing_again(fault):
    for write in range(100):
        with World(first_day(), leavers="delete") as world:
            world.sync()
            before = world.target.state()
            run = world.sync(second_day())
            if not cut_short(world, run, write, fault):
                break
            assert left(undone(world, run)) == []
            assert world.target.state() == before, write
    assert write >= 5


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("external_id", [None, "somebody-else"])
def test_undo_of_an_adoption_that_was_cut_short_is_finished_by_undoing_again(fault, external_id):
    for write in range(100):
        target = adopting(external_id=external_id)
        day = directory(ADA, group("team", [ADA]))
        with World(day, target, adopt="same_name") as world:
            before = target.state()
            run = world.sync()
            if not cut_short(world, run, write, fault):
                break
            assert left(undone(world, run)) == []
            assert target.state() == before, write
            assert len(world.store.links("account")) == 0
    assert write >= 3


def test_what_an_undo_did_before_it_was_killed_is_no_change_by_a_later_run():
    with World(first_day()) as world:
        world.sync()
        before = world.target.state()
        run = world.sync(second_day())
        while world.target.named("bob@contoso.com").display_name != BOB.display_name:
            assert cut_short(world, run, 1, Fault.KILLED_BEFORE)
        assert world.store.runs()[0].undoes == run.run_id
        bob = world.target.named("bob@contoso.com")
        world.target.update(Kind.USER, bob.id, Attributes(display_name="Robert"))  # by hand
        assert left(undone(world, run)) == []
        assert world.target.state() == before


def recreated():
    """Ada has another user name, and moves on; Bob moves with her."""
    ada = user("ada", user_principal_name="countess@contoso.com")
    return directory(ada, BOB, BOT, group("team", [ada, "g-sub"]), group("sub", [BOT, BOB]))


@pytest.mark.parametrize("fault", list(Fault))
def test_undo_of_a_new_user_name_that_was_cut_short_anywhere_is_finished_by_undoing_again(fault):
    for write in range(100):
        with World(first_day(), user_name_change="recreate") as world:
            world.sync()
            before = world.target.state()
            links = world.store.links("account").by_target
            run = world.sync(recreated())
            if not cut_short(world, run, write, fault):
                break
            undone(world, run)
            assert world.target.state() == before, write
            assert world.store.links("account").by_target == links  # the origin, too
    assert write > 4


@pytest.mark.parametrize("fault", list(Fault))
def test_undo_of_the_undo_of_a_new_user_name_is_finished_by_undoing_again(fault):
    for write in range(100):
        with World(first_day(), user_name_change="recreate") as world:
            world.sync()
            run = world.sync(recreated())
            after = world.target.state()
            undo = undone(world, run)
            if not cut_short(world, undo, write, fault):
                break
            undone(world, undo)
            assert world.target.state() == after, write
    assert write > 4


@pytest.mark.parametrize("refused", ["update", "members"])
def test_object_is_given_up_only_once_everything_else_of_it_is_as_it_was(refused):
    target = FakeTarget()
    ada = target.add(Kind.USER, "ada@contoso.com", display_name="A.", external_id="u-ada")
    target.add(Kind.GROUP, "team", external_id="g-team")
    target.add(Kind.GROUP, "more", [ada], external_id="g-more")
    day = directory(ADA, group("team", [ADA]), group("more"))
    with World(day, target, adopt="same_name") as world:
        before = target.state()
        run = world.sync()
        target.refuses = lambda what: "not now" if what.startswith(refused) else None
        undone(world, run)
        target.refuses = lambda _: None
        assert left(undone(world, run)) == []
        assert target.state() == before
        assert len(world.store.links("account")) == 0


def test_group_that_was_made_anew_without_somebody_gets_them_by_undoing_again():
    more = group("more", [ADA, BOB])
    with World(directory(ADA, BOB, more), leavers="delete", retired_groups="delete") as world:
        world.sync()
        before = world.target.state()
        run = world.sync(directory(BOB, group("rest", [BOB])))
        world.target.refuses = lambda what: "not now" if what.startswith("create user") else None
        undone(world, run)
        assert world.target.members_of("more") == {"bob@contoso.com"}
        world.target.refuses = lambda _: None
        assert left(undone(world, run)) == []
        assert world.target.state() == before


def test_user_name_that_went_and_came_back_is_undone_run_by_run():
    """Each run takes the account over that the identity had before, display name and all."""

    def day(name, shown):
        ada = user("ada", user_principal_name=f"{name}@contoso.com", display_name=shown)
        return directory(ada, BOB, group("team", [ada, BOB]))

    with World(day("ada", "A"), user_name_change="recreate") as world:
        world.sync()
        states, runs = [], []
        for name, shown in (("countess", "B"), ("ada", "C"), ("countess", "D")):
            states.append((world.target.state(), set(world.store.links("account").by_target)))
            runs.append(world.sync(day(name, shown)))
        for run in reversed(runs):
            assert left(undone(world, run)) == []
            links = set(world.store.links("account").by_target)
            assert (world.target.state(), links) == states.pop()


@pytest.mark.parametrize("hindrance", ["later run", "unread", "protected"])
def test_group_that_was_made_anew_is_not_filled_where_something_speaks_against_it(hindrance):
    more, rest = group("more", [ADA, BOB]), group("rest", [BOB])
    with World(directory(ADA, BOB, more), retired_groups="delete") as world:
        world.sync()
        run = world.sync(directory(ADA, BOB, rest))
        if hindrance == "later run":
            world.sync(directory(ADA, BOB, group("more", [BOB])))
        else:
            undone(world, run)
            there = world.target.named("more").id
            world.target.groups[there].clear()
        if hindrance == "unread":
            world.target.unreadable.add(there)
        elif hindrance == "protected":
            world.configure(protected={"groups": ["more"]})
        kept = world.target.members_of("more")
        undone(world, run)
        assert world.target.members_of("more") == kept


def test_external_id_that_was_somebody_elses_comes_back_with_the_account_of_before():
    """Ada took over an account of her new name; undone, it is that of somebody else again."""
    target = FakeTarget()
    other = target.add(
        Kind.USER, "countess@contoso.com", display_name="Ada", external_id="somebody", active=False
    )
    day = directory(ADA, group("team", [ADA]))
    ada = user("ada", user_principal_name="countess@contoso.com")
    with World(day, target, user_name_change="recreate", adopt="same_name") as world:
        world.sync()
        before = target.state()
        links = set(world.store.links("account").by_target)
        run = world.sync(directory(ada, group("team", [ada])))
        assert target.accounts[other].external_id == "u-ada"
        undo = undone(world, run)
        assert left(undo) == []
        assert target.state() == before
        assert set(world.store.links("account").by_target) == links
        again = undone(world, undo)
        assert left(again) == []
        assert other in world.store.links("account").by_target
        assert target.accounts[other].external_id == "u-ada"


def test_names_that_were_passed_on_in_a_row_go_back():
    first = directory(ADA, group("a", [ADA], id="1"), group("b", [ADA], id="2"))
    names = {"1": "b", "2": "c", "3": "a"}
    with World(first) as world:
        world.sync()
        before = world.target.state()
        run = world.sync(
            directory(ADA, *(group(name, [ADA], id=key) for key, name in names.items()))
        )
        assert not run.targets[0].failed
        undo = undone(world, run)
        assert undo.status is Status.SUCCEEDED
        assert world.target.state() == before


def test_undo_of_a_deletion_says_that_the_new_account_is_not_the_old_one():
    with World(first_day(), leavers="delete") as world:
        world.sync()
        undo = undone(world, world.sync(second_day()))
        assert [one.code for one in undo.targets[0].warnings] == ["new_ids", "undo"]


def test_undo_of_a_run_that_did_nothing_does_nothing_and_says_nothing():
    with World(first_day()) as world:
        world.sync()
        undo = undone(world, world.sync())
        assert undo.targets[0].outcomes == ()
        assert undo.targets[0].warnings == ()


def test_undoing_twice_finds_nothing_more_to_do():
    with World(first_day()) as world:
        world.sync()
        run = world.sync(second_day())
        undone(world, run)
        before, writes = world.target.state(), len(world.target.log)
        again = undone(world, run)
        assert left(again) == []
        assert world.target.state() == before
        assert len(world.target.log) == writes


def test_swap_of_names_is_undone():
    with World(directory(ADA, group("a", [ADA], id="1"), group("b", id="2"))) as world:
        world.sync()
        before = world.target.state()
        run = world.sync(directory(ADA, group("b", [ADA], id="1"), group("a", id="2")))
        undone(world, run)
        assert world.target.state() == before


# Adoption.


def adopting(kind_of=Kind.GROUP, external_id=None):
    target = FakeTarget()
    name = {Kind.GROUP: "team", Kind.USER: "ada@contoso.com"}[kind_of]
    target.add(kind_of, name, external_id=external_id, display_name=None)
    return target


def test_undo_of_an_adoption_gives_up_the_link_and_clears_a_groups_external_id():
    target = adopting()
    with World(directory(ADA, group("team", [ADA])), target) as world:
        before = target.state()
        undo = undone(world, world.sync())
        assert target.state() == before
        assert len(world.store.links("account")) == 0
        assert undo.targets[0].applied["release_group"] == 1


def test_external_id_of_an_adopted_user_stays_and_the_undo_says_so():
    target = adopting(Kind.USER)
    with World(directory(ADA, group("team", [ADA])), target) as world:
        undo = undone(world, world.sync())
        assert "u-ada" not in world.store.links("account").by_external
        assert target.named("ada@contoso.com").external_id == "u-ada"
        said = [one.message for one in undo.targets[0].warnings if one.code == "external_id"]
        assert len(said) == 1
        assert said[0].startswith("ada@contoso.com keeps the externalId")


@pytest.mark.parametrize("kind", [Kind.GROUP, Kind.USER])
def test_former_external_id_of_an_adopted_object_comes_back(kind):
    target = adopting(kind, external_id="somebody-else")
    with World(directory(ADA, group("team", [ADA])), target, adopt="same_name") as world:
        undone(world, world.sync())
        found = next(one for one in target.accounts.values())
        assert found.external_id == "somebody-else"
        assert len(world.store.links("account")) == 0


def test_adoption_that_was_undone_can_be_done_again_by_undoing_the_undo():
    target = adopting()
    with World(directory(ADA, group("team", [ADA])), target) as world:
        run = world.sync()
        after = target.state()
        links = set(world.store.links("account").by_external)
        undone(world, undone(world, run))
        assert target.state() == after
        assert set(world.store.links("account").by_external) == links


# What has changed since.


def test_membership_that_was_taken_away_by_hand_is_as_it_was_before_the_run():
    with World(directory(ADA, group("team", [ADA]))) as world:
        world.sync()
        run = world.sync(directory(ADA, BOB, group("team", [ADA, BOB])))
        world.target.groups[world.target.named("team").id] -= {
            world.target.named("bob@contoso.com").id
        }
        undo = undone(world, run)
        assert left(undo) == []
        assert world.target.members_of("team") == {"ada@contoso.com"}


def test_membership_that_a_later_run_changed_is_left_alone_and_listed():
    other = group("other", [BOB])
    without = directory(ADA, BOB, other, group("team", [ADA]))
    both = directory(ADA, BOB, other, group("team", [ADA, BOB]))
    with World(without) as world:
        world.sync()
        run = world.sync(both)
        world.sync(without)
        again = world.sync(both)
        undo = undone(world, run)
        assert left(undo) == [
            f"team: bob@contoso.com stays in it: run {again.run_id} changed it since"
        ]
        assert world.target.members_of("team") == {"ada@contoso.com", "bob@contoso.com"}
        assert undo.status is Status.PARTIAL


def test_name_that_was_changed_by_hand_since_is_left_alone():
    with World(directory(ADA, group("team", [ADA], id="1"))) as world:
        world.sync()
        run = world.sync(directory(ADA, group("crew", [ADA], id="1")))
        there = world.target.named("crew")
        world.target.update(Kind.GROUP, there.id, Attributes(display_name="gang"))
        undo = undone(world, run)
        assert left(undo) == [
            "crew: its display name stays: it has been changed since, by somebody else"
        ]
        assert world.target.named("gang")


def test_name_that_a_later_run_changed_and_changed_back_is_left_alone():
    def named(name):
        return directory(ADA, group(name, [ADA], id="1"))

    with World(named("team")) as world:
        world.sync()
        run = world.sync(named("crew"))
        world.sync(named("gang"))
        last = world.sync(named("crew"))
        undo = undone(world, run)
        assert left(undo) == [f"crew: its display name stays: run {last.run_id} changed it since"]


def test_former_name_that_somebody_else_has_by_now_is_not_taken_back():
    with World(directory(ADA, group("team", [ADA], id="1"))) as world:
        world.sync()
        run = world.sync(directory(ADA, group("crew", [ADA], id="1")))
        other = world.target.add(Kind.GROUP, "team")
        undo = undone(world, run)
        assert left(undo) == [f"team: its name stays: its name of then belongs to {other} now"]
        assert world.target.named("crew")


def test_user_who_was_put_into_a_group_by_hand_since_is_not_deleted():
    target = FakeTarget()
    other = target.add(Kind.GROUP, "by hand")
    with World(directory(ADA, group("team", [ADA])), target) as world:
        run = world.sync()
        target.groups[other] |= {target.named("ada@contoso.com").id}
        undo = undone(world, run)
        assert left(undo) == ["ada@contoso.com: not deleted: it has been put into by hand since"]
        assert target.named("ada@contoso.com").active


def test_group_that_has_got_members_since_is_not_deleted_but_loses_those_of_the_run():
    with World(directory(ADA, group("team", [ADA]))) as world:
        run = world.sync()
        guest = world.target.add(Kind.USER, "eve@contoso.com")
        world.target.groups[world.target.named("team").id] |= {guest}
        undo = undone(world, run)
        assert left(undo) == ["team: not deleted: it has got members since: eve@contoso.com"]
        assert world.target.members_of("team") == {"eve@contoso.com"}


def test_nothing_made_is_deleted_while_a_group_cannot_be_read():
    target = FakeTarget()
    other = target.add(Kind.GROUP, "by hand")
    with World(directory(ADA, group("team", [ADA])), target) as world:
        run = world.sync()
        target.unreadable.add(other)
        undo = undone(world, run)
        assert len(left(undo)) == 2
        assert all("who is in by hand could not be read" in one for one in left(undo))
        assert target.named("ada@contoso.com")


def test_group_whose_members_cannot_be_read_keeps_them():
    with World(directory(ADA, BOB, group("other", [BOB]), group("team", [ADA]))) as world:
        world.sync()
        run = world.sync(directory(ADA, BOB, group("other", [BOB]), group("team", [ADA, BOB])))
        world.target.unreadable.add(world.target.named("team").id)
        undo = undone(world, run)
        assert left(undo) == ["team: its members stay: they could not be read: 403 for the test"]


@pytest.mark.parametrize("active", [True, False])
def test_account_that_was_made_is_not_deleted_once_somebody_changed_it(active):
    with World(directory(ADA, group("team", [ADA]))) as world:
        run = world.sync()
        there = world.target.named("ada@contoso.com")
        changed = Attributes(display_name="Countess") if active else Attributes(active=False)
        world.target.update(Kind.USER, there.id, changed)
        undo = undone(world, run)
        reason = "not deleted: it has been changed since, by somebody else"
        assert left(undo) == [f"ada@contoso.com: {reason}"]


def test_account_that_a_later_run_changed_is_not_deleted():
    with World(directory(ADA, group("team", [ADA]))) as world:
        run = world.sync()
        later = world.sync(directory(user("ada", display_name="Countess"), group("team", [ADA])))
        undo = undone(world, run)
        assert left(undo) == [f"ada@contoso.com: not deleted: run {later.run_id} changed it since"]


def test_what_was_made_and_is_gone_already_needs_nothing():
    with World(directory(ADA, group("team", [ADA]))) as world:
        run = world.sync()
        world.target.delete(Kind.USER, world.target.named("ada@contoso.com").id)
        world.target.delete(Kind.GROUP, world.target.named("team").id)
        undo = undone(world, run)
        assert left(undo) == []
        assert undo.targets[0].outcomes == ()


def test_member_who_is_gone_is_not_put_back():
    with World(directory(ADA, BOB, group("team", [ADA, BOB]), group("all", [ADA, BOB]))) as world:
        world.sync()
        run = world.sync(directory(ADA, BOB, group("team", [ADA]), group("all", [ADA, BOB])))
        world.target.delete(Kind.USER, world.target.named("bob@contoso.com").id)
        undo = undone(world, run)
        assert left(undo) == ["team: bob@contoso.com stays out of it: it is gone from the target"]


def test_group_that_is_gone_gets_nobody_back():
    with World(directory(ADA, BOB, group("team", [ADA, BOB]), group("all", [ADA, BOB]))) as world:
        world.sync()
        run = world.sync(directory(ADA, BOB, group("team", [ADA]), group("all", [ADA, BOB])))
        world.target.delete(Kind.GROUP, world.target.named("team").id)
        undo = undone(world, run)
        assert left(undo) == ["team: its members stay: it is gone from the target"]


def test_name_of_what_was_deleted_that_is_taken_by_now_stays_with_its_owner():
    with World(directory(ADA, BOB, group("team", [ADA, BOB])), leavers="delete") as world:
        world.sync()
        run = world.sync(directory(ADA, group("team", [ADA])))
        other = world.target.add(Kind.USER, "bob@contoso.com")
        undo = undone(world, run)
        assert left(undo) == [
            f"bob@contoso.com: not made anew: its name belongs to {other} now",
            "team: bob@contoso.com stays out of it: it is gone from the target",
        ]


# Whose is it, and who may not be touched.


def test_protected_identity_is_left_alone():
    with World(directory(ADA, BOB, group("team", [ADA]))) as world:
        world.sync()
        run = world.sync(directory(ADA, BOB, group("team", [ADA, BOB])))
        world.configure(protected={"users": ["bob@contoso.com"]})
        undo = undone(world, run)
        assert left(undo) == [
            "bob@contoso.com: not deleted: it is protected",
            "team: bob@contoso.com stays in it: the member is protected",
        ]
        assert "bob@contoso.com" in world.target.members_of("team")


def test_object_without_a_link_is_left_alone():
    other = group("other", [BOB])
    with World(directory(ADA, BOB, other, group("team", [ADA], id="1"))) as world:
        world.sync()
        run = world.sync(directory(ADA, BOB, other, group("crew", [ADA, BOB], id="1")))
        world.store.settle("account", {}, unlinked=("1",))
        undo = undone(world, run)
        assert left(undo) == [
            "crew: its display name stays: this sync no longer manages it",
            "crew: its members stay: this sync no longer manages it",
        ]
        assert world.target.members_of("crew") == {"ada@contoso.com", "bob@contoso.com"}


def test_undo_goes_through_the_guard_and_through_its_approval():
    with World(directory(ADA, group("team", [ADA]))) as world:
        before = world.target.state()
        run = world.sync()
        world.configure(limits={"groups_removed": {"count": 0}})
        with pytest.raises(RefusedError) as refused:
            undone(world, run)
        assert "groups_removed is 1, allowed 0: team" in str(refused.value)
        assert world.target.named("team")
        undone(world, run, approve=refused.value.plan.digest)
        assert world.target.state() == before


def test_undo_that_would_leave_a_group_without_members_is_stopped():
    with World(directory(ADA, group("rest", [ADA]), group("team"))) as world:
        world.sync()
        run = world.sync(directory(ADA, group("rest", [ADA]), group("team", [ADA])))
        world.configure(limits={"groups_emptied": {"count": 0}})
        with pytest.raises(RefusedError, match="groups_emptied is 1, allowed 0: team"):
            undone(world, run)


def test_share_of_a_limit_is_of_all_that_is_managed_as_in_a_sync():
    many = [user(f"u{n}") for n in range(20)]
    day = directory(ADA, BOB, *many, group("team", [ADA, BOB]), group("many", many))
    with World(day) as world:
        world.sync()
        run = world.sync(
            directory(ADA, BOB, *many, group("team", [ADA, BOB, *many[:4]]), group("many", many))
        )
        world.configure(limits={"members_removed": {"share": 0.2}})
        assert undone(world, run).status is Status.SUCCEEDED


# Which runs can be undone.


def test_run_that_is_not_in_the_store_is_an_error():
    with (
        World(first_day()) as world,
        pytest.raises(UsageError, match="no run nowhere in the store"),
    ):
        world.runner().undo("nowhere")


def test_refused_run_has_nothing_to_undo():
    with World(first_day()) as world:
        world.sync()
        world.configure(limits={"members_removed": {"count": 0}})
        with pytest.raises(RefusedError) as refused:
            world.sync(directory(ADA, BOB, BOT, group("team", ["g-sub"]), group("sub", [BOT])))
        with pytest.raises(UsageError, match="refused by the guard and changed nothing"):
            undone(world, refused.value.report)


def test_run_of_which_the_store_has_let_go_of_a_part_is_not_undone():
    with World(first_day()) as world:
        run = world.sync()
        state = world.target.state()
        with world.store._database.transaction() as connection:
            connection.execute("DELETE FROM journal WHERE entry = (SELECT min(entry) FROM journal)")
        with pytest.raises(UsageError, match="made 7 changes, of which the store still has 6"):
            undone(world, run)
        assert world.target.state() == state


def test_target_that_the_settings_no_longer_have_stops_the_undo():
    both = (FakeTarget("account"), FakeTarget("second"))
    with World(first_day(), *both) as world:
        run = world.sync()
        world.settings = settings(targets=("account",))
        world.targets = both[:1]
        with pytest.raises(UsageError, match="changed second as well"):
            undone(world, run)


def test_one_target_of_a_run_is_undone_alone():
    both = (FakeTarget("account"), FakeTarget("second"))
    with World(first_day(), *both) as world:
        run = world.sync()
        world.targets = both[1:]
        undone(world, run)
        assert both[0].accounts
        assert not both[1].accounts


@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER])
@pytest.mark.parametrize("write", range(4))
def test_run_that_was_killed_is_undone_as_far_as_it_came(fault, write):
    with World(first_day()) as world:
        before = world.target.state()
        world.target.faults = {write: fault}
        assert world.sync_until_killed()
        world.clock.advance(3600.0)
        run = world.store.runs()[0]
        assert run.status == "running"
        undone(world, run)
        assert world.target.state() == before
        assert world.store.pending("account") == ()


def test_plan_of_an_undo_writes_nothing_and_is_what_the_undo_does():
    with World(first_day()) as world:
        run = world.sync()
        writes = len(world.target.log)
        plan = world.planner().plan_undo(run.run_id).plan
        assert len(world.target.log) == writes
        assert plan.undoes == run.run_id
        report = world.runner().apply(plan)
        assert report.digest == plan.digest
        assert report.undoes == run.run_id
        assert world.target.state() == []


def test_saved_undo_is_refused_once_the_target_has_moved():
    with World(first_day()) as world:
        run = world.sync()
        plan = world.planner().plan_undo(run.run_id).plan
        world.target.groups[world.target.named("team").id].clear()
        with pytest.raises(StalePlanError):
            world.runner().apply(plan)


def test_settings_that_moved_are_what_a_saved_undo_is_refused_for():
    with World(first_day()) as world:
        run = world.sync()
        plan = world.planner().plan_undo(run.run_id).plan
        world.configure(grace_days=3)
        with pytest.raises(StalePlanError, match="the settings have changed"):
            world.runner().apply(plan)


# What comes seldom.


def there(world, name, kind=None):
    return world.target.named(name, kind)


def test_service_principal_that_was_deleted_comes_back_with_its_application_id():
    with World(first_day(), leavers="delete") as world:
        world.sync()
        before = world.target.state()
        undone(
            world, world.sync(directory(ADA, BOB, group("team", [ADA, BOB, "g-sub"]), group("sub")))
        )
        assert world.target.state() == before


def test_account_that_is_gone_keeps_what_the_run_gave_it():
    with World(directory(ADA, group("team", [ADA]))) as world:
        world.sync()
        run = world.sync(directory(user("ada", display_name="Countess"), group("team", [ADA])))
        world.target.delete(Kind.USER, there(world, "ada@contoso.com").id)
        undo = undone(world, run)
        assert left(undo) == ["ada@contoso.com: its display name stays: it is gone from the target"]


def test_protected_account_keeps_what_the_run_gave_it():
    with World(directory(ADA, group("team", [ADA]))) as world:
        world.sync()
        run = world.sync(directory(user("ada", display_name="Countess"), group("team", [ADA])))
        world.configure(protected={"users": ["ada@contoso.com"]})
        undo = undone(world, run)
        assert left(undo) == ["ada@contoso.com: its display name stays: it is protected"]


def test_protected_group_keeps_its_members():
    with World(directory(ADA, BOB, group("rest", [BOB]), group("team", [ADA]))) as world:
        world.sync()
        run = world.sync(directory(ADA, BOB, group("rest", [BOB]), group("team", [ADA, BOB])))
        world.configure(protected={"groups": ["team"]})
        assert left(undone(world, run)) == ["team: its members stay: it is protected"]


def test_name_that_was_none_cannot_be_taken_back():
    target = FakeTarget()
    target.add(Kind.USER, "ada@contoso.com", external_id="u-ada", display_name=None)
    with World(directory(ADA, group("team", [ADA])), target) as world:
        undo = undone(world, world.sync())
        assert left(undo) == [
            "ada@contoso.com: its display name stays: there was none, and Databricks cannot clear it"
        ]


def test_account_that_the_run_switched_on_is_switched_off_again_and_the_other_way_round():
    off = user("bob", enabled=False)
    with World(directory(ADA, BOB, group("team", [ADA, BOB]))) as world:
        world.sync()
        disabled = world.sync(directory(ADA, off, group("team", [ADA, off])))
        assert not there(world, "bob@contoso.com").active
        enabled = world.sync(directory(ADA, BOB, group("team", [ADA, BOB])))
        assert there(world, "bob@contoso.com").active
        undone(world, enabled)
        assert not there(world, "bob@contoso.com").active
        undone(world, disabled)
        assert there(world, "bob@contoso.com").active


def test_adoption_that_a_later_change_by_hand_blurred_is_kept():
    target = adopting()
    with World(directory(ADA, group("team", [ADA])), target) as world:
        run = world.sync()
        target.update(Kind.GROUP, there(world, "team").id, Attributes(external_id="else"))
        undo = undone(world, run)
        assert (
            "team: still managed by this sync: it has been changed since, by somebody else"
            in left(undo)
        )


def test_adoption_of_what_is_not_ours_any_more_needs_nothing():
    target = adopting()
    with World(directory(ADA, group("team", [ADA])), target) as world:
        run = world.sync()
        world.store.settle("account", {}, unlinked=("g-team",))
        undo = undone(world, run)
        assert left(undo) == ["team: its members stay: this sync no longer manages it"]


@pytest.mark.parametrize("hindrance", ["protected", "linked", "gone", "back", "changed"])
def test_what_was_given_up_is_taken_again_only_while_nothing_speaks_against_it(hindrance):
    target = adopting()
    with World(directory(group("team")), target) as world:
        undo = undone(world, world.sync())
        team = there(world, "team")
        if hindrance == "protected":
            world.configure(protected={"groups": ["team"]})
        if hindrance == "linked":
            other = Link(Kind.GROUP, "other", team.id, Origin.CREATED, "team")
            world.store.settle("account", {}, linked=(other,))
        if hindrance == "gone":
            target.delete(Kind.GROUP, team.id)
        if hindrance in ("back", "changed"):
            again = world.sync()
        if hindrance == "changed":
            world.store.settle("account", {}, unlinked=("g-team",))
        reasons = {
            "protected": ["it is protected"],
            "linked": ["it is linked to other now"],
            "changed": [f"run {again.run_id} changed it since"] if hindrance == "changed" else [],
        }
        said = left(undone(world, undo))
        assert said == [
            f"team: not managed by this sync again: {one}" for one in reasons.get(hindrance, [])
        ]


def test_what_another_sync_manages_by_now_is_left_alone():
    with World(directory(ADA, group("team", [ADA]))) as world:
        run = world.sync()
        ada = there(world, "ada@contoso.com")
        link = Link(Kind.USER, "u-ada", ada.id, Origin.ADOPTED, ada.name)
        with SqliteStore(world.store._database.path, "fabrikam", world.clock) as other:
            other.settle("account", {}, linked=(link,))
        undo = undone(world, run)
        assert left(undo) == [
            "ada@contoso.com: not deleted: the sync fabrikam manages it, too",
        ]


def test_what_was_made_and_given_up_since_is_not_deleted():
    with World(directory(ADA, group("team", [ADA]))) as world:
        run = world.sync()
        world.store.settle("account", {}, unlinked=("u-ada",))
        undo = undone(world, run)
        assert left(undo) == ["ada@contoso.com: not deleted: this sync no longer manages it"]


def test_member_who_was_made_anew_since_goes_back_as_what_it_is_now():
    rest = group("rest", [BOB])
    with World(directory(ADA, BOB, rest, group("team", [ADA, BOB])), leavers="delete") as world:
        world.sync()
        run = world.sync(directory(ADA, BOB, rest, group("team", [ADA])))
        world.sync(directory(ADA, group("team", [ADA]), group("rest")))
        world.sync(directory(ADA, BOB, rest, group("team", [ADA])))
        undo = undone(world, run)
        assert left(undo) == []
        assert world.target.members_of("team") == {"ada@contoso.com", "bob@contoso.com"}


def test_account_that_a_later_run_made_and_deleted_again_is_not_made_anew():
    both, one = directory(ADA, BOB, group("team", [ADA, BOB])), directory(ADA, group("team", [ADA]))
    with World(both, leavers="delete") as world:
        world.sync()
        run = world.sync(one)
        world.sync(both)
        last = world.sync(one)
        assert left(undone(world, run)) == [
            f"bob@contoso.com: not made anew: run {last.run_id} changed it since",
            f"team: bob@contoso.com stays out of it: run {last.run_id} changed it since",
        ]


def test_member_whom_the_target_did_not_take_is_not_taken_out():
    target = FakeTarget(ignores_unknown_members=True)
    with World(directory(ADA, group("team", [ADA])), target) as world:
        world.sync()
        target.stale = {there(world, "team").id: 100}
        run = world.sync(directory(ADA, BOB, group("team", [ADA, BOB])))
        target.stale = {}
        assert run.targets[0].failed
        undo = undone(world, run)
        assert "remove_members" not in undo.targets[0].applied


def test_undo_of_an_older_journal_finds_what_was_made_by_its_link():
    """Until now the journal did not tell where on the target something was made."""
    with World(first_day()) as world:
        before = world.target.state()
        run = world.sync()
        with world.store._database.transaction() as connection:
            connection.execute(
                "UPDATE journal SET target_id = NULL, change = json_set(change, '$.target_id', NULL)"
            )
        undone(world, run)
        assert world.target.state() == before


def test_undone_undone_and_undone_once_more():
    with World(first_day()) as world:
        world.sync()
        before = world.target.state()
        run = world.sync(second_day())
        undone(world, undone(world, run))
        undo = undone(world, run)
        assert left(undo) == []
        assert world.target.state() == before


def test_runs_are_undone_one_after_the_other_the_newest_first():
    third = directory(BOB, CYD, group("team", [BOB, CYD]), group("sub", [BOB]))
    with World() as world:
        states, runs = [world.target.state()], []
        for day in (first_day(), second_day(), third):
            runs.append(world.sync(day))
            states.append(world.target.state())
        for run, state in zip(reversed(runs), reversed(states[:-1]), strict=True):
            assert left(undone(world, run)) == []
            assert world.target.state() == state


def test_later_run_that_was_taken_back_on_another_target_only_still_counts():
    def day(name):
        return directory(user("ada", display_name=name), group("team", [ADA]))

    both = (FakeTarget("account"), FakeTarget("second"))
    with World(day("Ada"), *both) as world:
        world.sync()
        run = world.sync(day("Countess"))
        world.sync(day("Lady"))
        later = world.sync(day("Countess"))
        world.targets = both[1:]
        undone(world, later)
        world.targets = both
        undo = undone(world, run)
        assert next(one.on_hold for one in undo.targets if one.target == "account")[0].reason == (
            f"its display name stays: run {later.run_id} changed it since"
        )


@given(directories(tidy=True), directories(tidy=True), st.sampled_from(["deactivate", "delete"]))
def test_undo_restores_any_two_days(first, second, leavers):
    with World(first, leavers=leavers, retired_groups="delete", adopt="same_name") as world:
        world.sync()
        before = world.target.state()
        run = world.sync(second)
        after = world.target.state()
        assume(not run.targets[0].failed)
        undo = undone(world, run)
        assume(not undo.targets[0].failed)  # such as a nesting that passes through a circle
        assert left(undo) == []
        assert world.target.state() == before
        again = undone(world, undo)
        assume(not again.targets[0].failed)
        assert world.target.state() == after


def people(world):
    """Who can log in."""
    accounts = world.target.accounts.values()
    return {one.name for one in accounts if one.active and one.kind is not Kind.GROUP}


@pytest.mark.parametrize("change", [first_day, second_day, "recreated"])
def test_undo_under_mode_additive_takes_nothing_and_mirror_takes_back_the_rest(change):
    day = recreated() if change == "recreated" else change()
    with World(user_name_change="recreate") as world:
        if change is not first_day:
            world.sync(first_day())
        before = world.target.state()
        run = world.sync(day)
        granted = world.target.effective("team")
        accounts = people(world)
        world.configure(mode="additive")
        undo = undone(world, run)
        (target,) = undo.targets
        assert undo.status is Status.SUCCEEDED
        assert granted <= world.target.effective("team")
        assert accounts <= people(world)
        assert {one.by for one in target.unapplied} == {UnappliedBy.ADDITIVE}
        assert [n.code for n in target.warnings if "--set policy.mode=mirror" in n.message]
        world.configure(mode="mirror")
        rest = undone(world, run)
        assert left(rest) == []
        assert rest.targets[0].unapplied == ()
        assert world.target.state() == before


def test_object_of_which_something_is_left_stays_managed_until_it_is_taken_back():
    target = FakeTarget()
    target.add(Kind.GROUP, "team")
    with World(directory(ADA, group("team", [ADA])), target, adopt="same_name") as world:
        before = target.state()
        run = world.sync()
        world.configure(mode="additive")
        (report,) = undone(world, run).targets
        assert {one.change.action.verb for one in report.unapplied} == {
            "release",
            "remove",
            "delete",
        }
        assert target.members_of("team") == {"ada@contoso.com"}
        world.configure(mode="mirror")
        assert left(undone(world, run)) == []
        assert target.state() == before


def test_run_whose_undo_left_something_still_counts_for_older_runs():
    with World(directory(ADA, BOB, group("team", [ADA]), group("more", [BOB]))) as world:
        world.sync()
        both = directory(ADA, BOB, group("team", [ADA, BOB]), group("more", [BOB]))
        first = world.sync(both)
        team, bob = (world.target.named(one).id for one in ("team", "bob@contoso.com"))
        world.target.groups[team].remove(bob)  # by hand
        second = world.sync()
        world.configure(mode="additive")
        undone(world, second)
        world.configure(mode="mirror")
        why = f"bob@contoso.com stays in it: run {second.run_id} changed it since"
        assert left(undone(world, first)) == [f"team: {why}"]
        assert bob in world.target.groups[team]


def test_undo_of_an_undo_promises_no_more_than_entra_asks_for():
    with World(first_day()) as world:
        undo = undone(world, world.sync())
        again = world.planner().plan_undo(undo.run_id).plan
        (message,) = [n.message for n in again.targets[0].warnings if n.code == "undo"]
        assert "where Entra and the settings still ask for it" in message


@pytest.mark.parametrize("jump", [-3600.0, -400 * 86_400.0, 86_400.0])
def test_undo_leaves_what_later_runs_changed_whatever_the_clock_did_between(jump):
    out, within = (
        directory(ADA, BOB, group("team", [BOB])),
        directory(ADA, BOB, group("team", [ADA, BOB])),
    )
    with World(out) as world:
        world.sync()
        first = world.sync(within)
        world.clock.set_wall(world.clock.now() + jump)
        world.sync(out)
        last = world.sync(within)
        world.clock.set_wall(world.clock.now() - 60.0)
        report = undone(world, first)
        why = f"team: ada@contoso.com stays in it: run {last.run_id} changed it since"
        made = f"ada@contoso.com: not deleted: run {last.run_id} changed it since"
        assert left(report) == [made, why]
        assert world.target.members_of("team") == {"ada@contoso.com", "bob@contoso.com"}


def test_undo_of_a_later_run_is_not_held_back_by_an_earlier_one_with_a_later_time():
    with World(first_day()) as world:
        world.sync()
        before = world.target.state()
        world.clock.set_wall(world.clock.now() - 3600.0)
        second = world.sync(second_day())
        report = undone(world, second)
        assert left(report) == []
        assert world.target.state() == before


def anew(kind):
    """The same name under a new object id, with whatever else the kind has."""
    if kind is Kind.GROUP:
        return directory(ADA, group("team", [ADA])), directory(
            ADA, group("team", [ADA], id="g-new")
        )
    return directory(ADA, group("team", [ADA])), directory(
        user("ada", id="u-new"), group("team", [user("ada", id="u-new")])
    )


@pytest.mark.parametrize("kind", [Kind.USER, Kind.GROUP])
def test_undo_of_an_adoption_gives_the_link_back_to_whom_it_was_taken_from(kind):
    first, second = anew(kind)
    with World(first, adopt="same_name") as world:
        world.sync()
        before, links = world.target.state(), world.names_of_links()
        took = world.sync(second)
        assert world.names_of_links().keys() != links.keys()
        assert left(undone(world, took)) == []
        assert world.target.state() == before
        assert world.names_of_links() == links
        undo = world.store.runs()[0]
        undone(world, undo)
        assert world.names_of_links().keys() != links.keys()


def test_undo_of_an_adoption_of_a_strangers_object_gives_it_to_nobody():
    with World(directory(ADA, group("team", [ADA])), adopt="same_name") as world:
        world.target.add(Kind.USER, "ada@contoso.com", external_id="stranger")
        took = world.sync()
        undone(world, took)
        assert world.names_of_links() == {}
        assert world.target.named("ada@contoso.com").external_id == "stranger"


def test_undo_leaves_alone_what_another_sync_manages_at_the_same_place():
    with World(directory(ADA, group("team", [ADA]))) as world:
        world.store.places = {"account": "here"}
        made = world.sync()
        ada, team = world.target.named("ada@contoso.com"), world.target.named("team")
        with world.store_of("fabrikam") as other:
            other.places = {"prod": "here"}
            with other.lease("prod", "r1"):
                ties = (
                    Link(one.kind, f"x-{one.name}", one.id, Origin.ADOPTED, one.name)
                    for one in (ada, team)
                )
                other.settle("prod", {}, linked=ties)
        report = undone(world, made)
        assert {line.rpartition(": ")[2] for line in left(report)} == {
            "the sync fabrikam manages it, too"
        }
        assert world.target.members_of("team") == {"ada@contoso.com"}
