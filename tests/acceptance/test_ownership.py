"""Whose an object on the target is: what is not ours is listed with its owner, and left alone."""

from __future__ import annotations

from typing import Any

import pytest

from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Origin
from aadsync_lib.model.plan import UnappliedBy, Unowned
from aadsync_lib.model.run import Status
from aadsync_lib.sandbox import World
from tests.acceptance.stage import Stage

ADA, BOB = (f"22222222-0000-4000-8000-00000000000{n}" for n in (1, 2))
DATA, OPS = (f"11111111-0000-4000-8000-00000000000{n}" for n in (1, 2))
ROBOT = "33333333-0000-4000-8000-000000000001"
APP = "33333333-0000-4000-8000-00000000aaaa"
ALIEN = "99999999-0000-4000-8000-000000000009"


def world(*groups: dict[str, Any], **databricks: Any) -> World:
    """Ada, Bob and a robot in dbx-data, and what the account has."""
    entra = {
        "users": [
            {"id": ADA, "userPrincipalName": "ada@contoso.com", "displayName": "Ada"},
            {"id": BOB, "userPrincipalName": "bob@contoso.com", "displayName": "Bob"},
        ],
        "servicePrincipals": [{"id": ROBOT, "displayName": "Robot", "appId": APP}],
        "groups": [
            {"id": DATA, "displayName": "dbx-data", "members": [ADA, BOB, ROBOT]},
            *groups,
        ],
    }
    return World.from_json({"entra": entra, "databricks": databricks})


def found(stage: Stage) -> dict[str, Unowned]:
    return {one.name: one for one in stage.plan().targets[0].unowned}


def origins(stage: Stage) -> dict[str, Origin]:
    return {link.name: link.origin for link in stage.links_and_pending()[0].values()}


def test_each_kind_is_adopted_by_its_own_word(stage: Stage) -> None:
    stage.show(
        world(users=[{"user_name": "ada@contoso.com"}], groups=[{"display_name": "dbx-data"}])
    )
    stage.configure(policy={"adopt": {"groups": "never"}})

    report = stage.sync()

    assert origins(stage) == {
        "ada@contoso.com": Origin.ADOPTED, "bob@contoso.com": Origin.CREATED, APP: Origin.CREATED,
    }  # fmt: skip
    assert report.status is Status.PARTIAL
    assert [one.name for one in report.targets[0].quarantined] == ["dbx-data"]
    assert stage.picture()["groups"]["dbx-data"] == {"externalId": None, "members": []}
    assert found(stage)["dbx-data"].owner == "nobody: it has no externalId"

    stage.configure(policy={"adopt": {"groups": "unowned"}})
    assert stage.sync().status is Status.SUCCEEDED
    members = ["ada@contoso.com", "bob@contoso.com", APP]
    assert sorted(stage.picture()["groups"]["dbx-data"]["members"]) == sorted(members)
    assert found(stage) == {}


OBJECTS = {
    "users": ("user_name", "ada@contoso.com", ADA),
    "service_principals": ("application_id", APP, ROBOT),
    "groups": ("display_name", "dbx-data", DATA),
}


@pytest.mark.parametrize("kind", OBJECTS)
@pytest.mark.parametrize("owned_by", ["nobody", "another externalId", "another tool"])
def test_the_setting_that_a_plan_names_is_the_one_that_adopts(
    stage: Stage, kind: str, owned_by: str
) -> None:
    key, name, object_id = OBJECTS[kind]
    external_id = {"nobody": None, "another externalId": ALIEN, "another tool": object_id}[owned_by]
    row = {key: name, "external_id": external_id}
    stage.show(
        world(**{kind: [row | ({"members": ["account users"]} if kind == "groups" else {})]})
    )
    stage.configure(policy={"adopt": "never"})
    before = stage.picture()[kind][name]

    assert stage.sync().status is Status.PARTIAL

    assert stage.picture()[kind][name] == before
    one = found(stage)[name]
    assert one.owner.startswith(owned_by)
    assert one.external_id == object_id
    setting, _, word = str(one.setting).partition(": ")
    assert setting == f"policy.adopt.{kind}"
    stage.configure(policy={"adopt": {kind: word}})
    assert name in {change.name for change in _adoptions(stage)}
    assert stage.sync().status is Status.SUCCEEDED
    assert stage.picture()[kind][name]["externalId"] == object_id


