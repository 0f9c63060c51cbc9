"""``compare`` and the hand-over, held against what Entra's cycles really provision."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.acceptance.worlds import ADA, BOB, CYD, DATA, ETL, OPS, ROBOT, ROOT
from tests.contract.connector.gallery import Gallery
from tests.contract.sandbox.connecting import Setup

ASSIGNMENTS = {
    "the group of groups": (ROOT,),
    "groups at every level": (ROOT, DATA, ETL, OPS),
    "people": (ADA, BOB),
    "people and groups": (CYD, ETL),
    "a service principal": (ROBOT, DATA),
    "nobody": (),
}

BOB_IS_DISABLED = 1


@pytest.fixture(params=ASSIGNMENTS)
def connector(gallery: Gallery, request: pytest.FixtureRequest) -> Setup:
    """A connector that has had its first cycle; somebody who is assigned is disabled in Entra."""
    gallery.entra.update(BOB, accountEnabled=False)
    setup = gallery.ready()
    setup.assign(*ASSIGNMENTS[request.param])
    return setup


def test_compare_says_what_a_cycle_provisions(gallery: Gallery, connector: Setup) -> None:
    document = json.loads(gallery("compare", "--format", "json").stdout)
    (target,) = document["targets"]
    before = provisioned(gallery)
    connector.cycle()
    arrived = provisioned(gallery) - before
    assert len(arrived) == target["both"] + len(target["only_connector"])
    assert names(target["only_connector"]) <= arrived
    assert not names(target["only_sync"]) & arrived


def names(rows: list[dict[str, str]]) -> set[tuple[str, str]]:
    return {(row["type"], row["name"].lower()) for row in rows}


def provisioned(gallery: Gallery) -> set[tuple[str, str]]:
    """People who are active, and groups, that are known by an id of Entra."""
    account: Any = gallery.stage.directory
    people = {("user", u.user_name) for u in account.users.values() if u.active and u.external_id}
    groups = {("group", g.display_name.lower()) for g in account.groups.values() if g.external_id}
    return people | groups


def test_a_sync_takes_over_from_the_connector_and_removes_nobody(
    gallery: Gallery, connector: Setup
) -> None:
    connector.cycle()
    there = provisioned(gallery)
    assert gallery("stop").exit_code == 0
    (target,) = gallery.stage.plan().targets
    taking = {type(change).__name__ for change in target.changes}
    assert not {name for name in taking if name.startswith(("Delete", "Deactivate", "Remove"))}
    gallery.stage.sync()
    assert there <= provisioned(gallery)
    assert len(gallery.stage.directory.users) == 6 - BOB_IS_DISABLED
    assert gallery.stage.plan().targets[0].changes == ()


def test_and_the_connector_from_the_sync(gallery: Gallery, connector: Setup) -> None:
    gallery.stage.sync()
    there, memberships = provisioned(gallery), members(gallery)
    assert connector.cycle()["lastExecution"]["state"] == "Succeeded"
    assert there <= provisioned(gallery)
    assert memberships == members(gallery)


def members(gallery: Gallery) -> dict[str, Any]:
    groups: dict[str, Any] = gallery.stage.directory.snapshot()["groups"]
    return {name: group["members"] for name, group in groups.items()}
