"""What is planned for people and groups, on a target in each state that it may be in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.model.change import Action
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.plan import Estimate, Managed
from tests.unit.build import directory, group, service, user
from tests.unit.fakes import FakeTarget
from tests.unit.world import World

ADA, BOB, CY = user("ada"), user("bob"), user("cy")
RUN = service("run")


def actions(plan):
    return [(change.action.value, change.name) for change in plan.changes]


def who(plan, action):
    return {
        change.name: {member.name for member in change.members}
        for change in plan.changes
        if change.action is action
    }


@pytest.fixture
def world():
    with World(directory(ADA, BOB, RUN, group("Data", [ADA, BOB, RUN]))) as one:
        yield one


# --- people


def test_a_first_sync_creates_everybody_then_groups_then_memberships(world):
    plan = world.planned()
    assert actions(plan) == [
        ("create_user", "ada@contoso.com"),
        ("create_user", "bob@contoso.com"),
        ("create_service_principal", "app-run"),
        ("create_group", "Data"),
        ("add_members", "Data"),
    ]
    assert plan.changes[0].after == Attributes("ada@contoso.com", None, "Ada", "u-ada", True)
    assert plan.changes[2].after == Attributes(None, "app-run", "Run", "s-run", True)
    assert plan.changes[0].reason == "in scope through Data"
    assert plan.estimate == Estimate(requests=4, seconds=0.8)


def test_the_reason_names_the_first_group_by_name_or_the_application():
    snapshot = directory(ADA, BOB, group("B", [ADA]), group("A", [ADA]), assigned=[BOB])
    with World(snapshot) as world:
        reasons = {change.name: change.reason for change in world.planned().changes[:2]}
    assert reasons == {
        "ada@contoso.com": "in scope through A",
        "bob@contoso.com": "in scope through an assigned application",
    }


def test_a_nested_group_is_in_scope_through_the_one_above():
    with World(directory(group("Top", ["g-low"]), group("Low"))) as world:
        reasons = [(change.name, change.reason) for change in world.planned().changes[:2]]
    assert reasons == [("Low", "in scope through Top"), ("Top", "in scope")]


def test_who_is_disabled_is_not_created():
    ada = replace(ADA, enabled=False)
    with World(directory(ada, group("Data", [ada]))) as world:
        assert actions(world.planned()) == [("create_group", "Data")]


def test_who_becomes_disabled_is_deactivated_and_stays_a_member_as_in_entra(world):
    world.sync()
    ada = replace(ADA, enabled=False)
    plan = world.synced(directory(ada, BOB, RUN, group("Data", [ada, BOB, RUN])))
    assert actions(plan) == [("deactivate_user", "ada@contoso.com")]
    assert plan.changes[0].reason == "disabled in Entra"
    assert not world.target.named("ada@contoso.com").active
    assert "ada@contoso.com" in world.target.members_of("Data")


def test_who_is_enabled_again_is_activated(world):
    world.sync()
    ada = replace(ADA, enabled=False)
    world.sync(directory(ada, BOB, RUN, group("Data", [ada, BOB, RUN])))
    plan = world.synced(directory(ADA, BOB, RUN, group("Data", [ADA, BOB, RUN])))
    assert actions(plan) == [("activate_user", "ada@contoso.com")]
    assert world.target.named("ada@contoso.com").active


def test_a_display_name_follows_entra(world):
    world.sync()
    ada = replace(ADA, display_name="Ada L.")
    plan = world.synced(directory(ada, BOB, RUN, group("Data", [ada, BOB, RUN])))
    (change,) = plan.changes
    assert change.action is Action.UPDATE_USER
    assert (change.before, change.after) == (
        Attributes(display_name="Ada"),
        Attributes(display_name="Ada L."),
    )


def test_a_user_name_cannot_follow_entra_and_is_quarantined(world):
    world.sync()
    ada = replace(ADA, user_principal_name="ada.l@contoso.com")
    plan = world.synced(directory(ada, BOB, RUN, group("Data", [ada, BOB, RUN])))
    assert actions(plan) == []
    (entry,) = plan.quarantined
    assert entry.name == "ada.l@contoso.com"
    assert "its userName on the target is ada@contoso.com" in entry.reason


def test_an_application_id_that_differs_is_quarantined_as_such():
    target = FakeTarget()
    target.add(Kind.SERVICE_PRINCIPAL, "app-other", external_id="s-run", display_name="Run")
    with World(directory(RUN, group("Data", [RUN])), target) as world:
        (entry,) = world.planned().quarantined
    assert "its applicationId on the target is app-other" in entry.reason


@pytest.mark.parametrize(
    ("leavers", "expected"),
    [("deactivate", ["deactivate_user"]), ("delete", ["delete_user"]), ("keep", [])],
)
def test_a_leaver_loses_memberships_at_once_and_the_account_by_policy(leavers, expected):
    with World(directory(ADA, BOB, group("Data", [ADA, BOB])), leavers=leavers) as world:
        world.sync()
        plan = world.synced(directory(BOB, group("Data", [BOB])))
        assert [action for action, _ in actions(plan)] == ["remove_members", *expected]
        assert world.target.members_of("Data") == {"bob@contoso.com"}
        assert world.planned().changes == ()


def test_a_service_principal_leaves_as_a_user_does(world):
    world.configure(leavers="delete")
    world.sync()
    plan = world.synced(directory(ADA, BOB, group("Data", [ADA, BOB])))
    assert ("delete_service_principal", "app-run") in actions(plan)
    deleted = plan.changes[-1]
    assert deleted.before == Attributes(None, "app-run", "Run", "s-run", True)


def test_a_leaver_who_was_adopted_is_deactivated_where_others_are_deleted():
    target = FakeTarget()
    target.add(Kind.USER, "ada@contoso.com", display_name="Ada")
    with World(directory(ADA, group("Data", [ADA])), target, leavers="delete") as world:
        world.sync()
        plan = world.synced(directory(group("Data")))
        assert [action for action, _ in actions(plan)] == ["remove_members", "deactivate_user"]


def test_who_is_back_in_scope_is_activated_and_a_member_again(world):
    snapshot = world.source.snapshot
    world.sync()
    world.sync(directory(BOB, RUN, group("Data", [BOB, RUN])))
    plan = world.synced(snapshot)
    assert [action for action, _ in actions(plan)] == ["activate_user", "add_members"]


def test_a_linked_account_that_somebody_deleted_is_made_anew(world):
    world.sync()
    world.target._delete(world.target.named("ada@contoso.com").id)
    plan = world.synced()
    assert [action for action, _ in actions(plan)] == ["create_user", "add_members"]
    assert world.planned().changes == ()


def test_a_leaver_whose_account_is_gone_already_needs_nothing(world):
    world.sync()
    world.target._delete(world.target.named("ada@contoso.com").id)
    assert actions(world.synced(directory(BOB, RUN, group("Data", [BOB, RUN])))) == []


# --- adoption


def test_adoption_by_name_takes_over_and_brings_in_step():
    target = FakeTarget()
    there = target.add(Kind.USER, "ada@contoso.com", active=False)
    with World(directory(ADA, group("Data", [ADA])), target) as world:
        plan = world.synced()
        assert actions(plan)[0:2] == [
            ("adopt_user", "ada@contoso.com"),
            ("activate_user", "ada@contoso.com"),
        ]
        assert plan.changes[0].reason == "same name, adopted by policy.adopt"
        assert target.accounts[there].external_id == "u-ada"
        assert target.accounts[there].active
        assert world.planned().changes == ()


def test_adoption_by_external_id_writes_nothing_but_the_link():
    target = FakeTarget()
    target.add(Kind.USER, "ada@contoso.com", external_id="u-ada", display_name="Ada")
    target.add(Kind.GROUP, "Data", ["1001"], external_id="g-data")
    with World(directory(ADA, group("Data", [ADA])), target) as world:
        plan = world.synced()
        assert [action for action, _ in actions(plan)] == ["adopt_user", "adopt_group"]
        assert plan.changes[0].reason == "its externalId is the object id"
        assert plan.estimate.requests == 0
        assert target.log == []
        assert world.planned().changes == ()


def test_a_group_is_adopted_renamed_and_filled():
    target = FakeTarget()
    target.add(Kind.GROUP, "DATA")
    with World(directory(ADA, group("Data", [ADA])), target) as world:
        plan = world.synced()
        assert [action for action, _ in actions(plan)] == [
            "adopt_group", "create_user", "rename_group", "add_members"
        ]  # fmt: skip
        assert target.members_of("Data") == {"ada@contoso.com"}


def test_who_is_disabled_and_not_ours_is_left_exactly_as_it_is():
    target = FakeTarget()
    ada = target.add(Kind.USER, "ada@contoso.com", display_name="A")
    bob = target.add(Kind.USER, "bob@contoso.com", display_name="B", active=False)
    target.add(Kind.GROUP, "Data", [ada])
    people = [replace(one, enabled=False) for one in (ADA, BOB)]
    with World(directory(*people, group("Data", people)), target) as world:
        plan = world.synced()
        assert actions(plan) == [("adopt_group", "Data")]
        assert [notice.message for notice in plan.warnings] == [
            "ada@contoso.com is disabled in Entra, but not managed by this sync: left alone"
        ]
        assert target.members_of("Data") == {"ada@contoso.com"}
        assert bob not in target.groups[target.named("Data").id]


def test_who_is_in_quarantine_is_neither_made_nor_taken_out_of_a_group():
    target = FakeTarget()
    ada = target.add(Kind.USER, "ada@contoso.com", external_id="alien")
    target.add(Kind.GROUP, "Data", [ada], external_id="g-data")
    with World(directory(ADA, group("Data", [ADA])), target) as world:
        plan = world.synced()
        assert actions(plan) == [("adopt_group", "Data")]
        assert [entry.external_id for entry in plan.quarantined] == ["u-ada"]


def test_who_is_quarantined_for_want_of_a_name_keeps_what_was_given_before():
    with World(directory(ADA, group("Data", [ADA])), mapping=None) as world:
        world.sync()
        ada = replace(ADA, user_principal_name=" ")
        plan = world.synced(directory(ada, group("Data", [ada])))
        assert actions(plan) == []
        assert len(plan.quarantined) == 1


# --- groups


def test_a_rename_keeps_the_group(world):
    world.sync()
    before = world.target.named("Data").id
    plan = world.synced(directory(ADA, BOB, RUN, group("Data 2", [ADA, BOB, RUN], id="g-data")))
    (change,) = plan.changes
    assert (change.action, change.reason) == (
        Action.RENAME_GROUP,
        "Data in Entra is now called Data 2",
    )
    assert world.target.named("Data 2").id == before


def test_a_rename_of_case_only_is_made(world):
    world.sync()
    world.sync(directory(ADA, BOB, RUN, group("DATA", [ADA, BOB, RUN])))
    assert world.target.named("DATA").external_id == "g-data"


def test_a_rename_to_a_reserved_name_is_held_back_and_members_go_on(world):
    world.sync()
    plan = world.synced(directory(ADA, BOB, group("users", [ADA, BOB], id="g-data")))
    assert ("remove_members", "users") in actions(plan)
    assert world.target.members_of("Data") == {"ada@contoso.com", "bob@contoso.com"}
    assert [entry.external_id for entry in plan.quarantined] == ["g-data"]


def test_members_are_made_equal_to_entras(world):
    world.sync()
    plan = world.synced(directory(ADA, CY, RUN, group("Data", [ADA, CY, RUN])))
    assert who(plan, Action.ADD_MEMBERS) == {"Data": {"cy@contoso.com"}}
    assert who(plan, Action.REMOVE_MEMBERS) == {"Data": {"bob@contoso.com"}}
    assert plan.managed == Managed(users=3, groups=1, members=3)


def drifted(**policy):
    world = World(directory(ADA, group("Data", [ADA])), **policy)
    world.sync()
    stranger = world.target.add(Kind.USER, "stranger@contoso.com", external_id="alien")
    ghost = "77"
    world.target.groups[world.target.named("Data").id] |= {stranger, ghost}
    return world


def test_exact_takes_out_who_was_added_by_somebody_else():
    with drifted(members="exact") as world:
        removed = who(world.planned(), Action.REMOVE_MEMBERS)
        refs = {m.name: m for c in world.planned().changes for m in c.members}
    assert removed == {"Data": {"stranger@contoso.com"}}
    assert refs["stranger@contoso.com"].external_id == "alien"


def test_managed_leaves_who_was_added_by_somebody_else_and_takes_out_its_own():
    with drifted(members="managed") as world:
        assert world.planned().changes == ()
        plan = world.synced(directory(group("Data")))
        assert who(plan, Action.REMOVE_MEMBERS) == {"Data": {"ada@contoso.com"}}


def test_additive_adds_and_updates_and_takes_nothing_away():
    with World(directory(ADA, BOB, group("Data", [ADA]), group("Ops", [BOB]))) as world:
        world.sync()
        world.configure(mode="additive")
        ada = replace(ADA, display_name="A", enabled=False)
        plan = world.synced(directory(ada, CY, group("Data", [CY])))
        assert [action for action, _ in actions(plan)] == ["create_user", "add_members"]
        assert plan.on_hold == ()


@pytest.mark.parametrize(
    ("retired", "expected"),
    [("empty", ["remove_members"]), ("delete", ["delete_group"]), ("keep", [])],
)
def test_a_group_that_left_the_scope_is_treated_by_policy(retired, expected):
    snapshot = directory(ADA, group("Data", [ADA]), group("Ops", [ADA]))
    with World(snapshot, retired_groups=retired) as world:
        world.sync()
        plan = world.synced(directory(ADA, group("Data", [ADA])))
        assert [action for action, _ in actions(plan)] == expected
        assert plan.retired == (("Ops",) if expected else ())
        assert world.planned().changes == ()


def test_an_adopted_group_that_left_the_scope_is_emptied_where_others_are_deleted():
    target = FakeTarget()
    target.add(Kind.GROUP, "Ops")
    snapshot = directory(ADA, group("Data", [ADA]), group("Ops", [ADA]))
    with World(snapshot, target, retired_groups="delete") as world:
        world.sync()
        plan = world.synced(directory(ADA, group("Data", [ADA])))
        assert [action for action, _ in actions(plan)] == ["remove_members"]
        assert target.members_of("Ops") == set()


def test_a_retired_group_with_a_protected_member_is_emptied_of_all_others_instead_of_deleted():
    snapshot = directory(ADA, BOB, group("Data", [ADA, BOB]), group("Ops", [ADA, BOB]))
    protected = {"users": ["ada@contoso.com"]}
    with World(snapshot, retired_groups="delete", protected=protected) as world:
        world.sync()
        plan = world.synced(directory(ADA, BOB, group("Data", [ADA, BOB])))
        assert [action for action, _ in actions(plan)] == ["remove_members"]
        assert world.target.members_of("Ops") == {"ada@contoso.com"}


@pytest.mark.parametrize("unread", [False, True])
def test_a_new_group_waits_for_the_name_of_a_retired_one_that_is_not_deleted(unread):
    before = directory(ADA, BOB, group("Data", [ADA]), group("Ops", [ADA, BOB]))
    anew = group("Ops", [BOB], id="g-anew")
    after = directory(ADA, BOB, group("Data", [ADA, "g-anew"]), anew)
    protected = {} if unread else {"users": ["ada@contoso.com"]}
    with World(before, retired_groups="delete", protected=protected) as world:
        world.sync()
        ops = world.target.named("Ops").id
        if unread:
            world.target.unreadable.add(ops)
        world.source.snapshot, sent = after, len(world.target.log)
        [held] = world.planned().quarantined
        assert (held.external_id, ops in held.reason) == ("g-anew", True)
        report = world.sync()
        assert report.failed == ()
        assert not any(line.startswith("create") for line in world.target.log[sent:])
        world.target.unreadable.clear()
        world.target.groups[ops].clear()
        assert world.runner().sync(full=True).clean
        assert world.target.members_of("Ops") == {"bob@contoso.com"}
        assert world.target.members_of("Data") == {"ada@contoso.com", "Ops"}


def test_a_new_group_waits_for_the_name_of_one_that_is_kept_because_another_new_one_waits():
    team, ops = group("Team", [BOB]), group("Ops", [ADA, BOB])
    before = directory(ADA, BOB, ops, team, group("Data", ["g-team", ADA]))
    ops, team = replace(ops, id="g-ops2", members=team.members), replace(team, id="g-team2")
    with World(before, retired_groups="delete", protected={"users": ["ada@contoso.com"]}) as world:
        world.sync()
        world.source.snapshot = directory(ADA, BOB, ops, team, group("Data", ["g-ops2", ADA]))
        plan = world.planned()
        assert {held.external_id for held in plan.quarantined} == {"g-ops2", "g-team2"}
        assert "create_group" not in plan.counts


@pytest.mark.parametrize("retired", ["empty", "delete"])
def test_a_retired_group_whose_members_cannot_be_read_waits(retired):
    snapshot = directory(ADA, group("Data", [ADA]), group("Ops", [ADA]))
    with World(snapshot, retired_groups=retired) as world:
        world.sync()
        world.target.unreadable.add(world.target.named("Ops").id)
        plan = world.synced(directory(ADA, group("Data", [ADA])))
        assert plan.changes == ()
        assert [entry.external_id for entry in plan.on_hold] == ["g-ops"]


def test_a_group_whose_members_cannot_be_read_on_the_target_waits(world):
    world.sync()
    world.target.unreadable.add(world.target.named("Data").id)
    plan = world.synced(directory(ADA, group("Data", [ADA])))
    assert ("remove_members", "Data") not in actions(plan)
    (entry,) = plan.on_hold
    assert entry.reason == "its members on the target could not be read: 403 for the test"


def test_a_group_that_goes_away_while_it_is_read_waits(world):
    world.sync()
    gone = world.target.groups.pop(world.target.named("Data").id)
    plan = world.planned()
    assert gone
    assert plan.changes == ()
    assert plan.on_hold[0].reason.endswith("the group is gone")


def test_a_group_that_would_lose_its_last_member_is_counted_as_emptied(world):
    world.sync()
    world.source.snapshot = directory(ADA, BOB, RUN, group("Data"), assigned=[ADA, BOB, RUN])
    assert world.planned().emptied == ("Data",)
    world.source.snapshot = directory(CY, group("Data", [CY]))
    assert world.planned().emptied == ()


# --- incomplete reads


def test_an_unread_group_gains_members_and_loses_none(world):
    world.sync()
    plan = world.synced(directory(ADA, CY, group("Data", [ADA, CY], unread="503")))
    assert [action for action, _ in actions(plan)] == ["create_user", "add_members"]
    reasons = {entry.external_id: entry.reason for entry in plan.on_hold}
    assert set(reasons) == {"u-bob", "s-run", "g-data"}
    assert "503" in reasons["g-data"]
    assert "kept until it is" in reasons["u-bob"]
    assert len(world.target.members_of("Data")) == 4


def test_a_group_that_was_read_loses_members_while_another_could_not_be():
    snapshot = directory(ADA, BOB, group("Data", [ADA, BOB]), group("Ops", [BOB]))
    with World(snapshot) as world:
        world.sync()
        plan = world.synced(directory(ADA, group("Data", [ADA]), group("Ops", [], unread="403")))
        assert who(plan, Action.REMOVE_MEMBERS) == {"Data": {"bob@contoso.com"}}
        assert world.target.named("bob@contoso.com").active


def test_who_flattened_people_came_from_may_not_change_while_a_part_is_unread():
    """An unread group can hide a cycle: then the nesting is not what it was."""
    snapshot = directory(ADA, group("A", ["g-b", ADA]), group("B", ["g-a"]), roots=["A"])
    with World(snapshot) as world:
        world.sync()
        assert world.target.members_of("B") == {"ada@contoso.com"}
        world.sync(directory(group("A", [], unread="503"), group("B", ["g-a"])))
        assert world.target.members_of("B") == {"ada@contoso.com"}


def test_nobody_makes_way_for_a_nested_group_while_a_part_is_unread():
    """What could not be read may put the group deeper than it seems: then nothing is nested in it."""
    with World(directory(ADA, group("A", [ADA]), group("Ops"))) as world:
        world.sync()
        a, b = group("A", ["g-b"]), group("B", [ADA])
        plan = world.synced(
            directory(ADA, a, b, group("Ops", [], unread="503"), roots=["A", "Ops"])
        )
        assert who(plan, Action.REMOVE_MEMBERS) == {}
        held = {entry.external_id: entry.reason for entry in plan.on_hold}
        assert held["g-a"].endswith("other groups are nested in it in this very run")
    with World(directory(ADA, group("A", [ADA]), group("Ops")), mode="additive") as world:
        world.sync()
        plan = world.synced(
            directory(ADA, a, b, group("Ops", [], unread="503"), roots=["A", "Ops"])
        )
        assert "g-a" not in {entry.external_id for entry in plan.on_hold}


@pytest.mark.parametrize(
    ("policy", "held"),
    [
        ({}, {"u-ada", "g-ops"}),
        ({"leavers": "keep"}, {"g-ops"}),
        ({"retired_groups": "keep"}, {"u-ada"}),
        ({"mode": "additive"}, set()),
        ({"protected": {"users": ["u-ada"], "groups": ["Ops"]}}, set()),
    ],
)
def test_only_who_would_otherwise_lose_something_is_held_back(policy, held):
    with World(directory(ADA, group("Data"), group("Ops", [ADA])), **policy) as world:
        world.sync()
        plan = world.synced(directory(group("Data"), unread=("application x: 403",)))
        assert plan.changes == ()
        assert {entry.external_id for entry in plan.on_hold} == held


def test_who_has_lost_everything_before_is_not_held_back_again():
    with World(directory(ADA, group("Data"), group("Ops", [ADA]))) as world:
        world.sync()
        world.sync(directory(group("Data")))
        plan = world.synced(directory(group("Data"), unread=("application x: 403",)))
        assert plan.on_hold == ()


# --- protected


def everything_changes(world):
    """Entra wants the protected renamed, disabled, out of the group; then out of scope."""
    ada = replace(ADA, enabled=False, display_name="Other")
    yield directory(ada, BOB, group("Data", [BOB]), group("New", [ada], id="g-ops"))
    yield directory(BOB, group("Data", [BOB]))


@pytest.mark.parametrize(
    "protected",
    [
        {"users": ["ADA@contoso.com"], "groups": ["ops"]},
        {"users": ["u-ada"], "groups": ["g-ops"]},
        {"users": [1001], "groups": [1004]},
    ],
    ids=["by name", "by object id", "by target id"],
)
@pytest.mark.parametrize("stores", [True, False], ids=["", "no externalId kept"])
def test_the_protected_stay_as_they_are(protected, stores):
    snapshot = directory(ADA, BOB, group("Data", [ADA, BOB]), group("Ops", [ADA, BOB]))
    target = FakeTarget(stores_external_ids=stores)
    with World(snapshot, target, leavers="delete", retired_groups="delete") as world:
        world.sync()
        before = {name: target.members_of(name) for name in ("Data", "Ops")}
        if isinstance(protected["users"][0], int):
            protected = {
                "users": [target.named("ada@contoso.com").id],
                "groups": [target.named("Ops").id],
            }
        world.configure(protected=protected)
        for after in everything_changes(world):
            plan = world.synced(after)
            ada = target.named("ada@contoso.com")
            assert (ada.active, ada.display_name) == (True, "Ada")
            assert "ada@contoso.com" in target.members_of("Data")
            assert target.members_of("Ops") == before["Ops"]
            assert "protected" in {notice.code for notice in plan.warnings}


def test_a_name_in_entra_protects_whoever_is_linked_to_it():
    with World(directory(ADA, group("Data", [ADA]))) as world:
        world.sync()
        world.configure(protected={"users": ["ada.l@contoso.com"]})
        ada = replace(ADA, user_principal_name="ada.l@contoso.com", display_name="New")
        assert world.synced(directory(ada, group("Data", [ada]))).changes == ()


def test_a_protected_group_in_scope_is_left_alone_and_the_plan_says_so():
    with World(directory(ADA, group("Data", [ADA]))) as world:
        world.sync()
        world.configure(protected={"groups": ["Data"]})
        plan = world.synced(directory(ADA, BOB, group("Data", [BOB])))
        assert not {Action.ADD_MEMBERS, Action.REMOVE_MEMBERS} & {c.action for c in plan.changes}
        assert [notice.message for notice in plan.warnings] == [
            "Data is in scope, but protected: its name and members are left alone"
        ]


def test_service_principals_are_protected_by_client_id_or_display_name():
    for name in ("app-run", "run"):
        with World(directory(RUN, group("Data", [RUN]))) as world:
            world.sync()
            world.configure(protected={"service_principals": [name]})
            assert world.synced(directory(group("Data"))).changes == ()


def test_account_admins_and_the_sync_itself_are_protected_unnamed():
    target = FakeTarget()
    admin = target.add(Kind.USER, "ada@contoso.com", admin=True, display_name="Old")
    me = target.add(Kind.SERVICE_PRINCIPAL, "app-run", display_name="Old")
    target.add(Kind.GROUP, "Data", [admin, me], external_id="g-data")
    target.own = frozenset([me])
    with World(directory(ADA, RUN, group("Data", [ADA, RUN])), target) as world:
        assert actions(world.synced()) == [("adopt_group", "Data")]
        assert world.synced(directory(group("Data"))).changes == ()


def test_the_order_of_what_was_there_before_does_not_matter(world):
    target = world.target
    for name in ("ada@contoso.com", "bob@contoso.com"):
        target.add(Kind.USER, name)
    one = world.plan().digest
    target.accounts = dict(reversed(target.accounts.items()))
    assert world.plan().digest == one
