"""Who moves within a group, from it into one nested in it, has access all the time."""

from __future__ import annotations

import random

import pytest

from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import ReplacementPath
from aadsync_lib.model.run import Result
from tests.unit.build import directory, group, service, user
from tests.unit.fakes import FakeTarget, Fault
from tests.unit.world import World

ADA, BOB, CY, EVE = user("ada"), user("bob"), user("cy"), user("eve")
BOBS = "bob@contoso.com"


def red(members, *others):
    return directory(group("Red", members), *others, ADA, BOB, CY, EVE)


def removed(plan):
    return {
        (change.name, member.name)
        for change in plan.changes
        if change.action == "remove_members"
        for member in change.members
    }


def synced(before, **policy):
    world = World(before, **policy)
    world.sync()
    return world


def kept(world, after, *, because="Blue", again=True):
    """Sync, and check that bob is in Red as before and that ``again`` there is nothing to do."""
    plan = world.synced(after)
    assert (world.target.named("Red").name, BOBS) not in removed(plan)
    assert BOBS in world.target.effective("Red")
    entries = [one for one in plan.on_hold if "the target would not" in one.reason]
    assert [(one.external_id, one.name) for one in entries] == [("g-red", "Red")]
    assert f"Entra has them in {because}, and so in this group" in entries[0].reason
    assert entries[0].reason.endswith(f"not removed from it: {BOBS}")
    assert not again or world.planned().changes == ()
    return plan


# --- the group below is not brought about


def test_who_moves_into_a_group_of_a_reserved_name_stays_where_they_are():
    blue = group("Users", [CY], id="g-blue")
    with synced(red([ADA, BOB, blue], blue)) as world:
        blue = group("Users", [CY, BOB], id="g-blue")
        kept(world, red([ADA, blue], blue), because="Users")


def test_who_moves_into_a_contested_group_stays_and_everybody_else_goes():
    blue, other = group("Blue", [CY]), group("Blue ", id="g-other")
    with synced(red([ADA, BOB, EVE, blue], blue, other)) as world:
        blue = group("Blue", [CY, BOB])
        plan = kept(world, red([ADA, blue], blue, other))
        assert removed(plan) == {("Red", "eve@contoso.com")}
        assert world.target.effective("Red") == {"ada@contoso.com", BOBS}


def test_who_moves_deeper_stays_while_a_group_on_the_way_is_not_there():
    blue, green = group("Users", [], id="g-mid"), group("Green", [CY])
    with synced(red([ADA, BOB, blue], blue, green)) as world:
        blue, green = group("Users", [green], id="g-mid"), group("Green", [CY, BOB])
        plan = kept(world, red([ADA, blue], blue, green), because="Green")
        assert BOBS in world.target.members_of("Green")
        assert plan.replacement_paths == ()


def test_who_moves_into_a_group_there_is_no_room_for_stays():
    with synced(red([ADA, BOB])) as world:
        (target,) = world.settings.targets
        tight = target.model_copy(
            update={"capacity": target.capacity.model_copy(update={"groups": 1})}
        )
        world.settings = world.settings.model_copy(update={"targets": (tight,)})
        blue = group("Blue", [BOB])
        kept(world, red([ADA, blue], blue))


def test_who_moves_into_a_group_that_waits_for_another_try_stays():
    with synced(red([ADA, BOB])) as world:
        world.target.refuses = lambda what: "no" if what == "create group Blue" else None
        blue = group("Blue", [BOB])
        for _ in range(2):
            world.sync(red([ADA, blue], blue))
        kept(world, red([ADA, blue], blue), again=False)


def test_who_moves_into_a_group_that_was_deleted_by_hand_stays_while_that_is_reported_only():
    blue = group("Blue", [CY])
    with synced(red([ADA, BOB, blue], blue), drift="report") as world:
        world.target._delete(world.target.named("Blue").id)
        blue = group("Blue", [CY, BOB])
        kept(world, red([ADA, blue], blue))


