"""Workspace assignment, at the account's host and at the workspace's own."""

import httpx
import pytest
from databricks.sdk.errors import BadRequest, NotFound, PermissionDenied
from databricks.sdk.service.iam import WorkspacePermission

from aadsync_lib.sandbox import Fault, Sandbox
from tests.contract.sandbox.workspaces import (
    ADA,
    BOB,
    EVE,
    account_client,
    http,
    workspace_client,
    world_with_workspaces,
)

LOCAL = "/api/2.0/preview"
LISTING = "/permissionassignments"
USER, ADMIN = WorkspacePermission.USER, WorkspacePermission.ADMIN


@pytest.fixture(scope="module")
def running():
    with Sandbox(world_with_workspaces()) as box:
        yield box


@pytest.fixture
def box(running):
    running.reset(world_with_workspaces())
    return running


@pytest.fixture
def hub(box):
    return box.workspaces["hub"].state


@pytest.fixture
def sdk(box):
    return account_client(box)


@pytest.fixture
def data(box):
    return int(box.world.databricks.group("Data").id)


def put(box, principal: int, body: dict, name: str = "hub") -> httpx.Response:
    """The request as it is: the SDK cannot send every body."""
    path = f"/workspaces/{box.workspaces[name].workspace_id}/permissionassignments"
    url = f"{box.databricks_url}/api/2.0/accounts/{box.account_id}{path}/principals/{principal}"
    headers = {"Authorization": f"Bearer {box.databricks_token}"}
    return httpx.put(url, json=body, headers=headers, verify=False)


def test_the_sdk_lists_and_gets_the_accounts_workspaces(box, sdk):
    listed = {w.workspace_name: w for w in sdk.workspaces.list()}
    assert listed.keys() == {"hub", "sales"}
    hub = sdk.workspaces.get(box.workspaces["hub"].workspace_id)
    assert (hub.workspace_name, hub.account_id) == ("hub", box.account_id)
    with pytest.raises(NotFound):
        sdk.workspaces.get(1)


def test_the_sdk_assigns_changes_and_unassigns(box, sdk, hub, data):
    place = hub.workspace_id
    made = sdk.workspace_assignment.update(place, data, permissions=[USER])
    assert (made.error, made.permissions, made.principal.group_name) == (None, [USER], "Data")
    ada = int(box.world.databricks.user(ADA).id)
    sdk.workspace_assignment.update(place, ada, permissions=[USER, ADMIN])
    listed = {a.principal.principal_id: a for a in sdk.workspace_assignment.list(place)}
    assert listed[data].permissions == [USER]
    assert listed[ada].permissions == [ADMIN]
    assert listed[ada].principal.user_name == ADA
    sdk.workspace_assignment.delete(place, data)
    assert "Data" not in hub.assigned()
    sdk.workspace_assignment.delete(place, data)
    possible = sdk.workspace_assignment.get(place).permissions
    assert {p.permission_level for p in possible} == {USER, ADMIN}


@pytest.mark.parametrize("body", [{}, {"permissions": []}, {"permissions": ["user", "OWNER"]}])
def test_a_list_without_a_known_permission_takes_all_away(box, hub, data, body):
    hub.assign("Data", "ADMIN")
    answer = put(box, data, body)
    assert (answer.status_code, answer.json()["permissions"]) == (200, [])
    assert "Data" not in hub.assigned()


def test_the_sdk_without_permissions_takes_all_away(sdk, hub, data):
    hub.assign("Data")
    sdk.workspace_assignment.update(hub.workspace_id, data)
    assert "Data" not in hub.assigned()


def test_a_success_can_carry_an_error_and_have_done_nothing(box, sdk, hub, data):
    hub.switches.assignment_errors = 1
    hub.switches.assignment_error_objects = ["Data"]
    eve = int(box.world.databricks.user(EVE).id)
    assert not sdk.workspace_assignment.update(hub.workspace_id, eve, permissions=[USER]).error
    assert sdk.workspace_assignment.update(hub.workspace_id, data, permissions=[USER]).error
    assert "Data" not in hub.assigned()
    assert not sdk.workspace_assignment.update(hub.workspace_id, data, permissions=[USER]).error


def test_a_local_group_of_the_same_name_makes_it_fail(sdk, hub, data):
    local = hub.add_group("DATA")
    answer = sdk.workspace_assignment.update(hub.workspace_id, data, permissions=[USER])
    assert "workspace-local group named Data already exists" in answer.error
    hub.switches.assignment_conflict = "status"
    with pytest.raises(BadRequest, match="workspace-local group"):
        sdk.workspace_assignment.update(hub.workspace_id, data, permissions=[USER])
    assert "Data" not in hub.assigned()
    hub.remove(local.id)
    assert not sdk.workspace_assignment.update(hub.workspace_id, data, permissions=[USER]).error
    assert hub.assigned()["Data"] == "USER"
    assert not sdk.workspace_assignment.update(hub.workspace_id, data, permissions=[ADMIN]).error


