"""Names that change in Entra, over HTTP on both sides."""

from __future__ import annotations

import pytest

from aadsync_lib.sandbox.faults import Fault
from tests.acceptance.small import ADA, DATA, OPS, A, B, actions, company
from tests.acceptance.stage import Stage

LEE = "ada.lee@contoso.com"


@pytest.fixture
def synced(stage: Stage) -> Stage:
    stage.show(company())
    stage.sync()
    return stage


def ids(stage: Stage) -> dict[str, str]:
    return {one.display_name: one.id for one in stage.box.world.databricks.groups.values()}


def test_groups_that_swap_their_names_keep_ids_and_members(synced: Stage) -> None:
    before, entra = ids(synced), synced.box.world.entra
    entra.rename_group(DATA, "dbx-ops")
    entra.rename_group(OPS, "dbx-data")
    synced.sync()
    after = ids(synced)
    assert (after["dbx-ops"], after["dbx-data"]) == (before["dbx-data"], before["dbx-ops"])
    assert synced.picture()["groups"]["dbx-ops"]["members"] == [A, B]
    assert synced.plan().empty


def test_a_chain_of_names_moves_up(synced: Stage) -> None:
    before, entra = ids(synced), synced.box.world.entra
    entra.rename_group(OPS, "dbx-red")
    entra.rename_group(DATA, "dbx-ops")
    synced.sync()
    after = ids(synced)
    assert (after["dbx-red"], after["dbx-ops"]) == (before["dbx-ops"], before["dbx-data"])
    assert synced.plan().empty


def test_a_display_name_follows(synced: Stage) -> None:
    synced.box.world.entra.update_user(ADA, displayName="Ada Lee")
    assert actions(synced.plan()) == [("update_user", A)]
    synced.sync()
    assert synced.plan().empty


def test_a_user_name_waits_for_a_person(synced: Stage) -> None:
    synced.box.world.entra.update_user(ADA, userPrincipalName=LEE)
    report = synced.sync()
    (entry,) = report.targets[0].quarantined
    assert entry.external_id == ADA
    assert "Databricks cannot change it" in entry.reason
    assert "policy.user_name_change: recreate" in entry.reason
    assert synced.picture()["groups"]["dbx-data"]["members"] == [A, B]


def test_a_user_name_makes_a_new_user_where_the_policy_says_so(synced: Stage) -> None:
    synced.configure(policy={"user_name_change": "recreate"})
    synced.box.world.entra.update_user(ADA, userPrincipalName=LEE)
    synced.sync()
    users = synced.picture()["users"]
    assert (users[LEE]["active"], users[A]["active"]) == (True, False)
    assert synced.picture()["groups"]["dbx-data"]["members"] == [LEE, B]
    assert synced.plan().empty
    assert synced.plan().targets[0].quarantined == ()


@pytest.mark.parametrize("skip", range(4))
def test_a_new_user_takes_over_through_whatever_fails(synced: Stage, skip: int) -> None:
    synced.configure(policy={"user_name_change": "recreate"})
    synced.box.world.entra.update_user(ADA, userPrincipalName=LEE)
    fault = Fault("400", side="databricks", path="/scim/", method=None, skip=skip, count=1)
    for method in ("POST", "PATCH"):
        synced.box.faults.add(Fault(**(fault.to_json() | {"method": method})))
    synced.sync()
    members = synced.picture()["groups"]["dbx-data"]["members"]
    assert members.count(A) + members.count(LEE) >= 1  # never without access in between
    synced.box.faults.clear()
    for _ in range(2):
        synced.sync()
    assert not synced.picture()["users"][A]["active"]
    assert synced.picture()["groups"]["dbx-data"]["members"] == [LEE, B]
    assert synced.plan().empty