def test_who_moves_into_a_group_that_was_taken_out_by_hand_stays_while_that_is_reported_only():
    blue = group("Blue", [CY])
    with synced(red([ADA, BOB, blue], blue), drift="report") as world:
        target = world.target
        target.groups[target.named("Red").id].discard(target.named("Blue").id)
        blue = group("Blue", [CY, BOB])
        kept(world, red([ADA, blue], blue))
        assert BOBS in target.members_of("Blue")


def test_whose_addition_waits_for_another_try_stays():
    blue = group("Blue", [CY])
    with synced(red([ADA, BOB, blue], blue)) as world:
        world.target.refuses = lambda what: "no" if what == f"member {BOBS}" else None
        blue = group("Blue", [CY, BOB])
        for _ in range(2):
            world.sync(red([ADA, blue], blue))
        kept(world, red([ADA, blue], blue), again=False)


def test_who_moves_into_a_group_whose_members_cannot_be_seen_stays():
    blue = group("Blue", [CY])
    with synced(red([ADA, BOB, blue], blue)) as world:
        world.target.unreadable = {world.target.named("Blue").id}
        blue = group("Blue", [CY, BOB])
        kept(world, red([ADA, blue], blue))


def test_a_group_that_moves_into_one_that_is_not_there_stays_too():
    blue, green = group("Users", [CY], id="g-blue"), group("Green", [BOB])
    with synced(red([ADA, green, blue], blue, green)) as world:
        blue = group("Users", [green], id="g-blue")
        plan = world.synced(red([ADA, blue], blue, green))
        assert BOBS in world.target.effective("Red")
        (entry,) = [one for one in plan.on_hold if one.external_id == "g-red"]
        assert entry.reason.endswith("not removed from it: Green")


def test_a_group_stays_while_somebody_in_it_waits_to_be_added_above():
    deep = group("Deep", [BOB])
    blue = group("Blue", [CY, deep])
    with synced(red([ADA, blue], blue, deep)) as world:
        world.target.refuses = lambda what: "no" if what == f"member {BOBS}" else None
        for _ in range(2):
            world.sync(red([ADA, BOB, blue], blue, deep))
        plan = world.synced(red([ADA, BOB], blue, deep))
        assert removed(plan) == set()
        assert BOBS in world.target.effective("Red")
        (entry,) = [one for one in plan.on_hold if "the target would not" in one.reason]
        assert entry.reason.startswith("Entra has them, or who is in them, in Red")
        assert entry.reason.endswith("not removed from it: Blue")
        world.target.refuses = lambda what: None
        world.runner().sync(full=True)
        assert world.target.members_of("Red") == {"ada@contoso.com", BOBS}


def test_a_group_leaves_though_somebody_in_it_is_disabled_and_not_ours():
    blue, eve = group("Blue", [CY]), user("eve", enabled=False)
    target = FakeTarget()
    target.add(Kind.USER, "eve@contoso.com", active=False)
    with World(directory(ADA, CY, eve, group("Red", [ADA, blue]), blue), target) as world:
        world.sync()
        target.groups[target.named("Blue").id].add(target.named("eve@contoso.com").id)
        after = directory(ADA, CY, eve, group("Red", [ADA, eve]), group("Blue", [CY, eve]))
        assert removed(world.synced(after)) == {("Red", "Blue")}


def test_somebody_of_another_sync_stays_whatever_the_external_id_says():
    blue = group("Users", [CY], id="g-blue")
    target = FakeTarget()
    target.add(Kind.USER, BOBS, display_name="Bob", external_id="somebody")
    with World(red([ADA, BOB, blue], blue), target, adopt="same_name") as world:
        world.sync()
        tid = target.named(BOBS).id
        target.accounts[tid] = type(target.accounts[tid])(tid, Kind.USER, BOBS, "Bob", "somebody")
        blue = group("Users", [CY, BOB], id="g-blue")
        kept(world, red([ADA, blue], blue), because="Users")


def test_only_some_of_many_who_stay_are_named():
    crowd = [user(f"u{n}") for n in range(5)]
    blue = group("Users", [CY], id="g-blue")
    with synced(directory(*crowd, CY, group("Red", [*crowd, blue]), blue)) as world:
        blue = group("Users", crowd, id="g-blue")
        world.source.snapshot = directory(*crowd, CY, group("Red", [blue]), blue)
        (entry,) = [one for one in world.planned().on_hold if one.external_id == "g-red"]
        assert entry.reason.endswith(
            "removed from it: u0@contoso.com, u1@contoso.com, u2@contoso.com and 2 more"
        )