def test_a_workspace_without_federation_refuses_all_of_it(box, sdk, data):
    place = box.workspaces["sales"].workspace_id
    for call in (
        lambda: sdk.workspace_assignment.list(place),
        lambda: sdk.workspace_assignment.get(place),
        lambda: sdk.workspace_assignment.update(place, data, permissions=[USER]),
        lambda: sdk.workspace_assignment.delete(place, data),
    ):
        with pytest.raises(BadRequest, match="not available for this workspace"):
            call()
    with http(box, "sales", LOCAL) as client:
        assert client.get(LISTING).status_code == 400


def test_a_new_workspace_refuses_it_for_a_while(sdk, hub):
    hub.switches.assignments_unavailable = 1
    with pytest.raises(BadRequest, match="not available for this workspace"):
        sdk.workspace_assignment.list(hub.workspace_id)
    assert sdk.workspace_assignment.list(hub.workspace_id)


def test_unknown_principals_and_workspaces_are_not_found(sdk, hub, data):
    with pytest.raises(NotFound):
        sdk.workspace_assignment.update(hub.workspace_id, 1, permissions=[USER])
    with pytest.raises(NotFound):
        sdk.workspace_assignment.update(1, data, permissions=[USER])


def test_it_is_for_account_admins(box, hub, data):
    box.world.databricks.add_token("ada", ADA)
    headers = {"Authorization": "Bearer ada"}
    base = f"{box.databricks_url}/api/2.0/accounts/{box.account_id}/workspaces"
    for path in ("", f"/{hub.workspace_id}", f"/{hub.workspace_id}/permissionassignments"):
        assert httpx.get(base + path, headers=headers, verify=False).status_code == 403


def test_a_principal_that_is_gone_is_assigned_no_more(box, sdk, hub):
    hub.assign("Data")
    box.world.databricks.remove("Data")
    listed = sdk.workspace_assignment.list(hub.workspace_id)
    assert "Data" not in {a.principal.display_name for a in listed}


def test_the_workspaces_host_does_the_same_for_its_admins(box, hub, data):
    with http(box, "hub", LOCAL) as client:
        assert (
            client.put(f"{LISTING}/principals/{data}", json={"permissions": ["USER"]}).status_code
            == 200
        )
        rows = client.get(LISTING).json()["permission_assignments"]
        assert data in {row["principal"]["principal_id"] for row in rows}
        assert client.delete(f"{LISTING}/principals/{data}").status_code == 200
    assert "Data" not in hub.assigned()
    hub.assign(BOB)
    hub.add_token("bob", BOB)
    with http(box, "hub", LOCAL, token="bob") as client:
        assert client.get(LISTING).status_code == 403
    with pytest.raises(PermissionDenied):
        workspace_client(box, "hub", token="bob").api_client.do("GET", LOCAL + LISTING)


def test_writes_can_go_unheard(sdk, hub, data):
    hub.switches.deaf = {"assign": 1, "unassign": 1}
    sdk.workspace_assignment.update(hub.workspace_id, data, permissions=[USER])
    assert "Data" not in hub.assigned()
    sdk.workspace_assignment.update(hub.workspace_id, data, permissions=[USER])
    sdk.workspace_assignment.delete(hub.workspace_id, data)
    assert hub.assigned()["Data"] == "USER"
    sdk.workspace_assignment.delete(hub.workspace_id, data)
    assert "Data" not in hub.assigned()


def test_reads_can_be_stale_and_leave_out(box, sdk, hub, data):
    def listed() -> set[str]:
        rows = sdk.workspace_assignment.list(hub.workspace_id)
        return {row.principal.display_name for row in rows}

    sdk.workspace_assignment.update(hub.workspace_id, data, permissions=[USER])
    box.faults.add(Fault("stale", method="GET", path="permissionassignments"))
    assert "Data" not in listed()
    assert "Data" in listed()
    hub.switches.unlisted = ["Data"]
    assert "Data" not in listed()


def test_it_is_limited_to_five_a_second_for_the_whole_account(box, data, monkeypatch):
    monkeypatch.setattr(box.limits, "clock", lambda: 0.0)
    box.limits.speed = 1.0
    try:
        answers = [put(box, data, {"permissions": ["USER"]}).status_code for _ in range(6)]
        with http(box, "hub", LOCAL) as client:
            answers.append(client.get(LISTING).status_code)
    finally:
        box.limits.speed = None
    assert answers == [200] * 5 + [429] * 2
    assert box.limits.refused["assignment"] == 2


def test_the_workspaces_host_assigns_users_by_name_and_admins_by_id_only(box, hub):
    def post(**item: object) -> dict:
        with http(box, "hub", LOCAL) as client:
            answer = client.post(LISTING, json={"permission_assignments": [item]}).json()
        return answer["permission_assignments"][0]

    assert post(group_name="Data", permissions=["USER"])["principal"]["group_name"] == "Data"
    assert post(user_name=ADA, permissions=["USER"])["permissions"] == ["USER"]
    assert hub.assigned()["Data"] == hub.assigned()[ADA] == "USER"
    assert "error" in post(group_name="Data", permissions=["ADMIN"])
    assert "error" in post(group_name="Nothing", permissions=["USER"])
    assert hub.assigned()["Data"] == "USER"
