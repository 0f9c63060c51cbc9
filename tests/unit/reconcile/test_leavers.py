"""What becomes of those who left the scope, were disabled, or were deleted in Entra."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.model.account import Unread
from aadsync_lib.model.directory import Presence
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import UnappliedBy
from aadsync_lib.model.run import Status
from tests.unit.build import NO_LIMITS, directory, group, service, user
from tests.unit.fakes import FakeTarget
from tests.unit.world import World

ADA, BOB, RUN = user("ada"), user("bob"), service("run")
BOTH = directory(ADA, BOB, group("Data", [ADA, BOB]))
WITHOUT_ADA = directory(BOB, group("Data", [BOB]))
DAY = 86_400.0


def actions(plan):
    return [(change.action.value, change.name) for change in plan.changes]


@pytest.fixture
def world():
    with World(BOTH) as one:
        one.sync()
        one.source.snapshot = WITHOUT_ADA
        yield one


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (Presence.PRESENT, "left the scope"),
        (Presence.DISABLED, "left the scope and is disabled in Entra"),
        (Presence.DELETED, "deleted in Entra"),
        (Presence.GONE, "deleted in Entra"),
    ],
)
def test_why_an_account_ends_is_what_entra_says_of_the_object_id(world, place, reason):
    world.source.places["u-ada"] = place
    plan = world.planned()
    assert actions(plan) == [
        ("remove_members", "Data"),
        ("deactivate_user", "ada@contoso.com"),
    ]
    assert plan.changes[1].reason == reason
    assert world.source.asked[-1] == {"u-ada": Kind.USER}


def test_who_cannot_be_looked_up_keeps_the_account(world):
    world.source.places["u-ada"] = Unread("403: no permission")
    report = world.sync()
    assert world.target.named("ada@contoso.com").active
    assert world.target.members_of("Data") == {"bob@contoso.com"}
    (held,) = report.targets[0].on_hold
    assert held.external_id == "u-ada"
    assert "403: no permission" in held.reason
    assert report.status is Status.PARTIAL


def test_whom_the_source_says_nothing_about_keeps_the_account(world, monkeypatch):
    monkeypatch.setattr(world.source, "look_up", lambda ids: {})
    world.sync()
    assert world.target.named("ada@contoso.com").active


def test_nobody_is_looked_up_whose_account_would_stay_as_it_is(world):
    world.sync()
    asked = list(world.source.asked)
    world.planned()
    assert world.source.asked == asked == [{"u-ada": Kind.USER}]


def test_a_leaver_keeps_the_account_for_the_days_of_grace_and_the_memberships_not(world):
    world.configure(grace_days=2)
    report = world.sync()
    assert world.target.named("ada@contoso.com").active
    assert world.target.members_of("Data") == {"bob@contoso.com"}
    (notice,) = report.targets[0].warnings
    assert notice.code == "grace"
    assert notice.message == (
        "ada@contoso.com is not in scope any more: its account stays until 2025-06-17 15:06 UTC "
        "(policy.grace_days: 2)"
    )
    assert report.status is Status.SUCCEEDED
    world.clock.advance(2 * DAY - 10)
    assert world.planned().changes == ()
    world.clock.advance(20)
    assert actions(world.planned()) == [("deactivate_user", "ada@contoso.com")]


def test_grace_counts_from_the_first_complete_read_even_of_a_run_that_was_refused(world):
    world.configure(grace_days=2, limits=NO_LIMITS | {"members_removed": {"count": 0}})
    with pytest.raises(RefusedError):
        world.sync()
    assert world.store.missing("account").keys() == {"u-ada"}
    world.clock.advance(2 * DAY)
    world.configure(limits=NO_LIMITS)
    assert ("deactivate_user", "ada@contoso.com") in actions(world.planned())


def test_a_partial_read_starts_no_grace(world):
    world.configure(grace_days=2)
    world.sync(directory(BOB, group("Data", [BOB]), unread=("application x: 403",)))
    assert world.store.missing("account") == {}


def test_a_plan_counts_no_days(world):
    world.configure(grace_days=2)
    world.planned()
    assert world.store.missing("account") == {}


def test_who_returns_within_grace_loses_nothing_and_starts_anew_later(world):
    world.configure(grace_days=2)
    world.sync()
    world.clock.advance(DAY)
    world.sync(BOTH)
    assert world.target.members_of("Data") == {"ada@contoso.com", "bob@contoso.com"}
    assert world.store.missing("account") == {}
    world.clock.advance(DAY)
    world.sync(WITHOUT_ADA)
    world.clock.advance(1.5 * DAY)
    assert world.planned().changes == ()
    assert world.target.named("ada@contoso.com").active


def test_who_is_disabled_in_entra_has_no_grace(world):
    world.configure(grace_days=30)
    ada = replace(ADA, enabled=False)
    world.sync(directory(ada, BOB, group("Data", [ada, BOB])))
    assert not world.target.named("ada@contoso.com").active
    assert "ada@contoso.com" in world.target.members_of("Data")


def test_nobody_is_told_of_grace_where_the_account_would_stay_anyway(world):
    world.configure(grace_days=2, leavers="keep")
    assert world.planned().warnings == ()
    world.configure(grace_days=2, leavers="deactivate", mode="additive")
    assert world.planned().warnings == ()


def test_deletion_takes_only_what_the_sync_made():
    target = FakeTarget()
    target.add(Kind.USER, "ada@contoso.com", display_name="Ada")
    with World(BOTH, target, leavers="delete") as world:
        world.sync()
        world.sync(directory(group("Data")))
        assert [one.name for one in target.accounts.values()] == ["ada@contoso.com", "Data"]
        assert not target.named("ada@contoso.com").active


def test_additive_lists_what_mirror_would_take_and_takes_nothing(world):
    world.configure(mode="additive", retired_groups="delete")
    world.source.snapshot = directory(BOB, group("Ops", [BOB]))
    plan = world.planned()
    assert actions(plan) == [("create_group", "Ops"), ("add_members", "Ops")]
    assert [(one.by, one.change.action.value, one.change.name) for one in plan.unapplied] == [
        (UnappliedBy.ADDITIVE, "deactivate_user", "ada@contoso.com"),
        (UnappliedBy.ADDITIVE, "delete_group", "Data"),
    ]
    world.source.snapshot = directory(BOB, group("Data", [BOB]))
    lists = [(one.change.action.value, one.change.name) for one in world.planned().unapplied]
    assert lists == [("deactivate_user", "ada@contoso.com"), ("remove_members", "Data")]
    report = world.sync()
    assert report.targets[0].unapplied == world.planned().unapplied
    assert report.status is Status.SUCCEEDED
    assert world.target.members_of("Data") == {"ada@contoso.com", "bob@contoso.com"}
    assert world.source.asked == []


def test_a_group_that_is_deleted_says_who_was_in_it(world):
    world.configure(retired_groups="delete")
    world.source.snapshot = directory(BOB, group("Ops", [BOB]))
    deleted = world.planned().changes[-1]
    assert deleted.action == "delete_group"
    assert [one.name for one in deleted.members] == ["ada@contoso.com", "bob@contoso.com"]
    world.sync()
    assert [one.name for one in world.target.accounts.values() if one.kind is Kind.GROUP] == ["Ops"]


@pytest.mark.parametrize("leavers", ["keep", "deactivate", "delete"])
def test_who_is_disabled_is_deactivated_at_once_whatever_becomes_of_leavers(world, leavers):
    world.configure(leavers=leavers, grace_days=7)
    ada = replace(ADA, enabled=False)
    plan = world.synced(directory(ada, BOB, group("Data", [ada, BOB])))
    assert [(c.action.value, c.reason) for c in plan.changes] == [
        ("deactivate_user", "disabled in Entra")
    ]
    assert world.planned().changes == ()  # is inactive by now


def test_additive_lists_no_removal_that_a_partial_read_would_hold_back():
    flat = directory(ADA, group("Top", [ADA]), group("Low"))
    with World(flat, mode="additive") as world:
        world.sync()
        world.source.snapshot = directory(
            group("Top", ["g-low"]), group("Low", [], unread="403"), roots=["Top"]
        )
        plan = world.planned()
        assert plan.unapplied == ()
        assert [one.external_id for one in plan.on_hold] == ["g-low", "g-top"]
