"""Changing members: one PATCH where that is possible, smaller ones where it is not."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aadsync_lib.databricks.errors import Refusal
from aadsync_lib.databricks.membership import Edit
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.ports import AnswerLost, ChangeRefused, MembersRefused


@pytest.fixture
def people(account):
    return [account.state.add_user(f"u{number}@x.com").id for number in range(60)]


@pytest.fixture
def group(account, people):
    return account.state.add_group("g", members=people[:30])


def members_of(account, group):
    return list(account.state.groups[group.id].members)


def test_removals_and_additions_go_in_one_patch_removals_first(account, people, group):
    account.settled().target.change_members(group.id, people[30:32], people[:2])
    assert account.api.operations() == [
        [
            {"op": "remove", "path": f'members[value eq "{people[0]}"]'},
            {"op": "remove", "path": f'members[value eq "{people[1]}"]'},
            {
                "op": "add",
                "path": "members",
                "value": [{"value": people[30]}, {"value": people[31]}],
            },
        ]
    ]
    assert set(members_of(account, group)) == set(people[2:32])


@pytest.mark.parametrize(("add", "remove"), [(["x"], []), ([], ["x"]), ([], [])])
def test_nothing_is_sent_that_does_nothing(account, people, group, add, remove):
    account.settled()
    account.target.change_members(group.id, [people[40] for _ in add], [people[0] for _ in remove])
    assert [len(operations) for operations in account.api.operations()] == [1] * len(add + remove)


def test_who_is_both_removed_and_added_stays(account, people, group):
    account.target.change_members(group.id, [people[0], people[0]], [people[0]])
    assert people[0] in members_of(account, group)
    assert [len(operations) for operations in account.api.operations()] == [1]


def test_large_changes_are_cut_into_as_few_patches_as_allowed(account, people, group, monkeypatch):
    monkeypatch.setattr("aadsync_lib.databricks.membership.PATCH_REMOVES", 8)
    monkeypatch.setattr("aadsync_lib.databricks.membership.PATCH_VALUES", 12)
    other = account.other().settled()
    other.target.change_members(group.id, people[30:], people[:20])
    shapes = [
        [len(op["value"]) if op["op"] == "add" else "-" for op in operations]
        for operations in other.api.operations()
    ]
    assert shapes == [[*"-" * 8, 12], [*"-" * 8, 12], [*"-" * 4, 6]]
    assert set(members_of(account, group)) == set(people[20:])


@given(
    removes=st.integers(0, 40),
    adds=st.integers(0, 40),
    most_removes=st.integers(1, 10),
    most_values=st.integers(1, 10),
)
def test_chunks_keep_their_limits_and_hold_everybody_once_in_order(
    removes, adds, most_removes, most_values
):
    edit = Edit(tuple(f"r{n}" for n in range(removes)), tuple(f"a{n}" for n in range(adds)))
    chunks = list(edit.chunks(most_removes, most_values))
    assert tuple(m for chunk in chunks for m in chunk.remove) == edit.remove
    assert tuple(m for chunk in chunks for m in chunk.add) == edit.add
    assert all(len(c.remove) <= most_removes and len(c.add) <= most_values for c in chunks)
    assert all(chunks)


def test_a_patch_that_is_too_large_is_halved_and_the_size_remembered(account, people, group):
    account.state.switches.max_patch_values = 10
    account.settled().target.change_members(group.id, people[30:], [])
    assert len(members_of(account, group)) == 60
    sizes = [len(operations[0]["value"]) for operations in account.api.operations()]
    assert sizes == [30, 15, 7, 8, 15, 7, 8]
    account.api.sent.clear()
    other = account.state.add_group("other")
    account.target.change_members(other.id, people[:14], [])
    assert max(len(o[0]["value"]) for o in account.api.operations()) == 7


def test_too_many_removals_are_halved_as_well(account, people, group):
    account.state.switches.max_patch_operations = 5
    account.settled().target.change_members(group.id, [people[40]], people[:30])
    assert members_of(account, group) == [people[40]]


@pytest.mark.parametrize("status", ["400", "413", "500", "504"])
def test_a_chunk_that_is_refused_is_sent_in_halves(account, people, group, status):
    refusals = 4 if status in {"500", "504"} else 1
    account.fault(status, "PATCH", count=refusals)
    account.settled().target.change_members(group.id, people[30:34], [])
    assert set(members_of(account, group)) == set(people[:34])
    sizes = [len(operations[0]["value"]) for operations in account.api.operations()]
    assert sizes == [4] * refusals + [2, 2]


def test_one_bad_member_is_named_after_all_others_were_done(account, people, group):
    account.state.switches.unknown_member = "error"
    with pytest.raises(MembersRefused, match=r"99: PATCH Groups/\d+: 404") as refused:
        account.target.change_members(group.id, [*people[30:40], "99", *people[40:]], people[:5])
    assert list(refused.value.refused) == ["99"]
    assert set(members_of(account, group)) == set(people[5:])


def test_every_bad_member_is_named(account, people, group):
    account.state.switches.unknown_member = "error"
    bad = [str(number) for number in range(5)]
    with pytest.raises(MembersRefused, match=r"5 members.*and 2 more") as refused:
        account.target.change_members(group.id, [*people[30:40], *bad], [])
    assert set(refused.value.refused) == set(bad)
    assert set(members_of(account, group)) == set(people[:40])


def test_a_membership_that_is_already_as_wanted_is_not_an_error(account, people, group):
    account.state.switches.repeated_membership = "error"
    account.target.change_members(group.id, people[20:40], [people[0], people[50]])
    assert set(members_of(account, group)) == set(people[1:40])
    account.target.change_members(group.id, people[20:40], [people[0]])


def test_a_patch_whose_answer_was_lost_is_sent_again_and_done_once(account, people, group):
    account.state.switches.repeated_membership = "error"
    account.fault("lost", "PATCH")
    account.target.change_members(group.id, people[30:], people[:30])
    assert set(members_of(account, group)) == set(people[30:])


def test_a_refused_patch_is_halved_even_where_members_cannot_be_read(account, people, group):
    account.state.switches.unknown_member = "error"
    account.fault("403", "GET", "/Groups/", count=None)
    with pytest.raises(MembersRefused) as refused:
        account.target.change_members(group.id, [people[40], "99"], [])
    assert set(refused.value.refused) == {"99"}


def test_a_group_that_is_gone_is_refused_at_once(account, people, group):
    account.state.remove(group.id)
    with pytest.raises(Refusal, match="404"):
        account.settled().target.change_members(group.id, people, [])
    assert len(account.sent) == 2


def test_a_group_that_goes_halfway_leaves_the_rest_undone(account, people, group, monkeypatch):
    monkeypatch.setattr("aadsync_lib.databricks.membership.PATCH_VALUES", 10)
    other = account.other().settled()
    account.fault("404", "PATCH", skip=1, count=None)
    account.fault("404", "GET", "/Groups/", count=None)
    with pytest.raises(MembersRefused) as refused:
        other.target.change_members(group.id, people[30:], [])
    assert set(refused.value.refused) == set(people[40:])
    assert len(other.sent) == 3


@pytest.mark.parametrize("status", ["401", "403"])
def test_a_missing_permission_is_not_tried_with_fewer_members(account, people, group, status):
    account.settled().fault(status, "PATCH", count=None)
    with pytest.raises(ChangeRefused, match=status):
        account.target.change_members(group.id, people, [])
    assert len(account.sent) == 1


@pytest.fixture
def crowd(account):
    return [account.state.add_user(f"c{number}@x.com").id for number in range(400)]


def test_a_group_that_takes_nobody_is_given_up_after_32_members_alone(account, crowd):
    group = account.state.add_group("aim", "e", aim_managed=True)
    with pytest.raises(MembersRefused, match=r"32 members.*368 were not tried") as refused:
        account.settled().target.change_members(group.id, crowd, [])
    assert len(refused.value.refused) == 32
    assert refused.value.refused.keys() | refused.value.untried.keys() == set(crowd)
    assert refused.value.refused.keys().isdisjoint(refused.value.untried)
    assert all("not tried in this run" in why for why in refused.value.untried.values())
    assert len(account.sent) <= 4 * 100  # a 500 is asked about four times


@pytest.mark.parametrize(
    "bad",
    [
        [0, 15, 29],
        [0, 1, 2],
        [27, 28, 29],
        range(0, 30, 2),
        range(29),
        range(1, 30),
    ],
)
def test_every_good_member_is_added_wherever_the_bad_ones_stand(account, people, group, bad):
    account.state.switches.unknown_member = "error"
    wanted = list(people[30:])
    for place in bad:
        wanted[place] = f"9{place}"
    with pytest.raises(MembersRefused) as refused:
        account.settled().target.change_members(group.id, wanted, people[:5])
    assert set(refused.value.refused) == {f"9{place}" for place in bad}
    assert refused.value.untried == {}
    good = [member for place, member in enumerate(wanted) if place not in bad]
    assert set(members_of(account, group)) == {*people[5:30], *good}


@pytest.mark.parametrize("start", [0, 100, 200, 300])
def test_a_row_of_bad_members_does_not_hide_the_good_ones(account, crowd, start):
    account.state.switches.unknown_member = "error"
    group = account.state.add_group("g2")
    wanted = [*crowd[:start], *(str(number) for number in range(900, 960)), *crowd[start:]]
    with pytest.raises(MembersRefused) as refused:
        account.target.change_members(group.id, wanted, [])
    assert len(refused.value.refused) == 60
    assert refused.value.untried == {}
    assert set(members_of(account, group)) == set(crowd)


def test_once_anything_was_done_no_member_is_given_up(account, people, group):
    account.state.switches.unknown_member = "error"
    bad = [str(number) for number in range(900, 940)]
    with pytest.raises(MembersRefused) as refused:
        account.target.change_members(group.id, bad, people[:1])
    assert (set(refused.value.refused), refused.value.untried) == (set(bad), {})
    assert people[0] not in members_of(account, group)


def test_a_group_is_created_with_every_good_member(account, crowd):
    account.state.switches.unknown_member = "error"
    wanted = ["97", *crowd[:20], "98", *crowd[20:40], "99"]
    with pytest.raises(MembersRefused) as refused:
        account.target.create(Kind.GROUP, Attributes(display_name="new"), wanted)
    assert set(refused.value.refused) == {"97", "98", "99"}
    assert set(account.state.groups[refused.value.group_id].members) == set(crowd[:40])


@pytest.mark.parametrize("status", ["400", "403", "404", "409"])
def test_who_leaves_is_removed_whatever_becomes_of_who_comes(account, people, group, status):
    refuse_additions(account, status)
    with pytest.raises(MembersRefused) as refused:
        account.settled().target.change_members(group.id, people[30:33], people[:3])
    assert set(refused.value.refused) == set(people[30:33])
    assert set(members_of(account, group)) == set(people[3:30])


def refuse_additions(account, status):
    """Answer each PATCH that adds somebody with this status, and do nothing of it."""
    inner = account.api.do

    def do(method, path=None, **others):
        operations = (others.get("body") or {}).get("Operations", ())
        if any(operation["op"] == "add" for operation in operations):
            fault = account.fault(status, "PATCH", count=1)
            try:
                return inner(method, path, **others)
            finally:
                account.box.faults.remove(fault)
        return inner(method, path, **others)

    account.api.do = do


def test_a_bad_first_member_does_not_give_the_group_up(account, people):
    account.state.switches.unknown_member = "error"
    group = account.state.add_group("g2")
    with pytest.raises(MembersRefused) as refused:
        account.target.change_members(group.id, ["98", "99", *people], [])
    assert set(refused.value.refused) == {"98", "99"}
    assert set(members_of(account, group)) == set(people)


def test_of_few_members_each_is_tried_even_if_the_first_three_are_refused(account, people, group):
    account.state.switches.unknown_member = "error"
    with pytest.raises(MembersRefused) as refused:
        account.target.change_members(group.id, ["96", "97", "98", people[40]], [])
    assert set(refused.value.refused) == {"96", "97", "98"}
    assert people[40] in members_of(account, group)


def test_what_an_outage_leaves_undone_is_named_and_the_rest_is_done(
    account, people, group, monkeypatch
):
    monkeypatch.setattr("aadsync_lib.databricks.membership.PATCH_VALUES", 10)
    other = account.other().settled()
    account.fault("503", "PATCH", skip=1, count=None)
    with pytest.raises(MembersRefused) as refused:
        other.target.change_members(group.id, people[30:], [])
    assert set(refused.value.refused) == set(people[40:])
    assert set(members_of(account, group)) == set(people[:40])


def test_a_change_that_never_got_an_answer_may_have_been_done(account, people, group):
    account.fault("lost", "PATCH", count=None)
    with pytest.raises(AnswerLost):
        account.target.change_members(group.id, people[30:], [])


def test_a_conflict_with_another_writer_is_tried_again(account, people, group):
    account.fault("409", "PATCH", count=2)
    account.target.change_members(group.id, people[30:], [])
    assert len(members_of(account, group)) == 60
    assert account.clock.slept > 1


def test_writes_to_one_group_come_one_after_the_other(account, people, group):
    account.settled()
    running, most, guard = [], [], threading.Lock()
    inner = account.api.do

    def do(method, path=None, **others):
        with guard:
            running.append(path)
            most.append(len(running))
        try:
            return inner(method, path, **others)
        finally:
            with guard:
                running.pop()

    account.api.do = do
    threads = [
        threading.Thread(target=account.target.change_members, args=(group.id, [person], []))
        for person in people[30:42]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(members_of(account, group)) == 42
