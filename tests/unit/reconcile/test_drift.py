"""Differences on the target that nobody made in Entra, told from those that somebody made there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.model.carried import EndReason, MembershipOrigin
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.plan import UnappliedBy
from aadsync_lib.model.run import Status
from tests.unit.build import directory, group, user
from tests.unit.fakes import FakeTarget, Fault
from tests.unit.world import World

ADA, BOB, CY = user("ada"), user("bob"), user("cy")
SMALL = directory(ADA, BOB, group("Data", [ADA, BOB]))
A, B, C = "ada@contoso.com", "bob@contoso.com", "cy@contoso.com"


def told(changes):
    """Return what changes do, whom, and whether they mend what was done by hand."""
    return [
        (one.action.value, one.name, one.drift, *(member.name for member in one.members))
        for one in changes
    ]


def left(plan):
    return [(one.by.value, *told([one.change])[0]) for one in plan.unapplied]


def put_in(world, group_name, *names):
    gid = world.target.named(group_name, Kind.GROUP).id
    world.target.groups[gid] |= {world.target.named(name).id for name in names}


def take_out(world, group_name, *names):
    gid = world.target.named(group_name, Kind.GROUP).id
    world.target.groups[gid] -= {world.target.named(name).id for name in names}


def rows(world, group_id="g-data"):
    found = world.store.memberships("account", [group_id])
    return {one.member.name: (one.how, one.ending) for one in found}


@pytest.fixture
def world():
    target = FakeTarget()
    target.add(Kind.USER, "stranger@contoso.com")
    with World(SMALL, target) as one:
        one.sync()
        yield one


def test_who_was_taken_out_by_hand_is_put_back_as_drift(world):
    take_out(world, "Data", A)
    plan = world.planned()
    assert told(plan.changes) == [("add_members", "Data", True, A)]
    assert plan.changes[0].reason == "members in Entra; taken out on the target by hand"
    assert plan.drift == plan.changes
    world.sync()
    assert world.target.members_of("Data") == {A, B}
    assert rows(world) == {A: (MembershipOrigin.ADDED, None), B: (MembershipOrigin.ADDED, None)}


def test_who_was_put_in_by_hand_is_taken_out_as_drift(world):
    put_in(world, "Data", "stranger@contoso.com")
    plan = world.planned()
    assert told(plan.changes) == [("remove_members", "Data", True, "stranger@contoso.com")]
    assert plan.changes[0].reason == "not members in Entra; added on the target by hand"


def test_what_entra_changed_is_no_drift_beside_what_was_done_by_hand(world):
    put_in(world, "Data", "stranger@contoso.com")
    take_out(world, "Data", A)
    world.source.snapshot = directory(ADA, BOB, CY, group("Data", [ADA, CY]), group("Ops", [BOB]))
    plan = world.planned()
    assert [one for one in told(plan.changes) if one[1] == "Data"] == [
        ("add_members", "Data", False, C),
        ("add_members", "Data", True, A),
        ("remove_members", "Data", False, B),
        ("remove_members", "Data", True, "stranger@contoso.com"),
    ]
    world.sync()
    assert world.target.members_of("Data") == {A, C}
    assert world.planned().changes == ()


def test_under_report_drift_is_listed_and_stays(world):
    world.configure(drift="report")
    put_in(world, "Data", "stranger@contoso.com")
    take_out(world, "Data", A)
    world.source.snapshot = directory(ADA, BOB, CY, group("Data", [ADA, BOB, CY]))
    for _ in range(3):
        plan = world.planned()
        assert left(plan) == [
            ("drift", "add_members", "Data", True, A),
            ("drift", "remove_members", "Data", True, "stranger@contoso.com"),
        ]
        report = world.sync()
        assert report.targets[0].unapplied == plan.unapplied
        assert report.status is Status.SUCCEEDED
    assert world.target.members_of("Data") == {B, C, "stranger@contoso.com"}
    assert rows(world)[A] == (MembershipOrigin.ADDED, EndReason.LOST)
    world.configure(drift="repair")
    world.sync()
    assert world.target.members_of("Data") == {A, B, C}


def test_whom_entra_removes_and_adds_again_is_no_drift(world):
    take_out(world, "Data", A)
    world.sync(directory(ADA, BOB, group("Data", [BOB]), group("Ops", [ADA])))
    assert rows(world)[A] == (MembershipOrigin.ADDED, EndReason.REMOVED)
    world.source.snapshot = directory(ADA, BOB, group("Data", [ADA, BOB]), group("Ops", [ADA]))
    assert told(world.planned().changes) == [("add_members", "Data", False, A)]


def test_a_loss_that_entra_follows_later_is_a_loss_no_more(world):
    world.configure(drift="report")
    take_out(world, "Data", A)
    world.sync()
    assert rows(world)[A] == (MembershipOrigin.ADDED, EndReason.LOST)
    world.sync(directory(ADA, BOB, group("Data", [BOB]), group("Ops", [ADA])))
    assert rows(world)[A] == (MembershipOrigin.ADDED, EndReason.REMOVED)


def test_who_was_in_an_adopted_group_is_known_from_then_on():
    target = FakeTarget()
    ids = [target.add(Kind.USER, name, display_name=name[:3].title()) for name in (A, B)]
    stranger = target.add(Kind.USER, "stranger@contoso.com")
    target.add(Kind.GROUP, "Data", [*ids, stranger])
    with World(SMALL, target, mode="additive") as world:
        plan = world.planned()
        assert left(plan) == [("additive", "remove_members", "Data", False, "stranger@contoso.com")]
        world.sync()
        assert rows(world) == {
            A: (MembershipOrigin.FOUND, None),
            B: (MembershipOrigin.FOUND, None),
            "stranger@contoso.com": (MembershipOrigin.FOREIGN, None),
        }
        world.configure(mode="mirror", drift="report")
        world.source.snapshot = directory(ADA, BOB, group("Data", [BOB]), group("Ops", [ADA]))
        plan = world.planned()
        assert ("remove_members", "Data", False, A) in told(plan.changes)
        assert left(plan) == [("drift", "remove_members", "Data", True, "stranger@contoso.com")]


def test_what_an_adoption_takes_out_is_no_drift():
    target = FakeTarget()
    stranger = target.add(Kind.USER, "stranger@contoso.com")
    target.add(Kind.GROUP, "Data", [stranger])
    with World(SMALL, target, drift="report") as world:
        plan = world.planned()
        assert ("remove_members", "Data", False, "stranger@contoso.com") in told(plan.changes)
        assert plan.unapplied == ()
        world.sync()
        assert rows(world) == {A: (MembershipOrigin.ADDED, None), B: (MembershipOrigin.ADDED, None)}


def test_a_group_adopted_by_a_run_that_died_right_then_is_not_known():
    target = FakeTarget()
    stranger = target.add(Kind.USER, "stranger@contoso.com")
    target.add(Kind.GROUP, "Data", [stranger], external_id="g-data")
    with World(directory(group("Data")), target, drift="report") as world:
        target.faults = {0: Fault.KILLED_BEFORE}
        assert world.sync_until_killed()
        assert "g-data" in world.names_of_links()
        assert told(world.planned().changes) == [
            ("remove_members", "Data", False, "stranger@contoso.com")
        ]


def test_an_adopted_member_whom_entra_takes_in_is_entras_from_then_on(world):
    world.configure(mode="additive")
    put_in(world, "Data", "stranger@contoso.com")
    world.sync()
    assert rows(world)["stranger@contoso.com"][0] is MembershipOrigin.FOREIGN
    stranger = user("stranger")
    world.configure(mode="mirror", adopt="unowned")
    world.sync(directory(ADA, BOB, stranger, group("Data", [ADA, BOB, stranger])))
    assert rows(world)["stranger@contoso.com"][0] is MembershipOrigin.FOUND


# --- members: managed


def test_under_managed_who_was_added_by_hand_stays_and_is_listed_as_drift(world):
    world.configure(members="managed")
    put_in(world, "Data", "stranger@contoso.com")
    world.source.snapshot = directory(ADA, BOB, group("Data", [BOB]), group("Ops", [ADA]))
    plan = world.planned()
    assert ("remove_members", "Data", False, A) in told(plan.changes)
    assert left(plan) == [("managed", "remove_members", "Data", True, "stranger@contoso.com")]
    world.sync()
    assert world.target.members_of("Data") == {B, "stranger@contoso.com"}
    assert left(world.planned()) == left(plan)


def test_under_managed_who_was_found_there_stays_and_is_no_drift(world):
    stranger = user("stranger")
    put_in(world, "Data", "stranger@contoso.com")
    world.sync(directory(ADA, BOB, stranger, group("Data", [ADA, BOB, stranger])))
    world.configure(members="managed")
    world.source.snapshot = directory(ADA, BOB, stranger, group("Data", [ADA, BOB]),
                                      group("Ops", [stranger]))  # fmt: skip
    assert left(world.planned()) == [
        ("managed", "remove_members", "Data", False, "stranger@contoso.com")
    ]


# --- objects


def test_who_was_deleted_by_hand_is_made_again_with_the_memberships_as_drift(world):
    ada = world.target.named(A).id
    world.target._delete(ada)
    plan = world.planned()
    assert told(plan.changes) == [
        ("create_user", A, True),
        ("add_members", "Data", True, A),
    ]
    assert plan.changes[0].reason == "in scope through Data; it was deleted on the target by hand"
    world.sync()
    assert world.target.members_of("Data") == {A, B}
    assert world.planned().changes == ()


def test_under_report_who_was_deleted_by_hand_is_not_made_nor_anything_around(world):
    world.configure(drift="report")
    world.target._delete(world.target.named(A).id)
    plan = world.planned()
    assert plan.changes == ()
    assert left(plan) == [("drift", "create_user", A, True)]


def test_a_group_that_was_deleted_by_hand_is_made_again_with_its_members(world):
    world.target._delete(world.target.named("Data").id)
    plan = world.planned()
    assert told(plan.changes) == [
        ("create_group", "Data", True),
        ("add_members", "Data", True, A, B),
    ]
    world.configure(drift="report")
    plan = world.planned()
    assert plan.changes == ()
    assert left(plan) == [("drift", "create_group", "Data", True)]
    world.sync()
    assert rows(world) == {
        A: (MembershipOrigin.ADDED, EndReason.LOST),
        B: (MembershipOrigin.ADDED, EndReason.LOST),
    }
    world.configure(drift="repair")
    world.sync()
    assert world.target.members_of("Data") == {A, B}
    assert rows(world) == {A: (MembershipOrigin.ADDED, None), B: (MembershipOrigin.ADDED, None)}


def test_a_group_that_was_renamed_by_hand_gets_its_name_back_as_drift(world):
    data = world.target.named("Data")
    world.target.accounts[data.id] = replace(data, name="Mine")
    plan = world.planned()
    assert told(plan.changes) == [("rename_group", "Data", True)]
    assert plan.changes[0].reason == "Data was renamed to Mine on the target by hand"
    world.configure(drift="report")
    assert left(world.planned()) == [("drift", "rename_group", "Data", True)]
    assert world.planned().changes == ()


def test_a_rename_in_entra_is_no_drift_and_neither_is_the_next_one(world):
    for name in ("Data 2", "Data"):
        world.source.snapshot = directory(ADA, BOB, group(name, [ADA, BOB], id="g-data"))
        assert told(world.planned().changes) == [("rename_group", name, False)]
        world.sync()
        assert world.store.links("account").by_external["g-data"].name == name
    data = world.target.named("Data")
    world.target.accounts[data.id] = replace(data, name="Mine")
    assert told(world.planned().changes) == [("rename_group", "Data", True)]


def test_a_rename_of_a_run_that_died_is_known_to_be_ours(world):
    world.source.snapshot = directory(ADA, BOB, group("Data 2", [ADA, BOB], id="g-data"))
    world.target.faults = {len(world.target.log): Fault.KILLED_AFTER}
    assert world.sync_until_killed()
    world.sync()
    assert world.store.links("account").by_external["g-data"].name == "Data 2"


@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER])
def test_a_name_that_a_run_which_died_did_not_change_was_not_changed_by_hand(fault):
    target = FakeTarget()
    target.add(Kind.GROUP, "Old", external_id="g-data")
    with World(directory(ADA, group("Data", [ADA])), target, drift="report") as world:
        target.faults = {0: fault}
        assert world.sync_until_killed()
        world.sync()
        assert world.names_of_links() == {"u-ada": A, "g-data": "Data"}
        assert left(world.planned()) == []


def test_a_name_that_stays_under_report_cannot_be_given_to_another_group(world):
    world.configure(drift="report")
    data = world.target.named("Data")
    world.target.accounts[data.id] = replace(data, name="Ops")
    world.source.snapshot = directory(ADA, BOB, group("Data", [ADA, BOB]), group("Ops", [ADA]))
    plan = world.planned()
    assert plan.changes == ()
    assert [one.external_id for one in plan.quarantined] == ["g-ops"]


# --- runs in between that failed


def test_what_a_dead_run_added_is_its_own_and_not_found_there(world, monkeypatch):
    world.source.snapshot = directory(ADA, BOB, CY, group("Data", [ADA, BOB, CY]))
    world.target.faults = {len(world.target.log) + 1: Fault.KILLED_AFTER}
    assert world.sync_until_killed()
    assert world.target.members_of("Data") == {A, B, C}
    kept = []
    keep = world.store.remember

    def remember(run_id, target, memory):
        kept.extend(memory.memberships)
        keep(run_id, target, memory)

    monkeypatch.setattr(world.store, "remember", remember)
    world.sync()
    assert kept == []
    assert rows(world)[C] == (MembershipOrigin.ADDED, None)


def test_an_unread_group_ends_no_membership(world):
    world.configure(drift="report")
    take_out(world, "Data", A)
    world.sync(directory(BOB, group("Data", [BOB], unread="503")))
    assert rows(world)[A] == (MembershipOrigin.ADDED, None)
    world.target.unreadable.update(world.target.groups)
    world.sync(SMALL)
    assert rows(world)[A] == (MembershipOrigin.ADDED, None)


def test_a_run_that_is_planned_only_remembers_nothing(world):
    take_out(world, "Data", A)
    world.planned()
    assert rows(world)[A] == (MembershipOrigin.ADDED, None)


def test_a_run_in_which_nothing_changed_remembers_nothing(world, monkeypatch):
    world.sync()
    kept = []
    monkeypatch.setattr(world.store, "remember", lambda *memory: kept.append(memory))
    world.sync()
    assert kept == []
    world.target._update(Kind.USER, world.target.named(A).id, Attributes(display_name="X"))
    world.sync()
    assert kept == []


def test_the_drift_of_a_retired_group_is_what_was_put_in_after(world):
    world.sync(directory(ADA, BOB, group("Ops", [ADA, BOB])))
    assert world.target.members_of("Data") == set()
    put_in(world, "Data", A)
    plan = world.planned()
    assert told(plan.changes) == [("remove_members", "Data", True, A)]
    assert plan.retired == ("Data",)


def test_left_by_names_what_leaves_it():
    assert [one.value for one in UnappliedBy] == ["additive", "managed", "drift"]


# --- attributes of people


def setting(world, name, **values):
    account = world.target.named(name)
    world.target.accounts[account.id] = replace(account, **values)


def test_what_somebody_deactivated_by_hand_is_activated_again_as_drift(world):
    setting(world, A, active=False)
    (change,) = world.planned().changes
    assert (change.action, change.drift) == ("activate_user", True)
    assert (
        change.reason == "enabled in Entra and in scope; it was deactivated on the target by hand"
    )
    world.configure(drift="report")
    assert left(world.planned()) == [("drift", "activate_user", A, True)]
    assert world.planned().changes == ()


def test_whom_the_sync_deactivated_before_is_activated_without_drift(world):
    ada = replace(ADA, enabled=False)
    world.sync(directory(ada, BOB, group("Data", [ada, BOB])))
    world.source.snapshot = SMALL
    assert told(world.planned().changes) == [("activate_user", A, False)]


def test_whom_the_sync_deactivated_and_somebody_activated_is_deactivated_as_drift(world):
    world.sync(directory(BOB, group("Data", [BOB])))
    setting(world, A, active=True)
    (change,) = world.planned().changes
    assert (change.action, change.drift) == ("deactivate_user", True)
    assert change.reason == "left the scope; it was activated on the target by hand"


def test_a_display_name_is_drift_only_where_the_sync_had_set_what_entra_says(world):
    setting(world, A, display_name="Queen")
    assert told(world.planned().changes) == [("update_user", A, True)]
    ada = replace(ADA, display_name="Ada Lee")
    world.source.snapshot = directory(ada, BOB, group("Data", [ada, BOB]))
    assert told(world.planned().changes) == [("update_user", A, False)]
    world.sync()
    setting(world, A, display_name="Ada")
    assert told(world.planned().changes) == [("update_user", A, True)]


def test_what_the_sync_never_set_is_no_drift():
    target = FakeTarget()
    target.add(Kind.USER, A, display_name="Ada", external_id="u-ada")
    with World(SMALL, target) as world:
        world.sync()
        setting(world, A, display_name="Queen")
        assert told(world.planned().changes) == [("update_user", A, False)]


def test_what_was_done_to_a_former_user_says_nothing_of_the_new_one(world):
    world.configure(user_name_change="recreate")
    lee = replace(ADA, user_principal_name="lee@contoso.com")
    world.sync(directory(lee, BOB, group("Data", [lee, BOB])))
    world.source.snapshot = directory(BOB, group("Data", [BOB]))
    assert ("deactivate_user", "lee@contoso.com", False) in told(world.planned().changes)
    world.sync(directory(lee, BOB, group("Data", [lee, BOB])))
    setting(world, "lee@contoso.com", active=False)
    assert told(world.planned().changes) == [("activate_user", "lee@contoso.com", True)]


@pytest.mark.parametrize("fault", [None, Fault.KILLED_AFTER])
def test_what_was_done_to_a_former_user_is_known_though_yet_another_one_took_the_place(
    world, fault
):
    world.configure(user_name_change="recreate", drift="report")
    for name in ("lee", "ivy"):
        ada = replace(ADA, user_principal_name=f"{name}@contoso.com")
        world.source.snapshot = directory(ada, BOB, group("Data", [ada, BOB]))
        if name == "ivy" and fault:
            world.target.faults = {len(world.target.log): fault}
        world.sync_until_killed()
        setting(world, A, active=True)
    assert ("drift", "deactivate_user", A, True) in left(world.planned())
    world.sync()
    assert left(world.planned()) == [("drift", "deactivate_user", A, True)]


def test_what_was_done_to_a_former_user_is_known_though_the_new_one_is_gone(world):
    world.configure(user_name_change="recreate", leavers="delete", drift="report")
    ada = replace(ADA, user_principal_name="lee@contoso.com")
    world.sync(directory(ada, BOB, group("Data", [ada, BOB])))
    world.sync(directory(BOB, group("Data", [BOB])))
    assert "u-ada" not in world.store.links("account").by_external
    setting(world, A, active=True)
    world.sync()
    assert left(world.planned()) == [("drift", "deactivate_user", A, True)]


@pytest.mark.parametrize("leaves", [False, True])
def test_what_failed_of_the_new_user_says_nothing_of_a_former_one(world, leaves):
    world.configure(user_name_change="recreate", drift="report")
    lee = replace(ADA, user_principal_name="lee@contoso.com")
    world.sync(directory(lee, BOB, group("Data", [lee, BOB])))
    setting(world, A, active=True)
    off = replace(lee, enabled=False)
    members = [BOB] if leaves else [off, BOB]
    world.target.deaf = {world.target.named("lee@contoso.com").id}
    report = world.sync(directory(off, BOB, group("Data", members)))
    assert [o.change.name for o in report.targets[0].failed] == ["lee@contoso.com"]
    assert left(world.planned()) == [("drift", "deactivate_user", A, True)]
    assert told(world.planned().changes) == [("deactivate_user", "lee@contoso.com", False)]
    world.target.deaf = set()
    world.sync()
    assert left(world.planned()) == [("drift", "deactivate_user", A, True)]
    assert told(world.planned().changes) == []


def test_who_failed_to_leave_a_group_says_nothing_of_their_former_account(world):
    world.configure(user_name_change="recreate", drift="report")
    lee = replace(ADA, user_principal_name="lee@contoso.com")
    world.sync(directory(lee, BOB, group("Data", [lee, BOB])))
    put_in(world, "Data", A)
    world.sync()
    put_in_vain = ("drift", "remove_members", "Data", True, A)
    assert put_in_vain in left(world.planned())
    world.target.refuses = lambda what: "no" if what.startswith("members") else None
    report = world.sync(directory(lee, BOB, group("Data", [BOB])))
    assert [o.change.members[0].name for o in report.targets[0].failed] == ["lee@contoso.com"]
    assert put_in_vain in left(world.planned())


def test_who_was_put_in_again_by_hand_begins_a_new_membership(world):
    world.sync(directory(ADA, BOB, group("Data", [BOB]), group("Ops", [ADA])))
    world.configure(drift="report")
    put_in(world, "Data", A)
    world.sync()
    assert rows(world)[A] == (MembershipOrigin.FOREIGN, None)
    assert left(world.planned()) == [("drift", "remove_members", "Data", True, A)]


def test_a_dead_run_between_reads_begins_no_membership_before_the_last_one_ended(world):
    world.sync(directory(ADA, BOB, group("Data", [BOB]), group("Ops", [ADA])))
    put_in(world, "Data", A)
    world.clock.set_wall(world.clock.now() - 1000.0)
    world.configure(drift="report")
    world.sync()
    found = world.store.memberships("account", ["g-data"])
    again = next(one for one in found if one.member.name == A)
    assert (again.how, again.until) == (MembershipOrigin.FOREIGN, None)
    assert again.since > world.clock.now()


def test_what_is_adopted_in_place_of_a_deleted_object_becomes_as_entra_has_it(world):
    world.target._delete(world.target.named(A).id)
    other = world.target.add(Kind.USER, A, external_id=ADA.id, active=False, display_name="Old")
    world.configure(drift="report")
    world.sync()
    account = world.target.accounts[other]
    assert (account.active, account.display_name) == (True, "Ada")
    assert world.planned().changes == ()


@pytest.mark.parametrize("drift", ["repair", "report"])
def test_a_group_adopted_under_another_name_in_place_of_a_deleted_one_is_renamed_and_ours(drift):
    with World(SMALL, drift=drift) as world:
        world.sync()
        world.target._delete(world.target.named("Data", Kind.GROUP).id)
        other = world.target.add(Kind.GROUP, "Mine", external_id="g-data")
        planned = world.synced()
        assert [one.action.value for one in planned.changes if one.drift] == []
        assert world.target.named("Data", Kind.GROUP).id == other
        assert world.names_of_links()["g-data"] == "Data"
        assert world.planned().changes == ()


def test_a_stranger_who_carries_a_members_id_stays_a_stranger(world):
    world.configure(drift="report")
    stranger = world.target.named("stranger@contoso.com")
    world.target.accounts[stranger.id] = replace(stranger, external_id=ADA.id)
    put_in(world, "Data", "stranger@contoso.com")
    for _ in range(3):
        assert world.sync().status is Status.SUCCEEDED
        assert rows(world)["stranger@contoso.com"] == (MembershipOrigin.FOREIGN, None)
    assert world.target.members_of("Data") == {A, B, "stranger@contoso.com"}
