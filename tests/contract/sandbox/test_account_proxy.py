"""Account SCIM at a workspace's host, for workspace admins and group managers."""

import pytest

from aadsync_lib.sandbox import Sandbox
from tests.contract.sandbox.workspaces import (
    ADA,
    BOB,
    EVE,
    PROXY,
    http,
    patch,
    workspace_client,
    world_with_workspaces,
)


@pytest.fixture(scope="module")
def running():
    with Sandbox(world_with_workspaces()) as box:
        yield box


@pytest.fixture
def box(running):
    """Ada is a workspace admin; Bob manages Data and is in the workspace; Eve is only that."""
    world = world_with_workspaces()
    account, hub = world.databricks, world.workspace("hub")
    hub.assign(ADA, "ADMIN")
    for name in (BOB, EVE):
        hub.assign(name)
    account.group("Data").managers = [account.user(BOB).id]
    for name in (ADA, BOB, EVE):
        hub.add_token(name.partition("@")[0], name)
    running.reset(world)
    return running


@pytest.fixture
def account(box):
    return box.world.databricks


def rename(name: str) -> dict:
    return patch({"op": "replace", "path": "displayName", "value": name})


def join(key: str) -> dict:
    return patch({"op": "add", "path": "members", "value": [{"value": key}]})


def leave(key: str) -> dict:
    return patch({"op": "remove", "path": f'members[value eq "{key}"]'})


def test_an_account_admin_may_do_everything(box, account):
    with http(box, "hub", PROXY) as client:
        made = client.post("/Groups", json={"displayName": "New"})
        assert made.status_code == 201
        assert client.patch(f"/Groups/{made.json()['id']}", json=rename("Newer")).status_code == 200
        assert client.delete(f"/Users/{account.user(EVE).id}").status_code == 204
    assert account.group("Newer")


def test_ids_are_the_accounts_and_nobody_has_to_be_assigned(box, account):
    account.add_user("far@contoso.com")
    do = workspace_client(box, "hub").api_client.do
    rows = do("GET", f"{PROXY}/Users", query={"count": "100"})["Resources"]
    assert {row["id"] for row in rows} == set(account.users)


def test_a_workspace_admin_reads_and_creates_and_manages_what_they_made(box, account):
    with http(box, "hub", PROXY, token="ada") as client:
        assert client.get("/Users").status_code == 200
        assert client.post("/Users", json={"userName": "n@contoso.com"}).status_code == 201
        made = client.post("/Groups", json={"displayName": "New"}).json()["id"]
        assert client.patch(f"/Groups/{made}", json=join(account.user(EVE).id)).status_code == 200
        data = account.group("Data").id
        assert client.patch(f"/Groups/{data}", json=join(account.user(EVE).id)).status_code == 403
        assert client.delete(f"/Users/{account.user(EVE).id}").status_code == 403
    assert account.members("New") == {EVE}


def test_a_group_manager_changes_members_of_their_groups_alone(box, account):
    data, inner, eve = account.group("Data").id, account.group("Inner").id, account.user(EVE).id
    with http(box, "hub", PROXY, token="bob") as client:
        assert client.get(f"/Groups/{inner}").status_code == 200
        assert client.patch(f"/Groups/{data}", json=join(eve)).status_code == 200
        assert account.members("Data") > {EVE}
        assert client.patch(f"/Groups/{data}", json=leave(eve)).status_code == 200
        assert client.patch(f"/Groups/{inner}", json=join(eve)).status_code == 403
        assert client.patch(f"/Groups/{data}", json=rename("x")).status_code == 403
        assert client.put(f"/Groups/{data}", json={"displayName": "Data"}).status_code == 403
        assert client.patch(f"/Users/{eve}", json=rename("x")).status_code == 403
        assert client.post("/Groups", json={"displayName": "x"}).status_code == 403
        assert client.post("/Users", json={"userName": "x@contoso.com"}).status_code == 403
    assert account.group("Data").display_name == "Data"
    assert account.members("Inner") == {BOB}


def test_a_manager_by_way_of_a_group_is_one(box, account):
    account.group("Data").managers = [account.group("Inner").id]
    with http(box, "hub", PROXY, token="bob") as client:
        eve = account.user(EVE).id
        assert (
            client.patch(f"/Groups/{account.group('Data').id}", json=join(eve)).status_code == 200
        )


def test_others_may_not_so_much_as_read(box):
    with http(box, "hub", PROXY, token="eve") as client:
        assert client.get("/Groups").status_code == 403


def test_direct_members_are_read_there_too(box, account):
    w = workspace_client(box, "hub")
    group = int(account.group("Data").id)
    rows = w.workspace_iam_v2.list_direct_group_members_proxy(group)
    assert {str(row.principal_id) for row in rows} == set(account.group("Data").members)
    with http(box, "hub", "/api/2.0/identity", token="eve") as client:
        assert client.get(f"/groups/{group}/direct-members").status_code == 403


def test_a_workspace_without_federation_knows_its_callers_by_name(box, account):
    sales = box.workspaces["sales"].state
    for name in (BOB, "stranger@contoso.com"):
        sales.add_user(name)
        sales.add_token(f"{name} there", name)
    eve = account.user(EVE).id
    with http(box, "sales", PROXY, token=f"{BOB} there") as client:
        assert (
            client.patch(f"/Groups/{account.group('Data').id}", json=join(eve)).status_code == 200
        )
    with http(box, "sales", PROXY, token="stranger@contoso.com there") as client:
        assert client.get("/Groups").status_code == 403