# --- the group below is there: everybody moves at once


def test_who_moves_into_a_group_that_is_there_leaves_in_the_same_run():
    blue = group("Blue", [CY])
    with synced(red([ADA, BOB, blue], blue)) as world:
        blue = group("Blue", [CY, BOB])
        plan = world.synced(red([ADA, blue], blue))
        assert removed(plan) == {("Red", BOBS)}
        red_id, bob_id = world.target.named("Red").id, world.target.named(BOBS).id
        assert plan.replacement_paths == (ReplacementPath(red_id, bob_id, (("g-blue", "u-bob"),)),)
        assert world.target.members_of("Red") == {"ada@contoso.com", "Blue"}
        assert world.target.members_of("Blue") == {"cy@contoso.com", BOBS}


def test_who_is_in_the_group_below_already_depends_on_nothing():
    blue = group("Blue", [BOB])
    with synced(red([ADA, BOB, blue], blue)) as world:
        plan = world.synced(red([ADA, blue], blue))
        assert removed(plan) == {("Red", BOBS)}
        assert plan.replacement_paths == ()


def test_a_way_through_a_protected_group_that_is_there_is_one():
    blue = group("Blue", [BOB])
    with synced(red([ADA, BOB, blue], blue)) as world:
        world.configure(protected={"groups": ["Blue"]})
        plan = world.synced(red([ADA, blue], blue))
        assert removed(plan) == {("Red", BOBS)}
        assert plan.on_hold == ()
        assert world.target.effective("Red") == {"ada@contoso.com", BOBS}


def test_a_way_into_a_protected_group_is_none_while_the_target_lacks_it():
    blue = group("Blue", [CY])
    with synced(red([ADA, BOB, blue], blue)) as world:
        world.configure(protected={"groups": ["Blue"]})
        blue = group("Blue", [CY, BOB])
        kept(world, red([ADA, blue], blue))


def test_a_way_that_is_there_counts_before_one_that_has_to_be_made():
    blue, green = group("Blue", [BOB]), group("Green", [CY])
    with synced(red([BOB, blue, green], blue, green)) as world:
        green, black = group("Green", [CY, BOB]), group("Black", [BOB])
        world.source.snapshot = red([black, blue, green], black, blue, green)
        plan = world.planned()
        assert removed(plan) == {("Red", BOBS)}
        assert plan.replacement_paths == ()


def test_the_shortest_of_the_ways_to_be_made_is_what_it_depends_on():
    black = group("Black", [])
    with synced(red([ADA, BOB, black], black)) as world:
        blue, green = group("Blue", [BOB]), group("Green", [])
        black = group("Black", [blue, BOB])
        green = group("Green", [black])
        world.source.snapshot = red([ADA, green, black], black, blue, green)
        (detour,) = world.planned().replacement_paths
        assert detour.through == (("g-black", "u-bob"),)


def test_who_leaves_for_good_depends_on_nothing():
    blue = group("Blue", [CY])
    with synced(red([ADA, BOB, blue], blue)) as world:
        plan = world.synced(red([ADA, blue], blue))
        assert removed(plan) == {("Red", BOBS)}
        assert (plan.replacement_paths, plan.on_hold) == ((), ())


# --- something of the way in fails in the run


def failing(before, after, refused):
    """Sync while one write is refused, check that bob stays, then go on; return the first report."""
    with synced(before) as world:
        world.target.refuses = lambda what: "no" if what == refused else None
        world.source.snapshot = after
        assert ("Red", BOBS) in removed(world.planned())
        report = world.sync()
        assert BOBS in world.target.members_of("Red")
        assert [name for one in ended(report, Result.SKIPPED) for name in names(one)] == [BOBS]
        world.target.refuses = lambda what: None
        world.sync()
        assert BOBS not in world.target.members_of("Red")
        assert BOBS in world.target.effective("Red")
        assert world.planned().changes == ()
    return report


