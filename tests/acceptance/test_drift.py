"""What was changed by hand in the account, over HTTP on both sides."""

from __future__ import annotations

import pytest

from aadsync_lib.model.run import Status
from tests.acceptance.small import ADA, DATA, OPS, A, B, C, applied, company
from tests.acceptance.stage import Stage

EVE = "eve@contoso.com"


@pytest.fixture
def synced(stage: Stage) -> Stage:
    """Ada is out of dbx-data and Eve is in it, by hand; Entra moved Cyd from dbx-ops to dbx-data."""
    world = company()
    world.databricks.add_user(EVE)
    stage.show(world)
    stage.sync()
    account = stage.box.world.databricks
    account.remove_members("dbx-data", A)
    account.add_members("dbx-data", EVE)
    account.remove("dbx-ops")
    stage.box.world.entra.add_member(DATA, cyd(stage))
    return stage


def cyd(stage: Stage) -> str:
    users = stage.box.world.entra.objects
    return next(key for key, one in users.items() if one.get("userPrincipalName") == C)


def drift(stage: Stage) -> list[tuple[str, str, tuple[str, ...]]]:
    found = stage.plan().targets[0].drift
    return [(one.action.value, one.name, tuple(m.name for m in one.members)) for one in found]


def test_drift_is_told_from_what_entra_changed_and_repaired(synced: Stage) -> None:
    assert drift(synced) == [
        ("create_group", "dbx-ops", ()),
        ("add_members", "dbx-data", (A,)),
        ("add_members", "dbx-ops", (B, C)),
        ("remove_members", "dbx-data", (EVE,)),
    ]
    ours = [one for one in synced.plan().targets[0].changes if not one.drift]
    assert [(one.action.value, [m.name for m in one.members]) for one in ours] == [
        ("add_members", [C])
    ]
    synced.sync()
    groups = synced.picture()["groups"]
    assert groups["dbx-data"]["members"] == [A, B, C]
    assert groups["dbx-ops"]["members"] == [B, C]
    assert synced.plan().empty


def test_drift_is_only_reported_where_the_policy_says_so(synced: Stage) -> None:
    synced.configure(policy={"drift": "report"})
    found = drift(synced)
    report = synced.sync()
    assert applied(report) == {"add_members": 1}
    assert report.status is Status.SUCCEEDED
    left = [
        (one.by.value, one.change.action.value, one.change.name)
        for one in report.targets[0].unapplied
    ]
    assert left == [
        ("drift", "create_group", "dbx-ops"),
        ("drift", "add_members", "dbx-data"),
        ("drift", "remove_members", "dbx-data"),
    ]
    assert len(found) == 3
    assert synced.picture()["groups"]["dbx-data"]["members"] == [B, C, EVE]
    assert synced.plan().empty
    synced.configure(policy={"drift": "repair"})
    synced.sync()
    assert synced.picture()["groups"]["dbx-data"]["members"] == [A, B, C]


def test_under_managed_a_member_added_by_hand_stays_and_is_listed(synced: Stage) -> None:
    synced.configure(policy={"members": "managed"})
    report = synced.sync()
    (left,) = report.targets[0].unapplied
    assert (left.by.value, left.change.drift) == ("managed", True)
    assert [one.name for one in left.change.members] == [EVE]
    assert synced.picture()["groups"]["dbx-data"]["members"] == [A, B, C, EVE]
    synced.box.world.entra.remove_member(DATA, ADA)
    synced.box.world.entra.add_member(OPS, ADA)
    synced.sync()
    assert synced.picture()["groups"]["dbx-data"]["members"] == [B, C, EVE]