def _adoptions(stage: Stage) -> list[Any]:
    return [one for one in stage.plan().targets[0].changes if one.action.verb == "adopt"]


def test_a_group_of_automatic_identity_management_is_recognised_before_anything_is_sent_to_it(
    stage: Stage,
) -> None:
    stage.show(world())
    account = stage.box.world.databricks
    account.add_user("ada@contoso.com", "Ada", ADA)
    account.add_group("dbx-data", DATA, ["ada@contoso.com"], aim_managed=True)

    for word in ("never", "unowned"):
        stage.configure(policy={"adopt": {"groups": word}})
        one = found(stage)["dbx-data"]
        assert one.owner.startswith("looks managed by automatic identity management")
        assert one.setting == "policy.adopt.groups: unowned"

    stage.configure(policy={"adopt": {"groups": "never"}})
    mark = stage.box.log.mark()
    stage.sync()
    group = account.groups[account.resolve("dbx-data")]
    paths = [entry.path for entry in stage.box.log.writes("databricks", after=mark)]
    assert paths
    assert not [path for path in paths if path.endswith(f"/Groups/{group.id}")]


def test_two_syncs_of_one_store_share_people_and_never_a_group(stage: Stage) -> None:
    ops = {"id": OPS, "displayName": "ops", "members": [ADA, DATA]}
    stage.show(world(ops))
    assert stage.sync().status is Status.SUCCEEDED
    first = stage.links_and_pending()[0]
    theirs = {link.target_id for link in first.values()}

    stage.configure(name="finance", scope={"groups": [{"name": "ops"}]})
    report = stage.sync()

    assert report.status is Status.PARTIAL
    [quarantined] = report.targets[0].quarantined
    assert quarantined.name == "dbx-data"
    assert "is a group of the sync contoso" in quarantined.reason
    owners = {one.owner for one in report.targets[0].unowned}
    assert owners == {"the sync contoso"}
    assert stage.picture()["groups"]["ops"]["members"] == ["ada@contoso.com"]
    second = stage.links_and_pending()[0]
    people = {oid for oid, link in first.items() if link.kind is not Kind.GROUP}
    assert set(second) == {OPS} | people
    assert {second[oid].target_id for oid in people} <= theirs
    assert stage.plan().empty


def test_a_person_of_two_syncs_follows_entra_by_either_and_leaves_by_the_last(stage: Stage) -> None:
    stage.show(world({"id": OPS, "displayName": "ops", "members": [ADA]}))
    stage.sync()
    other = {"name": "finance", "scope": {"groups": [{"name": "ops"}]}}
    stage.configure(**other)
    stage.sync()
    entra = stage.box.world.entra
    assert stage.plan().empty
    entra.update_user(ADA, displayName="Ada King")
    stage.sync()
    assert stage.picture()["users"]["ada@contoso.com"]["displayName"] == "Ada King"
    entra.remove_member(OPS, ADA)
    stage.sync()
    assert stage.picture()["groups"]["ops"]["members"] == []
    assert stage.picture()["users"]["ada@contoso.com"]["active"] is True

    stage.configure(name="contoso", scope={"groups": [{"prefix": "dbx-"}]})
    assert stage.plan().empty
    entra.remove_member(DATA, ADA)
    stage.sync()
    assert stage.picture()["users"]["ada@contoso.com"]["active"] is False


def test_a_member_added_by_hand_stays_under_managed_and_the_plan_lists_it_as_drift(
    stage: Stage,
) -> None:
    stage.show(world(users=[{"user_name": "eve@fabrikam.com"}]))
    stage.configure(policy={"members": "managed"})
    stage.sync()
    stage.box.world.databricks.add_members("dbx-data", "eve@fabrikam.com")

    plan = stage.plan().targets[0]

    assert plan.changes == ()
    [left] = plan.unapplied
    assert (left.by, left.change.drift) == (UnappliedBy.MANAGED, True)
    assert [member.name for member in left.change.members] == ["eve@fabrikam.com"]
    stage.sync()
    assert "eve@fabrikam.com" in stage.box.world.databricks.members("dbx-data")

    stage.configure(policy={"members": "exact"})
    stage.sync()
    assert "eve@fabrikam.com" not in stage.box.world.databricks.members("dbx-data")
