"""Nobody loses access and nobody keeps it, though listings lag, roots are renamed and writes are not heard."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from aadsync_lib.model.run import Status
from aadsync_lib.sandbox.faults import Fault
from tests.acceptance.small import ADA, BOB, CYD, DATA, OPS, A, B, C, actions, company
from tests.acceptance.stage import Stage, removals


def turn(stage: Stage, side: str = "databricks", **switches: Any) -> None:
    answer = httpx.post(f"{stage.box.databricks_url}/_sandbox/switches", json={side: switches})
    assert answer.status_code == 204, answer.text


@pytest.fixture
def synced(stage: Stage) -> Stage:
    stage.show(company())
    stage.sync()
    return stage


@pytest.mark.parametrize("hidden", [A, "dbx-data", "dbx-ops"])
@pytest.mark.parametrize("remembered", [True, False])
def test_what_the_listing_leaves_out_loses_nothing(
    synced: Stage, hidden: str, remembered: bool
) -> None:
    before = synced.picture()
    if not remembered:
        synced.store_file.unlink()
    turn(synced, unlisted=[hidden])
    synced.sync()
    turn(synced, unlisted=[])
    report = synced.sync()
    assert removals(before, synced.picture()) == set()
    assert synced.duplicates() == []
    assert report.status is Status.SUCCEEDED
    assert synced.plan().empty


def test_a_joiner_whom_the_listing_does_not_show_yet_stays_in_the_group(synced: Stage) -> None:
    account = synced.box.world.databricks
    eve = synced.box.world.entra.add_user("eve@contoso.com", displayName="Eve")
    synced.box.world.entra.add_member(DATA, eve)
    joiner = account.add_user("eve@contoso.com", "Eve", eve.upper())
    account.groups[account.resolve("dbx-data")].members[joiner.id] = "Users"
    turn(synced, list_lag={"Users": 1})
    synced.sync()
    assert "eve@contoso.com" in synced.picture()["groups"]["dbx-data"]["members"]
    turn(synced, list_lag={})
    synced.sync()
    assert synced.duplicates() == []
    assert synced.plan().empty


def test_a_protected_person_whom_no_listing_shows_stays(synced: Stage) -> None:
    account = synced.box.world.databricks
    glass = account.add_user("breakglass@contoso.com", "Break glass", None)
    account.groups[account.resolve("dbx-data")].members[glass.id] = "Users"
    synced.configure(policy={"protected": {"users": ["BreakGlass@contoso.com"]}})
    turn(synced, unlisted=["breakglass@contoso.com"])
    synced.sync()
    assert "breakglass@contoso.com" in synced.picture()["groups"]["dbx-data"]["members"]


SELECTORS = [{"name": "dbx-data"}, {"id": DATA}]


@pytest.mark.parametrize("selector", SELECTORS)
@pytest.mark.parametrize("name", ["DBX-data", "Data Platform"])
def test_a_root_stays_the_root_when_it_is_renamed(
    stage: Stage, selector: dict[str, str], name: str
) -> None:
    stage.show(company())
    stage.configure(scope={"groups": [selector, {"name": "dbx-ops"}]})
    stage.sync()
    stage.box.world.entra.update(DATA, displayName=name)
    report = stage.sync()
    assert report.status is Status.SUCCEEDED
    codes = {notice.code for notice in report.targets[0].warnings}
    assert ("root_renamed" in codes) is ("name" in selector)
    assert stage.picture()["groups"][name]["members"] == [A, B]
    assert stage.picture()["users"][A]["active"]
    assert stage.plan().empty


def test_a_group_that_a_prefix_listing_leaves_out_stays(synced: Stage) -> None:
    turn(synced, "entra", unlisted=[DATA])
    assert synced.plan().empty


def test_one_404_on_a_root_is_no_proof(stage: Stage) -> None:
    stage.show(company())
    stage.configure(scope={"groups": [{"id": DATA}, {"id": OPS}]})
    stage.sync()
    stage.box.faults.add(Fault("404", side="graph", path=rf"/groups/{DATA}\?", count=1))
    stage.sync()
    assert stage.picture()["groups"]["dbx-data"]["members"] == [A, B]
    assert stage.picture()["users"][A]["active"]


def test_who_is_gone_loses_the_account_while_a_group_cannot_be_read(synced: Stage) -> None:
    synced.box.faults.add(Fault("403", side="graph", path=rf"/groups/{OPS}/members", count=None))
    synced.box.world.entra.delete_user(ADA)
    report = synced.sync()
    assert not synced.picture()["users"][A]["active"]
    assert synced.picture()["users"][C]["active"]
    assert report.status is Status.PARTIAL


def test_ids_in_capitals_on_the_target_are_the_same_ids(synced: Stage) -> None:
    synced.store_file.unlink()
    turn(synced, external_id_case="upper")
    synced.sync()
    assert synced.duplicates() == []
    assert synced.plan().empty


@pytest.mark.parametrize(
    "operation", ["displayName", "active", "group.displayName", "members.remove"]
)
def test_a_write_that_nobody_hears_is_a_failure_and_no_drift(synced: Stage, operation: str) -> None:
    entra = synced.box.world.entra
    turn(synced, deaf={operation: -1})
    {
        "displayName": lambda: entra.update_user(ADA, displayName="Countess"),
        "active": lambda: entra.update_user(ADA, accountEnabled=False),
        "group.displayName": lambda: entra.update(DATA, displayName="dbx-daten"),
        "members.remove": lambda: entra.remove_member(DATA, BOB),
    }[operation]()
    synced.sync()
    report = synced.sync()
    assert report.status is Status.PARTIAL
    assert len(report.failed) == 1
    assert report.targets[0].drift == ()
    assert "200" in report.failed[0].reason
    turn(synced, deaf={})
    synced.sync()
    synced.sync()
    assert synced.plan().empty


def test_two_syncs_that_name_the_place_differently_do_not_clash(synced: Stage) -> None:
    synced.configure(
        name="sales", scope={"groups": [{"id": OPS}]}, targets={"name": "prod"},
    )  # fmt: skip
    synced.box.world.entra.update(OPS, displayName="ops")
    synced.sync()
    synced.configure(
        name="contoso", scope={"groups": [{"prefix": "dbx-"}]}, targets={"name": "account"}
    )
    report = synced.sync()
    assert synced.picture()["users"][C]["active"], "the other sync has her in scope"
    assert "shared" in {notice.code for notice in report.targets[0].warnings}
    synced.box.world.entra.remove_member(OPS, CYD)
    synced.configure(name="sales", scope={"groups": [{"id": OPS}]}, targets={"name": "prod"})
    synced.sync()
    assert not synced.picture()["users"][C]["active"]


def test_a_list_that_is_one_behind_makes_nobody_twice(stage: Stage) -> None:
    stage.show(company())
    turn(stage, list_lag={"Users": 1, "Groups": 1})
    stage.sync()
    stage.sync()
    assert stage.duplicates() == []
    turn(stage, list_lag={})
    stage.sync()
    assert actions(stage.plan()) == []
