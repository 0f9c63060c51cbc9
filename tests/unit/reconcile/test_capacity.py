"""What a target has no room for waits, and the rest goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.config.policy import Capacity
from aadsync_lib.model.account import TargetSnapshot, Unread
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Links
from aadsync_lib.reconcile.context import build_context
from aadsync_lib.reconcile.desired.naming import desire
from aadsync_lib.reconcile.holds.capacity import over_capacity, within_direct_groups
from aadsync_lib.reconcile.split import Split
from tests.unit.build import directory, group, service, settings, user
from tests.unit.fakes import FakeTarget

PEOPLE = [user(name) for name in ("ada", "bob", "cy")]


@pytest.fixture
def target():
    return FakeTarget()


def case_of(target, *entities, members=None, **limits):
    config = settings()
    desired = desire(directory(*entities), config.scope, config.mapping)
    snapshot = TargetSnapshot(target.accounts)
    context = build_context(
        desired, snapshot, Links(()), config.policy, capacity=Capacity(**limits)
    )
    return replace(context, members=members or {})


def test_groups_beyond_the_limit_wait_in_order_of_name(target):
    target.add(Kind.GROUP, "There")
    target.add(Kind.USER, "eve@contoso.com")  # no group
    context = case_of(target, group("C"), group("A"), group("B"), group("There"), groups=3)
    over = over_capacity(context)
    assert list(over) == ["g-c"]
    assert over["g-c"].name == "C"
    assert over["g-c"].reason == (
        "no room: groups on the target 1, wanted beside them 3, allowed 3 (capacity.groups of the "
        "target); delete some there, or take some out of scope"
    )


def test_people_and_service_principals_share_one_limit(target):
    target.add(Kind.SERVICE_PRINCIPAL, "there")
    target.add(Kind.GROUP, "There")  # nobody
    bot = service("bot")
    context = case_of(target, *PEOPLE, bot, group("All", [*PEOPLE, bot]), principals=3)
    assert set(over_capacity(context)) == {"u-cy", "u-bob"}  # app-bot comes after ada@contoso.com


def test_who_is_there_or_disabled_takes_no_room(target):
    target.add(Kind.USER, "ada@contoso.com")
    off = user("aa", enabled=False)
    context = case_of(
        target, PEOPLE[0], off, PEOPLE[1], group("G", [*PEOPLE[:2], off]), principals=2
    )
    assert over_capacity(context) == {}


@pytest.mark.parametrize(("limit", "waiting"), [(None, 0), (4, 0), (3, 0), (2, 1), (0, 3)])
def test_a_limit_of_none_is_no_limit(target, limit, waiting):
    context = case_of(target, *(group(name) for name in "ABC"), groups=limit)
    assert len(over_capacity(context)) == waiting


def test_a_target_that_is_over_its_limit_already_takes_nobody(target):
    for name in "XYZ":
        target.add(Kind.GROUP, name)
    context = case_of(target, *(group(name) for name in "ABC"), groups=1)
    assert set(over_capacity(context)) == {"g-a", "g-b", "g-c"}


def ref(name, target_id=None):
    return MemberRef(f"u-{name}", target_id, f"{name}@contoso.com", Kind.USER)


def adds(name, *members, target_id=None):
    return Change(Action.ADD_MEMBERS, f"g-{name}", target_id, name, "", members=members)


def test_memberships_beyond_the_limit_are_taken_out_and_the_rest_stays(target):
    ada, bob = ref("ada", "1"), ref("bob", "2")
    context = case_of(target, members={"x": frozenset({"1"}), "y": Unread("403")}, direct_groups=2)
    create = Change(Action.CREATE_GROUP, "g-A", None, "A", "")
    changes = [create, adds("A", ada, bob), adds("B", ada, bob), adds("C", ada)]
    split = within_direct_groups(context, changes)
    assert split.changes == [create, adds("A", ada, bob), adds("B", bob)]
    [one] = split.quarantined
    assert (one.external_id, one.name) == ("u-ada", "ada@contoso.com")
    assert one.reason == (
        "it would be directly in more than 2 groups (capacity.direct_groups of the target), so it is "
        "not added to B, C"
    )


def test_who_is_made_in_this_run_is_counted_too(target):
    new, other = ref("new"), ref("other")
    context = case_of(target, direct_groups=1)
    split = within_direct_groups(context, [adds("A", new, other), adds("B", new)])
    assert split.changes == [adds("A", new, other)]
    assert [one.external_id for one in split.quarantined] == ["u-new"]


def test_what_the_plan_removes_makes_no_room_yet(target):
    ada = ref("ada", "1")
    removal = replace(adds("X", ada, target_id="x"), action=Action.REMOVE_MEMBERS)
    context = case_of(target, members={"x": frozenset({"1"})}, direct_groups=1)
    split = within_direct_groups(context, [adds("A", ada), removal])
    assert split.changes == [removal]
    assert len(split.quarantined) == 1


def test_many_groups_are_no_matter_while_nobody_is_in_too_many(target):
    changes = [adds("A", ref("ada", "1")), adds("B", ref("bob", "2")), adds("C", ref("cy", "3"))]
    assert within_direct_groups(case_of(target, direct_groups=2), changes) == Split(changes)


def test_only_some_of_many_groups_are_named(target):
    ada = ref("ada", "1")
    context = case_of(target, direct_groups=0)
    [one] = within_direct_groups(context, [adds(f"G{n}", ada) for n in range(8)]).quarantined
    assert one.reason.endswith("not added to G0, G1, G2, G3, G4 and 3 more")


@pytest.mark.parametrize("limit", [None, 1500])
def test_where_nobody_can_be_over_nothing_is_looked_at(target, limit):
    changes = [adds("A", ref("ada", "1"))]
    context = case_of(target, direct_groups=limit)
    assert within_direct_groups(context, changes) == Split(changes)
    assert within_direct_groups(case_of(target, direct_groups=0), []) == Split([])
