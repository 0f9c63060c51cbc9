"""Groups that automatic identity management brings into the account and keeps."""

import httpx
import pytest
from databricks.sdk.errors import InternalError
from databricks.sdk.service import iam

from aadsync_lib.sandbox import Sandbox, manage_automatically
from tests.contract.sandbox.contoso import ADA, BOB, DATA, EVE, ROBOT, ROBOT_APP, TEAM, small_world
from tests.contract.sandbox.workspaces import account_client, http, patch

SCHEMAS = [iam.PatchSchema.URN_IETF_PARAMS_SCIM_API_MESSAGES_2_0_PATCH_OP]


@pytest.fixture
def world():
    return small_world()


def external_ids(world) -> dict[str, str]:
    account = world.databricks
    tables = (account.users, account.service_principals, account.groups)
    return {r.external_id: r.name for t in tables for r in t.values() if r.external_id}


def test_a_group_comes_with_everybody_below_it_by_their_entra_ids(world):
    done = manage_automatically(world, "dbx-data")
    assert (done.managed, done.blocked, done.doubled) == (["R&D's team", "dbx-data"], [], [])
    assert external_ids(world).keys() == {DATA, TEAM, ADA, BOB, EVE, ROBOT}
    assert world.databricks.members("dbx-data") == {"ada@contoso.com", ROBOT_APP, "R&D's team"}


def test_it_can_be_named_by_id_and_follows_entra_when_it_is_brought_up_to_date(world):
    manage_automatically(world, DATA)
    world.entra.remove_member(DATA, ADA)
    assert manage_automatically(world, DATA).doubled == []
    assert world.databricks.members("dbx-data") == {ROBOT_APP, "R&D's team"}
    with pytest.raises(ValueError, match="0 Entra groups are named 'nothing'"):
        manage_automatically(world, "nothing")


def test_a_local_group_of_the_name_blocks_it(world):
    world.databricks.add_group("dbx-data")
    done = manage_automatically(world, DATA)
    assert (done.managed, done.blocked) == ([], ["dbx-data"])
    assert world.databricks.group("dbx-data").aim_managed is False


def test_a_group_with_the_right_external_id_is_taken_over(world):
    local = world.databricks.add_group("Old name", DATA)
    manage_automatically(world, DATA)
    assert world.databricks.groups[local.id].aim_managed is True


def test_who_has_no_external_id_is_doubled(world):
    world.databricks.add_user("ada@contoso.com")
    world.databricks.add_service_principal(ROBOT_APP, external_id="wrong")
    assert manage_automatically(world, DATA).doubled == ["ada@contoso.com", ROBOT_APP]
    assert len(world.databricks.users.named("ada@contoso.com")) == 2


def test_scim_shows_no_members_and_changes_nothing_and_direct_members_say_whose_it_is(world):
    with Sandbox(world) as box:
        root = f"{box.databricks_url}/_sandbox/automatic"
        answer = httpx.post(root, json={"groups": [DATA]}, verify=False)
        assert answer.json()["managed"] == ["R&D's team", "dbx-data"]
        a = account_client(box)
        (group,) = a.groups_v2.list(filter='displayName eq "dbx-data"')
        read = a.groups_v2.get(group.id)
        assert (read.external_id, read.members) == (DATA, [])
        rows = list(a.iam_v2.list_direct_group_members(int(group.id)))
        assert {row.external_id for row in rows} == {ADA, ROBOT, TEAM}
        assert {row.membership_source.value for row in rows} == {"IDENTITY_PROVIDER"}
        rename = iam.Patch(op=iam.PatchOp.REPLACE, path="displayName", value="x")
        with pytest.raises(InternalError, match="performing the patch operation on group"):
            a.groups_v2.patch(group.id, operations=[rename], schemas=SCHEMAS)
        with pytest.raises(InternalError):
            a.groups_v2.delete(group.id)
    assert world.databricks.group("dbx-data")


def test_a_workspace_entitles_such_a_group(world):
    manage_automatically(world, DATA)
    hub = world.add_workspace("hub", federated=True)
    hub.assign("dbx-data")
    group = world.databricks.group("dbx-data").id
    granted = {"op": "add", "path": "entitlements", "value": [{"value": "workspace-access"}]}
    with Sandbox(world) as box, http(box, "hub") as client:
        assert client.patch(f"/Groups/{group}", json=patch(granted)).status_code == 200
        assert "members" not in client.get(f"/Groups/{group}").json()
    assert hub.entitlements_of("dbx-data") == ["workspace-access"]
