"""Users whose userName changed in Entra, which the target cannot follow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.model.identity import Kind
from aadsync_lib.model.run import Result
from tests.unit.build import directory, group, user
from tests.unit.fakes import FakeTarget, Fault
from tests.unit.world import World

ADA, BOB = user("ada"), user("bob")
LEE = replace(ADA, user_principal_name="ada.lee@contoso.com")
BEFORE = directory(ADA, BOB, group("Data", [ADA, BOB]), group("Ops", [ADA]))
AFTER = directory(LEE, BOB, group("Data", [LEE, BOB]), group("Ops", [LEE]))


def actions(plan):
    return [(change.action.value, change.name) for change in plan.changes]


@pytest.fixture
def world():
    with World(BEFORE, user_name_change="recreate") as one:
        one.sync()
        one.source.snapshot = AFTER
        yield one


def settled(world):
    """Check that the new user has everything and the old one nothing, and that it stays so."""
    lee, ada = world.target.named("ada.lee@contoso.com"), world.target.named("ada@contoso.com")
    assert (lee.active, ada.active) == (True, False)
    assert world.target.members_of("Data") == {"ada.lee@contoso.com", "bob@contoso.com"}
    assert world.target.members_of("Ops") == {"ada.lee@contoso.com"}
    assert world.store.links("account").by_external["u-ada"].target_id == lee.id
    assert world.planned().changes == ()
    assert world.planned().quarantined == ()


def test_a_new_user_takes_the_memberships_over_and_the_old_one_is_deactivated(world):
    plan = world.planned()
    assert actions(plan) == [
        ("create_user", "ada.lee@contoso.com"),
        ("add_members", "Data"),
        ("add_members", "Ops"),
        ("remove_members", "Data"),
        ("remove_members", "Ops"),
        ("deactivate_user", "ada@contoso.com"),
    ]
    assert plan.changes[0].reason == "ada@contoso.com in Entra is now called ada.lee@contoso.com"
    assert plan.changes[-1].reason == "ada.lee@contoso.com takes its place"
    assert not any(change.drift for change in plan.changes)
    assert plan.emptied == ()
    world.sync()
    settled(world)


def test_others_leave_a_group_in_the_same_run(world):
    world.sync(directory(LEE, BOB, group("Data", [LEE]), group("Ops", [LEE, BOB])))
    assert world.target.members_of("Data") == {"ada.lee@contoso.com"}
    assert world.target.members_of("Ops") == {"ada.lee@contoso.com", "bob@contoso.com"}
    assert world.planned().changes == ()


def test_nothing_is_taken_from_the_old_one_while_the_new_one_cannot_be_made(world):
    world.target.refuses = lambda what: "no" if what.startswith("create") else None
    report = world.sync()
    assert world.target.named("ada@contoso.com").active
    assert world.target.members_of("Data") == {"ada@contoso.com", "bob@contoso.com"}
    assert world.target.members_of("Ops") == {"ada@contoso.com"}
    results = {one.change.action: one.result for one in report.targets[0].outcomes}
    assert results == {
        "create_user": Result.FAILED,
        "add_members": Result.SKIPPED,
        "remove_members": Result.SKIPPED,
        "deactivate_user": Result.SKIPPED,
    }
    world.sync()  # from now on the creation waits, and everything with it
    assert [one.external_id for one in world.planned().on_hold] == ["u-ada"]
    assert world.planned().changes == ()
    world.target.refuses = lambda what: None
    world.runner().sync(full=True)
    settled(world)


@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.LOST_AFTER])
@pytest.mark.parametrize("stores_external_ids", [True, False])
def test_a_run_that_breaks_off_anywhere_is_finished_by_the_next(fault, stores_external_ids):
    for index in range(6):
        target = FakeTarget(stores_external_ids=stores_external_ids)
        with World(BEFORE, target, user_name_change="recreate") as world:
            world.sync()
            world.source.snapshot = AFTER
            target.faults = {len(target.log) + index: fault}
            world.sync_until_killed()
            world.sync()
            settled(world)


def test_a_creation_that_never_was_is_not_taken_for_the_old_user(world):
    world.target.faults = {len(world.target.log): Fault.KILLED_BEFORE}
    assert world.sync_until_killed()
    (pending,) = world.store.pending("account")
    world.sync()
    (outcome,) = world.store.outcomes(pending.run_id)
    assert (outcome.change.action, outcome.result) == ("create_user", Result.FAILED)
    settled(world)


def test_a_broken_run_is_finished_though_somebody_else_is_called_as_the_old_one_was(world):
    world.target.faults = {len(world.target.log): Fault.KILLED_AFTER}
    assert world.sync_until_killed()
    heir = user("heir", user_principal_name="ada@contoso.com")
    data = group("Data", [LEE, BOB, heir])
    world.sync(directory(LEE, BOB, heir, data, group("Ops", [LEE])))
    assert world.planned().quarantined != ()
    assert world.target.members_of("Data") == {"ada.lee@contoso.com", "bob@contoso.com"}
    assert world.target.members_of("Ops") == {"ada.lee@contoso.com"}
    assert not world.target.named("ada@contoso.com").active


@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER])
def test_a_creation_that_broke_off_is_not_taken_for_an_older_user(world, fault):
    world.sync()
    ivy = replace(ADA, user_principal_name="ivy@contoso.com")
    world.source.snapshot = directory(ivy, BOB, group("Data", [ivy, BOB]), group("Ops", [ivy]))
    world.target.faults = {len(world.target.log): fault}
    assert world.sync_until_killed()
    ivy = replace(ivy, enabled=False)
    world.sync(directory(ivy, BOB, group("Data", [ivy, BOB]), group("Ops", [ivy])))
    made = fault is Fault.KILLED_AFTER
    assert world.names_of_links()["u-ada"] == f"{'ivy' if made else 'ada.lee'}@contoso.com"
    people = (one for one in world.target.accounts.values() if one.external_id == "u-ada")
    assert not any(one.active for one in people)
    assert world.planned().changes == ()


def test_who_gets_the_old_name_back_gets_the_old_user_back(world):
    world.sync()
    old = world.target.named("ada@contoso.com").id
    plan = world.synced(BEFORE)
    assert actions(plan)[:2] == [
        ("adopt_user", "ada@contoso.com"),
        ("activate_user", "ada@contoso.com"),
    ]
    assert world.store.links("account").by_external["u-ada"].target_id == old
    assert world.target.named("ada@contoso.com").active
    assert not world.target.named("ada.lee@contoso.com").active
    assert world.target.members_of("Ops") == {"ada@contoso.com"}
    assert world.planned().changes == ()


def test_a_user_of_the_new_name_is_taken_over_only_where_the_policy_adopts():
    target = FakeTarget()
    with World(BEFORE, target, user_name_change="recreate", adopt="never") as world:
        world.sync()
        target.add(Kind.USER, "ada.lee@contoso.com", display_name="Ada")
        world.source.snapshot = AFTER
        (entry,) = world.planned().quarantined
        assert "its userName on the target is ada@contoso.com" in entry.reason
        assert world.planned().changes == ()
        world.configure(adopt="unowned")
        assert actions(world.planned())[0] == ("adopt_user", "ada.lee@contoso.com")
        world.sync()
        settled(world)


def test_a_user_of_the_new_name_that_is_somebody_else_is_left_alone(world):
    cy = user("cy", user_principal_name="ada.lee@contoso.com")
    world.sync(directory(ADA, BOB, cy, group("Data", [ADA, BOB, cy]), group("Ops", [ADA])))
    gone = user("cy", user_principal_name="cy@contoso.com")
    world.source.snapshot = directory(
        LEE, BOB, gone, group("Data", [LEE, BOB, gone]), group("Ops", [LEE])
    )
    plan = world.planned()
    assert {one.external_id for one in plan.quarantined} == {"u-ada"}
    assert ("create_user", "cy@contoso.com") in actions(plan)


@pytest.mark.parametrize(
    "policy",
    [
        {"user_name_change": "quarantine"},
        {"mode": "additive"},
        {"protected": {"users": ["ada@contoso.com"]}},
    ],
    ids=["quarantine", "additive", "protected"],
)
def test_otherwise_a_person_has_to_look(world, policy):
    world.configure(**policy)
    plan = world.planned()
    assert plan.changes == ()
    (entry,) = plan.quarantined
    assert entry.external_id == "u-ada"


def test_who_is_disabled_waits_with_the_new_name(world):
    off = replace(LEE, enabled=False)
    world.source.snapshot = directory(off, BOB, group("Data", [off, BOB]), group("Ops", [off]))
    assert actions(world.planned()) == [("deactivate_user", "ada@contoso.com")]


def test_a_former_user_that_somebody_activates_is_deactivated_again(world):
    world.sync()
    old = world.target.named("ada@contoso.com")
    world.target.accounts[old.id] = replace(old, active=True)
    (change,) = world.planned().changes
    assert (change.action, change.target_id) == ("deactivate_user", old.id)
    assert change.reason == (
        "another user has taken its place; it was activated on the target by hand"
    )
    world.configure(protected={"users": ["ada@contoso.com"]})
    assert world.planned().changes == ()


def test_an_object_with_the_object_id_and_another_name_is_not_taken_over():
    target = FakeTarget()
    bob = target.add(Kind.USER, "bob@contoso.com", display_name="Bob", external_id="u-cy")
    cy = user("cy")
    data = target.add(Kind.GROUP, "Data", [bob], external_id="g-data")
    with World(directory(cy, group("Data", [cy])), target, user_name_change="recreate") as world:
        first = world.synced()
        assert actions(first) == [("adopt_group", "Data")]
        (entry,) = first.quarantined
        assert (entry.external_id, entry.name) == ("u-cy", "cy@contoso.com")
        assert entry.reason == (
            f"{bob} on the target has its externalId, but the userName bob@contoso.com, and is not "
            f"linked; policy.user_name_change: recreate would replace it at once. Delete it to have "
            f"cy@contoso.com made, or have it adopted as it is by policy.user_name_change: quarantine"
        )
        assert [(one.target_id, one.setting) for one in first.unowned] == [(bob, None)]
        for _ in range(2):
            again = world.synced()
            assert (again.changes, again.quarantined) == ((), first.quarantined)
        assert target.groups[data] == {bob}
        assert target.accounts[bob].active
        world.configure(user_name_change="quarantine")
        assert actions(world.synced())[0] == ("adopt_user", "cy@contoso.com")
        assert world.planned().changes == ()


def test_an_object_with_the_object_id_and_another_name_that_goes_makes_room_for_a_new_one():
    target = FakeTarget()
    bob = target.add(Kind.USER, "bob@contoso.com", display_name="Bob", external_id="u-cy")
    cy = user("cy")
    with World(directory(cy, group("Data", [cy])), target, user_name_change="recreate") as world:
        world.sync()
        del target.accounts[bob]
        world.sync()
        assert target.members_of("Data") == {"cy@contoso.com"}
        assert world.planned().changes == ()


@pytest.mark.parametrize("policy", [{}, {"protected": {"users": ["bob@contoso.com"]}}])
def test_the_disabled_and_the_protected_with_another_name_are_left_alone(policy):
    target = FakeTarget()
    target.add(Kind.USER, "bob@contoso.com", display_name="Bob", external_id="u-cy")
    cy = user("cy", enabled=bool(policy))
    settings = {"user_name_change": "recreate"} | policy
    with World(directory(cy, group("Data", [cy])), target, **settings) as world:
        world.sync()
        assert "u-cy" not in world.store.links("account").by_external
        assert world.planned().changes == ()


@pytest.mark.parametrize("adopt", ["unowned", "never"])
def test_whose_new_user_is_deleted_by_hand_gets_a_new_one_and_not_the_former_one(world, adopt):
    world.configure(adopt=adopt)
    world.sync()
    old, lee = world.target.named("ada@contoso.com"), world.target.named("ada.lee@contoso.com")
    world.target._delete(lee.id)
    plan = world.synced()
    assert ("activate_user", "ada@contoso.com") not in actions(plan)
    if adopt == "unowned":
        assert actions(plan)[0] == ("create_user", "ada.lee@contoso.com")
        assert plan.changes[0].drift
        assert not world.target.accounts[old.id].active
        settled(world)
    assert world.planned().changes == ()


def test_whose_former_user_is_all_there_is_waits_while_somebody_else_has_the_name(world):
    world.sync()
    world.target._delete(world.target.named("ada.lee@contoso.com").id)
    world.target.add(Kind.USER, "ada.lee@contoso.com", external_id="somebody")
    plan = world.planned()
    assert plan.changes == ()
    (entry,) = plan.quarantined
    assert "has its externalId, but the userName ada@contoso.com" in entry.reason


def test_who_would_be_made_anew_takes_room_as_everybody_new_does(world):
    (target,) = world.settings.targets
    for limit, made in ((2, False), (3, True)):
        tight = target.capacity.model_copy(update={"principals": limit})
        one = target.model_copy(update={"capacity": tight})
        world.settings = world.settings.model_copy(update={"targets": (one,)})
        plan = world.planned()
        assert (("create_user", "ada.lee@contoso.com") in actions(plan)) is made
        assert [entry.external_id for entry in plan.quarantined] == ([] if made else ["u-ada"])
