"""What a group is and whom it contains, by one request, over real HTTP."""

from __future__ import annotations

import pytest

from aadsync_lib.model.identity import Attributes
from aadsync_lib.ports import ChangeRefused, MembersRefused, TogetherRefused

NAME = Attributes(display_name="Data & AI", external_id="e1")


def ids(account, *names):
    return [account.state.resolve(name) for name in names]


@pytest.fixture
def group(account):
    for name in ("ada", "bob", "cyd"):
        account.state.add_user(f"{name}@contoso.com")
    group = account.state.add_group("Data", members=["ada@contoso.com"])
    account.settled()
    return group


def test_name_externalid_additions_and_removals_are_one_patch(account, group):
    ada, bob = ids(account, "ada@contoso.com", "bob@contoso.com")
    account.target.change_members(group.id, [bob], [ada], NAME)

    (operations,) = account.api.operations()
    assert [(one["op"], one["path"]) for one in operations] == [
        ("replace", "displayName"),
        ("replace", "externalId"),
        ("remove", f'members[value eq "{ada}"]'),
        ("add", "members"),
    ]
    changed = account.state.group("Data & AI")
    assert (changed.id, changed.external_id, list(changed.members)) == (group.id, "e1", [bob])


def test_of_many_members_the_first_part_goes_with_the_name(account, group):
    people = [account.state.add_user(f"p{n}@contoso.com").id for n in range(1500)]
    ada = ids(account, "ada@contoso.com")
    account.target.change_members(group.id, people, ada, NAME)

    first, second = account.api.operations()
    assert [one["path"] for one in second] == ["members"]
    assert len(first[-1]["value"]) == 1000
    assert account.state.group("Data & AI").members.keys() == set(people)


def test_removals_and_additions_share_requests_as_long_as_there_are_both(account, group):
    old = [account.state.add_user(f"o{n}@contoso.com").id for n in range(200)]
    new = [account.state.add_user(f"n{n}@contoso.com").id for n in range(1100)]
    account.state.add_members(group.id, *old)
    account.target.change_members(group.id, new, old)
    assert [len(one) for one in account.api.operations()] == [101, 101]


@pytest.mark.parametrize("taken", [True, False], ids=["a taken name", "an unknown member"])
def test_what_may_be_at_fault_in_either_is_refused_whole_and_nothing_is_done(account, group, taken):
    account.state.switches.unknown_member = "error"
    if taken:
        account.state.add_group("Data & AI")
    add = ids(account, "bob@contoso.com") if taken else ["4000000999999"]
    with pytest.raises(TogetherRefused):
        account.target.change_members(group.id, add, [], NAME)
    assert group.display_name == "Data"
    assert account.state.members(group.id) == {"ada@contoso.com"}


def test_who_is_refused_later_does_not_undo_the_name(account, group):
    account.state.switches.unknown_member = "error"
    people = [account.state.add_user(f"p{n}@contoso.com").id for n in range(1000)]
    with pytest.raises(MembersRefused) as refused:
        account.target.change_members(group.id, [*people, "4000000999999"], [], NAME)
    assert refused.value.refused.keys() == {"4000000999999"}
    assert account.state.group("Data & AI").members.keys() >= set(people)


def test_a_login_that_is_refused_is_not_asked_for_the_parts(account, group):
    account.fault("401", "PATCH", count=None)
    with pytest.raises(ChangeRefused) as refused:
        account.target.change_members(group.id, [], ids(account, "ada@contoso.com"), NAME)
    account.box.faults.clear()
    assert not isinstance(refused.value, TogetherRefused)
    assert len(account.sent) == 1


def test_too_large_a_patch_is_smaller_the_next_time(account, group):
    account.state.switches.max_patch_values = 300
    people = [account.state.add_user(f"p{n}@contoso.com").id for n in range(600)]
    with pytest.raises(TogetherRefused):
        account.target.change_members(group.id, people, [], NAME)
    account.target.change_members(group.id, people, [], NAME)
    assert account.state.group("Data & AI").members.keys() >= set(people)
