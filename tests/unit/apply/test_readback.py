"""What a target answers to and does not do is a failure, and nobody's drift."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.apply.readback import PAUSES
from aadsync_lib.model.account import Unread
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.run import Result, Status
from tests.unit.build import directory, group, service, user
from tests.unit.fakes import Fault
from tests.unit.world import World

ADA, BOB, RUN = user("ada"), user("bob"), service("run")
WORLD = directory(ADA, BOB, RUN, group("Data", [ADA, BOB]), group("Ops", [RUN]))
STRANGER = "eve@contoso.com"
DEAF = "Databricks answered 200, but still shows"


@pytest.fixture
def world():
    with World(WORLD) as made:
        made.sync()
        yield made


def target_id(world, name):
    return world.target.named(name).id


def set_by_hand(world, name, /, **attributes):
    """Change an object on the target, and let it ignore every PATCH from now on."""
    tid = target_id(world, name)
    world.target.accounts[tid] = replace(world.target.accounts[tid], **attributes)
    world.target.deaf.add(tid)
    return tid


def joined_by_hand(world, name, member=STRANGER):
    gid = target_id(world, name)
    stranger = world.target.add(Kind.USER, member)
    world.target.groups[gid].add(stranger)
    world.target.deaf.add(gid)
    return gid


EACH = [
    ("ada@contoso.com", {"display_name": "X"}, "update_user", "the displayName X"),
    ("ada@contoso.com", {"active": False}, "activate_user", "it inactive"),
    ("app-run", {"display_name": "X"}, "update_service_principal", "the displayName X"),
    ("app-run", {"active": False}, "activate_service_principal", "it inactive"),
    ("Data", {"name": "X"}, "rename_group", "the displayName X"),
]


@pytest.mark.parametrize(("name", "by_hand", "action", "shown"), EACH)
def test_what_does_not_show_after_it_was_answered_has_failed(world, name, by_hand, action, shown):
    set_by_hand(world, name, **by_hand)
    report = world.sync()
    (outcome,) = report.failed
    assert (outcome.change.action.value, outcome.reason) == (action, f"{DEAF} {shown}")
    assert report.status is Status.PARTIAL
    assert report.targets[0].drift == ()
    assert report.targets[0].applied == {}
    assert world.clock.sleeps == PAUSES


@pytest.mark.parametrize(("name", "by_hand", "action", "shown"), EACH)
def test_it_stays_a_failure_in_every_run_and_is_over_once_the_target_listens(
    world, name, by_hand, action, shown
):
    tid = set_by_hand(world, name, **by_hand)
    for _ in range(4):
        report = world.runner().sync(full=True)
        assert [(o.change.action.value, o.reason) for o in report.failed] == [
            (action, f"{DEAF} {shown}")
        ]
        assert report.targets[0].drift == ()
    assert [retry.failures for retry in world.store.retries("account")] == [4]
    world.target.deaf.clear()
    assert world.runner().sync(full=True).status is Status.SUCCEEDED
    assert world.planned().changes == ()
    assert world.store.retries("account") == ()
    assert tid in world.target.accounts


def test_a_removal_that_does_not_show_names_the_member(world):
    gid = joined_by_hand(world, "Data")
    report = world.sync()
    assert [(o.change.name, o.reason) for o in report.failed] == [
        ("Data", f"{STRANGER}: {DEAF} it as a member")
    ]
    assert report.targets[0].drift == ()
    assert report.targets[0].members_removed == 0
    for _ in range(3):
        assert world.runner().sync(full=True).status is Status.PARTIAL
    world.target.deaf.discard(gid)
    assert world.runner().sync(full=True).status is Status.SUCCEEDED
    assert STRANGER not in world.target.members_of("Data")


def test_of_several_removals_only_those_that_do_not_show_have_failed(world):
    gid = target_id(world, "Data")
    strangers = [world.target.add(Kind.USER, f"s{number}@x.com") for number in range(3)]
    world.target.groups[gid] |= set(strangers)
    change = world.target._change_members

    def half_deaf(group_id, add, remove):
        change(group_id, add, [member for member in remove if member != strangers[1]])

    world.target._change_members = half_deaf
    report = world.sync()
    assert [o.reason for o in report.failed] == [f"s1@x.com: {DEAF} it as a member"]
    assert report.targets[0].members_removed == 2


def test_a_rename_that_never_showed_is_told_once_the_next_run_sees_it(world):
    world.target.deaf.add(target_id(world, "Data"))
    data = group("Data 2", [ADA, BOB], id="g-data")
    snapshot = directory(ADA, BOB, RUN, data, group("Ops", [RUN]))
    world.sync(snapshot)
    report = world.sync()
    assert [o.reason for o in report.failed] == [f"{DEAF} the displayName Data"]


@pytest.mark.parametrize(("looks", "failed"), [(1, False), (4, False), (5, True)])
def test_a_read_that_lags_behind_is_looked_at_again(world, looks, failed):
    tid = set_by_hand(world, "ada@contoso.com", display_name="X")
    world.target.deaf.clear()
    world.target.late = {tid: looks}
    assert bool(world.sync().failed) is failed
    assert world.clock.sleeps == PAUSES[:looks]
    assert world.sync().status is Status.SUCCEEDED


def test_what_cannot_be_read_afterwards_tells_nothing(world):
    tid = set_by_hand(world, "ada@contoso.com", display_name="X")
    world.target.lost[tid] = Unread("403")
    report = world.sync()
    assert [o.result for o in report.targets[0].outcomes] == [Result.DONE]
    assert world.clock.sleeps == ()


def test_members_that_cannot_be_read_afterwards_tell_nothing(world):
    gid = joined_by_hand(world, "Data")
    world.target.on_write = lambda _: world.target.unreadable.add(gid)
    assert not world.sync().failed


def test_a_write_that_is_no_drift_costs_no_request(world):
    asked = []
    look_up = world.target.look_up
    world.target.look_up = lambda ids: (asked.append(ids), look_up(ids))[1]
    ann = user("ada", display_name="Ada B")
    world.sync(directory(ann, BOB, RUN, group("Data", [BOB]), group("Ops 2", [RUN], id="g-ops")))
    assert not any(asked)
    assert world.clock.sleeps == ()


def test_drift_that_is_mended_stays_drift_in_the_report(world):
    set_by_hand(world, "ada@contoso.com", display_name="X")
    world.target.deaf.clear()
    report = world.sync()
    assert [o.result for o in report.targets[0].drift] == [Result.DONE]
    assert world.clock.sleeps == ()


LEFT_ALONE = [  # what no later plan would repeat
    ({"drift": "report"}, "Data", lambda: directory(ADA, BOB, RUN, group("Data", [BOB]))),
    ({"members": "managed"}, "Data", lambda: directory(ADA, BOB, RUN, group("Data", [BOB]))),
    ({"drift": "report"}, "ada@contoso.com", lambda: of_ada(enabled=False)),
    ({"drift": "report"}, "ada@contoso.com", lambda: of_ada(display_name="Ada B")),
    ({"drift": "report"}, "Data", lambda: directory(ADA, BOB, RUN, DATEN)),
    ({"drift": "report"}, "bob@contoso.com", lambda: directory(ADA, RUN, group("Data", [ADA]))),
]
DATEN = group("Daten", [ADA, BOB], id="g-data")


def of_ada(**attributes):
    return directory(user("ada", **attributes), BOB, RUN, group("Data", [ADA, BOB]))


@pytest.mark.parametrize(("policy", "name", "changed"), LEFT_ALONE)
def test_where_the_policy_leaves_alone_what_a_hand_did_each_write_is_looked_at(
    world, policy, name, changed
):
    """Otherwise what was ignored would be left alone for ever, and a leaver in the group."""
    world.configure(**policy)
    ops = group("Ops", [RUN])
    snapshot = changed()
    world.source.snapshot = replace(snapshot, groups={**snapshot.groups, ops.id: ops})
    world.source.snapshot = replace(
        world.source.snapshot, roots=frozenset(snapshot.roots | {ops.id})
    )
    world.target.deaf.add(target_id(world, name))
    report = world.sync()
    assert any(DEAF in outcome.reason for outcome in report.failed)
    assert report.targets[0].drift == ()
    world.target.deaf.clear()
    assert world.runner().sync(full=True).status is Status.SUCCEEDED
    assert world.plan().empty


def appearing(world, kind, name, **attributes):
    """Have somebody make an object right before the sync does, which ignores every PATCH."""

    def make(index):
        if index == 0:
            tid = world.target.add(kind, name, **attributes)
            world.target.deaf.add(tid)

    world.target.on_write = make


@pytest.mark.parametrize(("kind", "name", "by_hand", "shown"), [
    (Kind.USER, "ada@contoso.com", {"display_name": "X"}, "the displayName X"),
    (Kind.USER, "ada@contoso.com", {"display_name": ADA.display_name, "active": False}, "it inactive"),
    (Kind.SERVICE_PRINCIPAL, "app-run", {"display_name": "X"}, "the displayName X"),
])  # fmt: skip
def test_what_is_taken_over_and_left_as_it_was_is_a_failure_where_no_plan_would_repeat_it(
    kind, name, by_hand, shown
):
    with World(directory(ADA, RUN, assigned=[ADA if kind is Kind.USER else RUN])) as world:
        world.configure(drift="report")
        appearing(world, kind, name, **by_hand)
        report = world.sync()
        assert [outcome.reason for outcome in report.failed] == [f"{DEAF} {shown}"]
        world.target.deaf.clear()
        report = world.runner().sync(full=True)
        assert (report.status, report.targets[0].drift) == (Status.SUCCEEDED, ())
        assert world.plan().empty


def test_so_is_what_a_creation_without_an_answer_made_otherwise():
    with World(directory(ADA, assigned=[ADA])) as world:
        world.configure(drift="report")
        world.target.faults = {0: Fault.LOST_AFTER}
        create = world.target._create

        def otherwise(kind, wanted, members):
            tid = create(kind, wanted, members)
            world.target.deaf.add(tid)
            account = world.target.accounts[tid]
            world.target.accounts[tid] = replace(account, display_name="X")
            return tid

        world.target._create = otherwise
        report = world.sync()
        assert [outcome.reason for outcome in report.failed] == [f"{DEAF} the displayName X"]
        world.target.deaf.clear()
        assert report.targets[0].applied == {"create_user": 1}
        (held,) = world.planner().plan_undo(report.run_id).plan.targets[0].on_hold
        assert held.external_id == "u-ada"
        assert world.runner().sync(full=True).status is Status.SUCCEEDED
        assert world.plan().empty