def ended(report, result):
    removals = (o for o in report.targets[0].outcomes if o.change.action == "remove_members")
    return [one for one in removals if one.result is result]


def names(outcome):
    return {member.name for member in outcome.change.members}


def test_who_cannot_be_added_below_stays_until_the_next_run():
    blue, after = group("Blue", [CY]), group("Blue", [CY, BOB])
    before, then = red([ADA, BOB, blue], blue), red([ADA, after], after)
    (one,) = ended(failing(before, then, f"member {BOBS}"), Result.SKIPPED)
    assert (
        one.error == f"{BOBS} was not added to Blue in this run, so it stays in the group for now"
    )


def test_of_several_only_those_who_were_not_added_stay():
    blue, after = group("Blue", [CY]), group("Blue", [CY, BOB, ADA])
    before, then = red([ADA, BOB, EVE, blue], blue), red([after], after)
    (one,) = ended(failing(before, then, f"member {BOBS}"), Result.DONE)
    assert names(one) == {"ada@contoso.com", "eve@contoso.com"}


def test_who_moves_into_a_group_that_cannot_be_made_stays_until_it_is():
    after = group("Blue", [BOB])
    failing(red([ADA, BOB]), red([ADA, after], after), "create group Blue")


def test_who_is_below_a_group_that_cannot_be_nested_stays_until_it_is():
    blue, moved = group("Blue", [CY]), group("Blue", [CY, BOB])
    failing(red([ADA, BOB], blue), red([ADA, moved], moved), "member Blue")


def test_who_is_already_in_a_group_that_cannot_be_nested_stays_until_it_is():
    blue = group("Blue", [BOB])
    failing(red([ADA, BOB], blue), red([ADA, blue], blue), "member Blue")


def test_a_group_on_the_way_that_cannot_be_nested_keeps_everybody_above():
    blue, green = group("Blue", [CY]), group("Green", [BOB])
    after = group("Blue", [CY, green])
    before = red([ADA, BOB, blue], blue, green)
    failing(before, red([ADA, after], after, green), "member Green")


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.LOST_BEFORE, Fault.LOST_AFTER])
def test_whatever_fails_nobody_is_without_access_at_any_moment(fault):
    blue, moved = group("Blue", [CY]), group("Blue", [CY, BOB])
    new, top = group("New", [ADA]), group("Top", [EVE])
    before = red([ADA, BOB, blue], blue, top)
    after = red([moved, new, EVE], moved, new, group("Top", []))
    for index in range(4):
        with synced(before) as world:
            target = world.target
            start = len(target.log)

            def watch(_, target=target):
                assert {"ada@contoso.com", BOBS, "cy@contoso.com"} <= target.effective("Red")

            target.on_write = watch
            target.faults = {start + index: fault}
            world.sync(after)
            watch(0)
            world.sync()
            world.sync()
            watch(0)
            assert target.members_of("Red") == {"Blue", "New", "eve@contoso.com"}
            assert world.planned().changes == ()


# --- groups that change places


def test_groups_that_swap_places_do_so_in_one_run():
    b = group("B", [BOB])
    with synced(directory(ADA, BOB, b, group("A", [ADA, b]))) as world:
        a = group("A", [ADA])
        world.sync(directory(ADA, BOB, a, group("B", [BOB, a])))
        assert world.target.members_of("A") == {"ada@contoso.com"}
        assert world.target.members_of("B") == {BOBS, "A"}
        assert world.planned().changes == ()


def test_groups_that_swap_places_below_one_do_so_in_one_run_with_their_people():
    a, b = group("A", [ADA]), group("B", [BOB])
    outer = group("A", [ADA, b])
    with synced(red([outer, CY], outer, b)) as world:
        inner = group("B", [BOB, a, CY])
        plan = world.synced(red([inner], inner, a))
        assert ("A", "B") in removed(plan)
        assert world.target.members_of("Red") == {"B"}
        assert world.target.members_of("B") == {BOBS, "A", "cy@contoso.com"}
        assert world.target.members_of("A") == {"ada@contoso.com"}
        assert world.planned().changes == ()


