"""What a listing of the target leaves out is looked up by id before anything is taken away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.model.account import Unread
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.run import Status
from tests.unit.build import directory, group, service, user
from tests.unit.fakes import FakeTarget, Fault
from tests.unit.world import World

ADA, BOB, RUN = user("ada"), user("bob"), service("run")
DAY = directory(ADA, BOB, RUN, group("Low", [BOB]), group("Data", [ADA, RUN, "g-low"]))
JOINERS = [
    (Kind.USER, "ada@contoso.com", "u-ada"),
    (Kind.SERVICE_PRINCIPAL, "app-run", "s-run"),
    (Kind.GROUP, "Low", "g-low"),
]


def kinds(plan):
    return [change.action.value for change in plan.changes]


@pytest.fixture
def world():
    with World(DAY) as world:
        world.sync()
        yield world


@pytest.mark.parametrize(("kind", "name", "oid"), JOINERS)
@pytest.mark.parametrize("linked", [True, False])
def test_who_is_in_a_group_and_not_in_the_list_stays_and_is_not_made_anew(
    world, kind, name, oid, linked
):
    there = world.target.named(name, kind).id
    if not linked:
        with world.store.lease("account", "r"):
            world.store.settle("account", {}, unlinked=[oid])
    world.target.behind = {there}
    plan = world.synced()
    assert [k for k in kinds(plan) if "remove" in k or "create" in k] == []
    assert there in world.target.groups[world.target.named("Data").id]
    assert world.links_of(oid) == there


@pytest.mark.parametrize(("kind", "name", "oid"), JOINERS)
def test_a_quiet_run_looks_nothing_up(world, kind, name, oid):
    before = world.target.looked_up
    assert kinds(world.synced()) == []
    assert world.target.looked_up == before


@pytest.mark.parametrize(("kind", "name", "oid"), JOINERS)
def test_who_was_deleted_by_hand_is_made_anew(world, kind, name, oid):
    world.target.delete(kind, world.target.named(name, kind).id)
    world.sync()
    assert name in world.target.members_of("Data")


@pytest.mark.parametrize(("kind", "name", "oid"), JOINERS)
def test_what_is_linked_and_did_not_answer_is_not_made_anew(world, kind, name, oid):
    there = world.target.named(name, kind).id
    world.target.behind, world.target.lost = {there}, {there: Unread("500 for the test")}
    before = len(world.target.log)
    report = world.sync()
    assert world.target.log[before:] == []
    assert name in world.target.members_of("Data")
    assert any("did not answer" in entry.reason for entry in report.targets[0].on_hold)


def test_a_leaver_whom_the_list_leaves_out_is_deprovisioned_and_not_asked_for_for_ever(world):
    ada = world.target.named("ada@contoso.com").id
    world.target.behind = {ada}
    world.sync(directory(BOB, RUN, group("Low", [BOB]), group("Data", [RUN, "g-low"])))
    assert not world.target.accounts[ada].active
    world.target.delete(Kind.USER, ada)
    before = world.target.looked_up
    world.sync()
    assert world.target.looked_up == before + 1
    world.clock.advance(3 * 86_400)
    world.sync()
    assert world.target.looked_up == before + 1


def test_who_comes_back_after_long_is_looked_up_though_the_list_lacks_them(world):
    ada = world.target.named("ada@contoso.com").id
    world.sync(directory(BOB, RUN, group("Low", [BOB]), group("Data", [RUN, "g-low"])))
    world.clock.advance(3 * 86_400)
    world.target.behind = {ada}
    plan = world.synced(DAY)
    assert "activate_user" in kinds(plan)
    assert "create_user" not in kinds(plan)
    assert world.target.accounts[ada].active


def test_what_a_run_that_died_made_in_place_of_another_is_found_though_the_list_lacks_it(world):
    """Both carry the same externalId."""
    world.configure(user_name_change="recreate", adopt="never")
    ann = replace(ADA, user_principal_name="ann@contoso.com")
    world.source.snapshot = replace(DAY, users=DAY.users | {ann.id: ann})
    old = world.target.named("ada@contoso.com").id
    world.target.faults[len(world.target.log)] = Fault.KILLED_AFTER
    assert world.sync_until_killed()
    new = world.target.named("ann@contoso.com").id
    world.target.behind = {new}
    assert world.sync().status is Status.SUCCEEDED
    assert world.links_of(ADA.id) == new
    assert not world.target.accounts[old].active


def test_a_stranger_in_the_list_is_taken_out_as_before(world):
    data = world.target.named("Data").id
    world.target.groups[data].add(world.target.add(Kind.USER, "stranger@contoso.com"))
    world.sync()
    assert "stranger@contoso.com" not in world.target.members_of("Data")


def test_a_stranger_whom_the_list_leaves_out_is_looked_up_and_taken_out(world):
    data = world.target.named("Data").id
    stranger = world.target.add(Kind.USER, "stranger@contoso.com")
    world.target.groups[data].add(stranger)
    world.target.behind = {stranger}
    world.sync()
    assert stranger not in world.target.groups[data]


@pytest.mark.parametrize("answer", [None, Unread("500 for the test")])
def test_whoever_no_look_up_shows_stays_and_is_told(world, answer):
    data = world.target.named("Data").id
    world.target.groups[data].add("77")
    world.target.lost = {"77": answer} if answer else {}
    report = world.sync()
    assert "77" in world.target.groups[data]
    (target,) = report.targets
    if answer:
        assert target.status is Status.PARTIAL
        assert (
            "77 is in it, is not listed, and could not be looked up: 500"
            in target.on_hold[0].reason
        )
    else:
        assert (
            "a group shows the member 77"
            in next(n for n in target.warnings if n.code == "absent").message
        )


def test_a_group_is_not_deleted_while_somebody_in_it_cannot_be_looked_up(world):
    world.configure(retired_groups="delete")
    data = world.target.named("Data").id
    world.target.groups[data].add("77")
    world.target.lost = {"77": Unread("500 for the test")}
    world.source.snapshot = directory(BOB, group("Low", [BOB]))
    world.sync()
    assert world.target.groups[data] == {"77"}


PROTECTED = [
    ({"users": ["ada@contoso.com"]}, "ada@contoso.com", Kind.USER, {}),
    ({"users": ["1002"]}, "ada@contoso.com", Kind.USER, {}),
    ({"service_principals": ["app-run"]}, "app-run", Kind.SERVICE_PRINCIPAL, {}),
    ({"groups": ["LOW"]}, "Low", Kind.GROUP, {}),
    ({}, "ada@contoso.com", Kind.USER, {"admin": True}),
]


@pytest.mark.parametrize(("protected", "name", "kind", "more"), PROTECTED)
@pytest.mark.parametrize("retired", ["empty", "delete"])
def test_the_protected_stay_in_groups_whatever_the_list_leaves_out(
    protected, name, kind, more, retired
):
    target = FakeTarget()
    target.add(Kind.USER, "first@contoso.com")
    there = target.add(kind, name, **more)
    data = target.add(Kind.GROUP, "Data", [there], external_id="g-data")
    policy = {"protected": protected, "retired_groups": retired, "adopt": "unowned"}
    with World(directory(BOB, group("Data", [BOB])), target, **policy) as world:
        world.sync()
        target.behind = {there}
        world.sync()
        assert there in target.groups[data]
        world.sync(directory(BOB, group("Other", [BOB])))
        assert there in target.groups[data]


def test_the_sync_itself_and_admins_by_group_stay_though_no_list_has_them():
    target = FakeTarget()
    admin, itself = (
        target.add(Kind.USER, "root@contoso.com"),
        target.add(Kind.USER, "me@contoso.com"),
    )
    data = target.add(Kind.GROUP, "Data", [admin, itself], external_id="g-data")
    nested = target.add(Kind.GROUP, "nested")
    target.groups[data].add(nested)
    target.admins, target.own = frozenset({admin, nested}), frozenset({itself})
    target.behind = {admin, itself}
    with World(directory(BOB, group("Data", [BOB])), target) as world:
        world.sync()
        assert {admin, itself} < target.groups[data]
        assert nested not in target.groups[data]


def test_undo_leaves_the_protected_in_whom_the_list_leaves_out():
    with World(directory(ADA, BOB, group("Data", [BOB]))) as world:
        world.sync()
        run = world.sync(directory(ADA, BOB, group("Data", [ADA, BOB])))
        ada = world.target.named("ada@contoso.com").id
        world.configure(protected={"users": ["ada@contoso.com"]})
        world.target.behind = {ada}
        world.runner().undo(run.run_id)
        assert "ada@contoso.com" in world.target.members_of("Data")


def test_ids_in_capitals_are_the_same_ids():
    oid = "ABCDEF01-0000-4000-8000-00000000000A"
    ada = replace(ADA, id=oid.lower())
    from aadsync_lib.databricks.translate import account_of

    row = {"id": "7", "userName": "ada@contoso.com", "externalId": oid}
    assert account_of(Kind.USER, row).external_id == ada.id
    assert account_of(Kind.USER, row | {"externalId": "Alien-7"}).external_id == "Alien-7"


@pytest.mark.parametrize(("kind", "name", "oid"), JOINERS)
def test_who_left_is_looked_up_though_the_list_lacks_them(world, kind, name, oid):
    there = world.target.named(name, kind).id
    for gid in world.target.groups:
        world.target.groups[gid].discard(there)
    world.target.behind = {there}
    world.sync(directory(group("Data")))
    if kind is Kind.GROUP:
        assert world.target.groups[there] == set()
    else:
        assert not world.target.accounts[there].active
