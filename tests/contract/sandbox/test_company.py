"""The company generator, and the days that pass in it."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from aadsync_lib.sandbox import World, company, day
from aadsync_lib.sandbox.entra.state import EntraState
from aadsync_lib.sandbox.generator.people import ODD_GROUPS, ODD_PEOPLE


@pytest.fixture(scope="module")
def contoso() -> World:
    """Only looked at."""
    return company(600)


def names(state: EntraState, kind: str) -> list[str]:
    return [state.objects[key]["displayName"] for key in state.ids(kind)]


def group_named(state: EntraState, name: str) -> str:
    return next(g for g in state.ids("group") if state.objects[g]["displayName"] == name)


def scope(state: EntraState) -> set[str]:
    """Everything under the security groups named dbx-."""
    found: set[str] = set()
    waiting = [
        group
        for group in state.ids("group")
        if state.objects[group]["displayName"].startswith("dbx-")
        and state.objects[group]["securityEnabled"]
    ]
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting += state.members.get(key, ())
    return found


def kinds_in(state: EntraState, keys: set[str]) -> Counter[str]:
    return Counter(state.kinds[key] for key in keys)


def chains(state: EntraState, group: str) -> list[int]:
    """Lengths of all chains of nested groups from ``group`` down."""
    below = [m for m in state.members[group] if state.kinds[m] == "group"]
    return [1 + length for m in below for length in chains(state, m)] or [1]


def has_cycle(state: EntraState, keys: set[str]) -> bool:
    left = {key: set(state.members.get(key, ())) & keys for key in keys if key in state.members}
    while done := {key for key, below in left.items() if not below & left.keys()}:
        left = {key: below for key, below in left.items() if key not in done}
    return bool(left)


def test_the_same_seed_makes_the_same_company():
    assert company(200, 3).to_json() == company(200, 3).to_json()
    assert company(200, 3).to_json() != company(200, 4).to_json()


@pytest.mark.parametrize("size", [0, 1, 2, 7, 50, 333])
def test_any_size_is_met_exactly(size):
    state = company(size).entra
    assert len(state.ids("user")) == size
    assert kinds_in(state, scope(state))["user"] == size


def test_ten_thousand_people_have_fewer_groups_than_half_their_number():
    state = company(10_000).entra
    assert len(state.ids("group")) < 5000


def test_departments_are_four_to_six_groups_deep(contoso):
    state = contoso.entra
    divisions = [group_named(state, name) for name in ("Engineering", "Data", "Sales", "Finance")]
    lengths = {length for division in divisions for length in chains(state, division)}
    assert lengths <= {4, 5, 6}
    assert len(lengths) > 1


def test_group_names_under_dbx_are_unique_whatever_case_and_spaces(contoso):
    state = contoso.entra
    groups = [key for key in scope(state) if state.kinds[key] == "group"]
    names = Counter(state.objects[group]["displayName"].strip().casefold() for group in groups)
    assert names.most_common(1)[0][1] == 1


def test_colliding_names_come_when_asked_for():
    state = company(100, colliding_names=True).entra
    groups = [key for key in scope(state) if state.kinds[key] == "group"]
    names = Counter(state.objects[group]["displayName"].strip().casefold() for group in groups)
    assert names["special interests"] == 3


def test_group_names_outside_dbx_repeat(contoso):
    counted = Counter(names(contoso.entra, "group"))
    assert counted["Parking Permits"] == 2
    assert counted["Book Club"] == 2


def test_awkward_names_are_in_scope(contoso):
    state = contoso.entra
    shown = {state.objects[key]["displayName"] for key in scope(state)}
    assert set(ODD_GROUPS) <= shown
    assert set(ODD_PEOPLE) <= shown


def test_addresses_are_unique_whatever_case(contoso):
    state = contoso.entra
    users = [state.objects[key] for key in state.ids("user")]
    for name in ("userPrincipalName", "mail"):
        counted = Counter(user[name].casefold() for user in users if user.get(name))
        assert counted.most_common(1)[0][1] == 1


def test_people_share_names(contoso):
    assert Counter(names(contoso.entra, "user")).most_common(1)[0][1] > 1


def test_guests_hide_their_address_in_their_name(contoso):
    state = contoso.entra
    users = [state.objects[key] for key in state.ids("user")]
    guests = [user for user in users if user["userType"] == "Guest"]
    assert len(guests) == 36
    for guest in guests:
        alias, _, home = guest["mail"].partition("@")
        assert guest["userPrincipalName"] == f"{alias}_{home}#EXT#@contoso.onmicrosoft.com"


def test_some_people_are_disabled_and_some_deleted(contoso):
    state = contoso.entra
    assert any(not state.objects[key]["accountEnabled"] for key in state.ids("user"))
    assert state.deleted


def test_groups_of_every_kind_are_there(contoso):
    state = contoso.entra
    groups = [state.objects[key] for key in state.ids("group")]
    assert any("Unified" in group["groupTypes"] for group in groups)
    assert any("DynamicMembership" in group["groupTypes"] for group in groups)
    assert any(group.get("visibility") == "HiddenMembership" for group in groups)


def test_members_of_every_kind_are_there(contoso):
    state = contoso.entra
    assert set(kinds_in(state, scope(state))) == {
        "user",
        "group",
        "servicePrincipal",
        "device",
        "orgContact",
    }


def test_a_cycle_is_outside_dbx_unless_asked_for(contoso):
    state = contoso.entra
    assert has_cycle(state, set(state.ids("group")))
    assert not has_cycle(state, scope(state))
    state = company(50, cycle_in_scope=True).entra
    assert has_cycle(state, scope(state))


def test_an_application_has_users_and_groups_assigned(contoso):
    state = contoso.entra
    principals = [entry["principalId"] for entry in state.assignments.values()]
    assert {state.kinds[key] for key in principals} == {"user", "group"}


def test_the_account_has_been_used_by_hand(contoso):
    account = contoso.databricks
    assert account.user("breakglass@contoso.com").roles == ["account_admin"]
    assert account.members("legacy-etl") == {"auditor@fabrikam.com"}
    staff = {
        contoso.entra.objects[k]["userPrincipalName"].lower() for k in contoso.entra.ids("user")
    }
    known = {user.user_name for user in account.users.values()} & staff
    assert len(known) == 6


def test_a_company_that_outgrew_the_published_limits_had_them_raised():
    switches = company(10_000).databricks.switches
    assert switches.max_principals > 10_000
    assert company(10).databricks.switches.max_principals == 10_000


def test_a_day_of_one_seed_does_the_same_to_the_same_company():
    one, two = company(200), company(200)
    assert [day(one, seed) for seed in range(5)] == [day(two, seed) for seed in range(5)]
    assert one.to_json() == two.to_json()


def test_a_day_brings_every_kind_of_event():
    said = " ".join(day(company(300), 1))
    for event in (
        "was hired",
        "was disabled",
        "was deleted",
        " moved from ",
        "was renamed to",
        "was moved from",
    ):
        assert event in said


def test_a_day_changes_about_one_in_a_hundred():
    world = company(3000)
    people = [said for said in day(world, 1) if not said.startswith("Group ")]
    assert 25 <= len(people) <= 35


@pytest.mark.parametrize("size", [0, 1, 2, 30])
def test_a_day_passes_in_a_company_of_any_size(size):
    world = company(size)
    for seed in range(10):
        day(world, seed)
    assert World.from_json(world.to_json()).to_json() == world.to_json()


def test_the_same_day_twice_hires_two_people():
    world = company(100)
    day(world, 7)
    day(world, 7)
    assert len(world.entra.ids("user")) + len(world.entra.deleted) == 102


def test_days_keep_names_under_dbx_unique_and_free_of_cycles():
    world = company(300)
    for seed in range(60):
        day(world, seed)
    state = world.entra
    inside = scope(state)
    groups = [key for key in inside if state.kinds[key] == "group"]
    counted = Counter(state.objects[group]["displayName"].strip().casefold() for group in groups)
    assert counted.most_common(1)[0][1] == 1
    assert not has_cycle(state, inside)
    assert max(chains(state, group_named(state, "dbx-all"))) <= 10


def test_days_leave_the_roots_of_a_scope_alone():
    world = company(100)
    before = [name for name in names(world.entra, "group") if name.startswith("dbx-")]
    for seed in range(30):
        day(world, seed)
    assert [n for n in names(world.entra, "group") if n.startswith("dbx-")] == before


def test_a_day_is_seen_by_delta():
    world = company(100)
    assert world.entra.log == []
    day(world, 1)
    assert {change.kind for change in world.entra.log} == {"user", "group"}


def test_a_day_passes_in_a_flat_directory():
    state = EntraState(clock=lambda: datetime(2026, 1, 5, tzinfo=UTC))
    users = [state.add_user(f"u{n}@contoso.com") for n in range(4)]
    state.add_group("One", members=users[:2])
    state.add_group("Two", members=users[2:])
    assert len(day(World(state), 3)) >= 4
