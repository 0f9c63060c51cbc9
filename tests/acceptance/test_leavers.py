"""Those who leave the scope, are disabled or deleted in Entra, over HTTP on both sides."""

from __future__ import annotations

import pytest

from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.model.run import Status
from aadsync_lib.sandbox.faults import Fault
from tests.acceptance.small import ADA, BOB, CYD, DATA, DAY, OPS, A, B, C, actions, changes, company
from tests.acceptance.stage import NO_LIMITS, Stage
from tests.clock import FakeClock


@pytest.fixture
def synced(stage: Stage) -> Stage:
    stage.show(company())
    stage.sync()
    return stage


def user(stage: Stage, name: str) -> dict[str, object]:
    found: dict[str, object] = stage.picture()["users"][name]
    return found


def test_who_left_the_groups_is_told_from_who_was_deleted(synced: Stage) -> None:
    entra = synced.box.world.entra
    entra.remove_member(DATA, ADA)
    entra.delete_user(CYD)

    reasons = {name: why for action, name, why in changes(synced.plan()) if "user" in action}

    assert reasons == {A: "left the scope", C: "deleted in Entra"}
    synced.sync()
    assert not user(synced, A)["active"]
    assert not user(synced, C)["active"]
    assert synced.plan().empty


def test_who_was_disabled_as_well_is_said_to_be(synced: Stage) -> None:
    synced.box.world.entra.remove_member(DATA, ADA)
    synced.box.world.entra.update_user(ADA, accountEnabled=False)
    assert ("deactivate_user", A, "left the scope and is disabled in Entra") in changes(
        synced.plan()
    )


def test_who_cannot_be_looked_up_keeps_the_account_until_they_can(synced: Stage) -> None:
    synced.box.world.entra.delete_user(CYD)
    synced.box.faults.add(Fault("403", side="graph", path=rf"/users/{CYD}\?", count=None))

    report = synced.sync()

    assert user(synced, C)["active"]
    assert synced.picture()["groups"]["dbx-ops"]["members"] == [B]
    assert report.status is Status.PARTIAL
    (held,) = report.targets[0].on_hold
    assert held.external_id == CYD
    assert "whether Entra still has it is unknown" in held.reason
    synced.box.faults.clear()
    assert synced.sync().status is Status.SUCCEEDED
    assert not user(synced, C)["active"]


def test_a_recycle_bin_that_may_not_be_read_keeps_no_account(synced: Stage) -> None:
    synced.box.world.entra.delete_user(CYD)
    synced.box.faults.add(Fault("403", side="graph", path="deletedItems", count=None))
    assert synced.sync().status is Status.SUCCEEDED
    assert not user(synced, C)["active"]


def test_days_of_grace_survive_a_refused_run_and_end(synced: Stage) -> None:
    clock = synced.clock
    assert isinstance(clock, FakeClock)
    synced.box.world.entra.remove_member(DATA, ADA)
    synced.configure(
        policy={"grace_days": 3, "limits": NO_LIMITS | {"members_removed": {"count": 0}}}
    )
    with pytest.raises(RefusedError):
        synced.sync()
    clock.advance(2 * DAY)
    synced.configure(policy={"limits": NO_LIMITS})

    report = synced.sync()

    assert user(synced, A)["active"]
    assert synced.picture()["groups"]["dbx-data"]["members"] == [B]
    assert [one.code for one in report.targets[0].warnings] == ["grace"]
    assert "its account stays until 2025-06-18" in report.targets[0].warnings[0].message
    clock.advance(DAY)
    synced.sync()
    assert not user(synced, A)["active"]


def test_who_returns_within_grace_loses_nothing(synced: Stage) -> None:
    clock, entra = synced.clock, synced.box.world.entra
    assert isinstance(clock, FakeClock)
    before = synced.picture()
    synced.configure(policy={"grace_days": 3})
    entra.remove_member(DATA, ADA)
    synced.sync()
    clock.advance(2 * DAY)
    entra.add_member(DATA, ADA)
    synced.sync()
    assert synced.picture() == before
    clock.advance(2 * DAY)
    entra.remove_member(DATA, ADA)
    synced.sync()
    assert user(synced, A)["active"]


def test_who_is_disabled_is_inactive_at_once_and_stays_a_member(synced: Stage) -> None:
    synced.configure(policy={"grace_days": 30})
    synced.box.world.entra.update_user(BOB, accountEnabled=False)
    synced.sync()
    assert not user(synced, B)["active"]
    groups = synced.picture()["groups"]
    assert B in groups["dbx-data"]["members"]
    assert B in groups["dbx-ops"]["members"]


def test_only_what_the_sync_made_is_deleted(stage: Stage) -> None:
    world = company()
    world.databricks.add_user(A, "Ada", ADA)
    stage.show(world)
    stage.configure(policy={"leavers": "delete"})
    stage.sync()
    stage.box.world.entra.remove_member(DATA, ADA)
    stage.box.world.entra.remove_member(OPS, CYD)

    assert actions(stage.plan())[-2:] == [("deactivate_user", A), ("delete_user", C)]
    stage.sync()

    assert stage.picture()["users"].keys() >= {A, B}
    assert C not in stage.picture()["users"]


def test_additive_says_what_it_would_have_taken(synced: Stage) -> None:
    synced.configure(policy={"mode": "additive"})
    before = synced.picture()
    entra = synced.box.world.entra
    entra.delete_user(CYD)
    entra.remove_member(DATA, ADA)

    report = synced.sync()

    assert synced.picture() == before
    assert report.status is Status.SUCCEEDED
    left = [(one.by, one.change.action, one.change.name) for one in report.targets[0].unapplied]
    assert sorted(left) == [
        ("additive", "deactivate_user", A),
        ("additive", "deactivate_user", C),
        ("additive", "remove_members", "dbx-data"),
        ("additive", "remove_members", "dbx-ops"),
    ]
