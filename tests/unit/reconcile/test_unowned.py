"""What is on the target and not ours, with who seems to own it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.model.account import TargetSnapshot
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Links, Origin
from aadsync_lib.reconcile.context import build_context
from aadsync_lib.reconcile.desired.naming import desire
from aadsync_lib.reconcile.diff.unowned import groups_to_inspect, list_unowned
from tests.unit.build import directory, group, service, settings, sharer, user
from tests.unit.fakes import FakeTarget

ADA, BOB = user("ada"), user("bob")


@pytest.fixture
def target():
    return FakeTarget()


def case_of(target, *entities, links=(), shared=None, members=None, **policy):
    config = settings(**policy)
    desired = desire(directory(*entities), config.scope, config.mapping)
    context = build_context(
        desired, TargetSnapshot(target.accounts), Links(links), config.policy, shared=shared
    )
    return replace(context, members=members or {})


def listed(*args, **more):
    return [(one.target_id, one.owner, one.setting) for one in list_unowned(case_of(*args, **more))]


def test_what_is_absent_adopted_or_ours_is_not_listed(target):
    target.add(Kind.USER, "ada@contoso.com")
    ours = target.add(Kind.GROUP, "Ops")
    links = [Link(Kind.GROUP, "g-ops", ours, Origin.CREATED, "Ops")]
    assert listed(target, ADA, BOB, group("Ops", [ADA, BOB]), links=links) == []


def test_what_is_linked_to_somebody_who_left_is_ours_and_not_listed(target):
    old = target.add(Kind.USER, "ada@contoso.com", external_id="u-old")
    links = [Link(Kind.USER, "u-old", old, Origin.CREATED, "ada@contoso.com")]
    assert listed(target, ADA, group("Data", [ADA]), links=links) == []


@pytest.mark.parametrize(
    ("kind", "name", "setting"),
    [
        (Kind.USER, "ada@contoso.com", "policy.adopt.users: {}"),
        (Kind.SERVICE_PRINCIPAL, "app-run", "policy.adopt.service_principals: {}"),
        (Kind.GROUP, "Data", "policy.adopt.groups: {}"),
    ],
)
def test_each_owner_is_told_with_the_setting_that_would_adopt_the_object(
    target, kind, name, setting
):
    entities = (ADA, service("run"), group("Data", [ADA, service("run")]))
    there = target.add(kind, name)
    nobody = (there, "nobody: it has no externalId", setting.format("unowned"))
    assert listed(target, *entities, adopt="never") == [nobody]
    target.accounts[there] = replace(target.accounts[there], external_id="alien")
    other = (there, "another externalId: alien", setting.format("same_name"))
    same_identity = kind is Kind.SERVICE_PRINCIPAL  # by its application id: adopted all the same
    assert listed(target, *entities) == ([] if same_identity else [other])
    same = {"u-ada", "s-run", "g-data"} & {f"{kind.value[0]}-{n}" for n in ("ada", "run", "data")}
    target.accounts[there] = replace(target.accounts[there], external_id=same.pop())
    tool = (there, "another tool: its externalId is the object id", setting.format("unowned"))
    assert listed(target, *entities, adopt="never") == [tool]


def test_a_group_of_one_workspace_is_told(target):
    there = target.add(Kind.GROUP, "Data")
    target.accounts[there] = replace(target.accounts[there], local=True)
    assert listed(target, group("Data"), adopt="never") == [
        (there, "a workspace: it is local to it", "policy.adopt.groups: unowned")
    ]


def test_the_other_sync_is_told_and_no_setting_adopts_from_it(target):
    people = target.add(Kind.USER, "ada@contoso.com", external_id="u-ada")
    team = target.add(Kind.GROUP, "Data")
    shared = {people: sharer("finance", people), team: sharer("finance", team)}
    rows = listed(target, ADA, group("Data", [ADA]), shared=shared)
    assert rows == [(team, "the sync finance", None), (people, "the sync finance", None)]


def test_an_account_that_the_other_sync_has_inactive_is_told_so(target):
    off = target.add(Kind.USER, "ada@contoso.com", external_id="u-ada", active=False)
    rows = listed(target, ADA, group("D", [ADA]), shared={off: sharer("finance", off)})
    assert rows == [(off, "the sync finance, which has it inactive", None)]


AUTOMATIC = (
    "looks managed by automatic identity management: its externalId is the object id, and SCIM "
    "shows none of its members"
)


@pytest.mark.parametrize("adopt", ["never", "unowned"])
def test_a_group_whose_members_scim_does_not_show_looks_automatic_adopted_or_not(target, adopt):
    there = target.add(Kind.GROUP, "Data", external_id="g-data")
    rows = listed(target, ADA, group("Data", [ADA]), adopt=adopt, members={there: frozenset()})
    assert rows == [(there, AUTOMATIC, "policy.adopt.groups: unowned")]


def test_a_group_that_shows_members_or_has_none_in_entra_does_not_look_automatic(target):
    there = target.add(Kind.GROUP, "Data", external_id="g-data")
    seen = {there: frozenset({"1"})}
    assert listed(target, ADA, group("Data", [ADA]), members=seen) == []
    assert listed(target, group("Data"), members={there: frozenset()}) == []
    rows = listed(target, ADA, group("Data", [ADA]), members=seen, adopt="never")
    assert [owner for _, owner, _ in rows] == ["another tool: its externalId is the object id"]


def test_only_members_tell_of_a_group_that_never_keeps_from_us(target):
    there = target.add(Kind.GROUP, "Data", external_id="g-data")
    target.add(Kind.GROUP, "Ops")
    target.add(Kind.USER, "ada@contoso.com", external_id="u-ada")
    entities = (ADA, group("Data", [ADA]), group("Ops"))
    assert groups_to_inspect(case_of(target, *entities, adopt="never")) == {there}
    assert groups_to_inspect(case_of(target, *entities)) == frozenset()
    links = [Link(Kind.GROUP, "g-gone", there, Origin.CREATED, "Data")]
    assert groups_to_inspect(case_of(target, *entities, links=links)) == frozenset()


def test_several_candidates_are_all_listed_and_no_setting_helps(target):
    twins = [target.add(Kind.GROUP, name) for name in ("DATA", "data")]
    rows = listed(target, group("Data"))
    assert rows == [(one, "nobody: it has no externalId", None) for one in twins]


def test_the_setting_is_about_the_one_that_decided(target):
    same_id = target.add(Kind.USER, "old@contoso.com", external_id="u-ada")
    by_name = target.add(Kind.USER, "ada@contoso.com")
    rows = {
        one: setting for one, _, setting in listed(target, ADA, group("D", [ADA]), adopt="never")
    }
    assert rows == {same_id: "policy.adopt.users: unowned", by_name: None}


def test_what_stands_in_the_way_of_a_rename_is_listed(target):
    ours, foreign = target.add(Kind.GROUP, "Data"), target.add(Kind.GROUP, "Ops")
    links = [Link(Kind.GROUP, "g1", ours, Origin.CREATED, "Data")]
    rows = listed(target, group("Ops", id="g1"), links=links)
    assert rows == [(foreign, "nobody: it has no externalId", None)]


def test_who_is_disabled_in_entra_or_protected_is_not_adopted_and_listed(target):
    eve = user("eve", enabled=False)
    gone = target.add(Kind.USER, "eve@contoso.com")
    boss = target.add(Kind.USER, "bob@contoso.com")
    rows = listed(target, BOB, eve, group("D", [BOB, eve]), protected={"users": [boss]})
    nobody = "nobody: it has no externalId"
    assert rows == [(boss, nobody, None), (gone, nobody, None)]


def test_contested_people_name_the_object_that_they_would_share(target):
    there = target.add(Kind.USER, "ada@contoso.com")
    twin = user("ada", id="u-2")
    rows = list_unowned(case_of(target, ADA, twin, group("D", [ADA, twin])))
    assert [(row.external_id, row.target_id) for row in rows] == [("u-2", there), ("u-ada", there)]