def test_a_group_moves_down_below_another_without_a_gap():
    a, b = group("A", [ADA]), group("B", [BOB])
    with synced(red([a, b, EVE], a, b)) as world:
        b = group("B", [BOB, a])
        gaps = []
        world.target.on_write = lambda _: gaps.append(
            "ada@contoso.com" not in world.target.effective("Red")
        )
        plan = world.synced(red([b], a, b))
        assert len(plan.replacement_paths) == 1
        assert gaps
        assert not any(gaps)
        assert world.target.members_of("Red") == {"B"}
        assert world.planned().changes == ()


def test_who_got_another_user_name_moves_down_without_a_gap():
    lee = user("bob", user_principal_name="bob.lee@contoso.com")
    blue, moved = group("Blue", [CY]), group("Blue", [CY, lee])
    with synced(red([ADA, BOB, blue], blue), user_name_change="recreate") as world:
        target = world.target
        target.refuses = lambda what: "no" if what == "member bob.lee@contoso.com" else None
        after = directory(lee, ADA, CY, EVE, group("Red", [ADA, moved]), moved)
        world.sync(after)
        assert BOBS in target.members_of("Red")
        target.refuses = lambda what: None
        world.sync()
        world.sync()
        assert target.effective("Red") == {
            "ada@contoso.com",
            "cy@contoso.com",
            "bob.lee@contoso.com",
        }
        assert world.planned().changes == ()


def test_service_principals_stay_too():
    run = service("run")
    blue = group("Users", [], id="g-blue")
    with synced(directory(run, group("Red", [run, blue]), blue)) as world:
        blue = group("Users", [run], id="g-blue")
        world.sync(directory(run, group("Red", [blue]), blue))
        assert world.target.members_of("Red") == {"app-run"}


# --- any world


@pytest.mark.parametrize("seed", range(25))
def test_in_any_nesting_whom_entra_has_in_a_group_keeps_access(seed):
    chance = random.Random(seed)
    people = [user(f"p{n}") for n in range(5)]

    def some():
        groups = []
        for n in range(5):
            nested = [one for one in groups if chance.random() < 0.4]
            mine = [one for one in people if chance.random() < 0.35]
            name = "Users" if n == seed % 5 else f"G{n}"
            groups.append(group(name, [*mine, *nested], id=f"g{n}"))
        return directory(*people, *groups)

    def reach(snapshot, gid):
        found = set()
        for member in snapshot.groups[gid].members:
            found |= reach(snapshot, member) if member in snapshot.groups else {member}
        return found

    before, after = some(), some()
    with World(before) as world:
        world.sync()
        target = world.target
        had = {n: target.effective(f"G{n}") for n in range(5) if n != seed % 5}
        refused = chance.choice(people).user_principal_name
        target.refuses = lambda what: "no" if what == f"member {refused}" else None
        world.sync(after)
        for n, names in had.items():
            entitled = {after.users[one].user_principal_name for one in reach(after, f"g{n}")}
            was_direct = {
                before.users[one].user_principal_name
                for one in before.groups[f"g{n}"].members & before.users.keys()
            }
            assert names & entitled & was_direct <= target.effective(f"G{n}")


def test_who_moved_into_a_nested_group_that_could_not_be_read_stays_where_they_were():
    """Whoever is missing from a group may be in it by the nested one that nobody could read."""
    before = directory(ADA, BOB, group("Top", [ADA, BOB, "g-low"]), group("Low", [BOB]))
    with World(before) as world:
        world.sync()
        low = group("Low", [BOB], unread="503")
        report = world.sync(directory(ADA, BOB, group("Top", [BOB, "g-low"]), low))
        assert world.target.members_of("Top") == {"ada@contoso.com", "bob@contoso.com", "Low"}
        assert "nested in it, Low: 503" in " ".join(one.reason for one in report.targets[0].on_hold)
        world.sync(directory(ADA, BOB, group("Top", [BOB, "g-low"]), group("Low", [ADA, BOB])))
        assert world.target.members_of("Top") == {"bob@contoso.com", "Low"}
        assert world.target.effective("Top") == {"ada@contoso.com", "bob@contoso.com"}
