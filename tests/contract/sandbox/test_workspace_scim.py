"""Workspace SCIM: a workspace's own principals, or the account's that are assigned to it."""

import httpx
import pytest
from databricks.sdk.errors import PermissionDenied, ResourceConflict, Unauthenticated
from databricks.sdk.service import iam

from aadsync_lib.sandbox import Fault, Sandbox, World
from tests.contract.sandbox.workspaces import (
    ADA,
    BOB,
    ETL,
    EVE,
    account_client,
    http,
    patch,
    workspace_client,
    world_with_workspaces,
)

SCHEMAS = [iam.PatchSchema.URN_IETF_PARAMS_SCIM_API_MESSAGES_2_0_PATCH_OP]


@pytest.fixture(scope="module")
def running():
    with Sandbox(world_with_workspaces()) as box:
        yield box


@pytest.fixture
def box(running):
    running.reset(world_with_workspaces())
    return running


@pytest.fixture
def sales(box):
    return box.workspaces["sales"].state


@pytest.fixture
def hub(box):
    return box.workspaces["hub"].state


class TestHosts:
    def test_each_workspace_has_an_address_an_id_and_a_token_of_its_own(self, box):
        hosts = box.workspaces.values()
        assert [host.name for host in hosts] == ["hub", "sales"]
        for attribute in ("url", "token", "workspace_id"):
            values = {getattr(host, attribute) for host in hosts}
            assert len(values - {box.databricks_url, box.databricks_token}) == 2

    def test_a_host_says_which_workspace_of_which_account_it_is(self, box):
        host = box.workspaces["sales"]
        about = httpx.get(f"{host.url}/.well-known/databricks-config", verify=False).json()
        assert about["workspace_id"] == str(host.workspace_id)
        assert about["account_id"] == box.account_id
        assert about["oidc_endpoint"] == f"{host.url}/oidc"

    @pytest.mark.parametrize("name", ["hub", "sales"])
    def test_the_sdk_logs_in_with_token_and_with_client(self, box, name):
        host = box.workspaces[name]
        secret = {"client_id": host.client_id, "client_secret": host.client_secret}
        for login in ({"token": host.token}, secret):
            me = workspace_client(box, name, **login).current_user.me()
            assert me.user_name == host.client_id
            assert "admins" in {group.display for group in me.groups}

    def test_a_token_of_one_workspace_opens_no_other_and_not_the_account(self, box):
        token = box.workspaces["sales"].token
        with pytest.raises(Unauthenticated):
            workspace_client(box, "hub", token=token).current_user.me()
        with http(box, "hub", token=token) as client:
            answer = client.get(
                f"{box.databricks_url}/api/2.0/accounts/{box.account_id}/workspaces"
            )
        assert answer.status_code == 401

    def test_a_token_of_the_account_opens_federated_workspaces_alone(self, box):
        assert workspace_client(box, "hub", token=box.databricks_token).current_user.me()
        with pytest.raises(Unauthenticated):
            workspace_client(box, "sales", token=box.databricks_token).current_user.me()

    def test_another_world_keeps_the_addresses_by_name_and_adds_new_ones(self, box):
        before = {name: host.url for name, host in box.workspaces.items()}
        world = World()
        for name in ("sales", "fresh"):
            world.add_workspace(name)
        box.reset(world)
        assert box.workspaces["sales"].url == before["sales"]
        assert workspace_client(box, "fresh").current_user.me()
        with http(box, "sales") as client:
            assert client.get(f"{before['hub']}/api/2.0/preview/scim/v2/Me").status_code == 404

    def test_requests_are_logged_and_hit_by_faults_of_one_place(self, box):
        box.faults.add(Fault("503", side="databricks", place="sales", count=1, path="/Groups"))
        with http(box, "hub") as hub, http(box, "sales") as sales:
            assert hub.get("/Groups").status_code == 200
            assert sales.get("/Groups").status_code == 503
            assert sales.post("/Groups", json={"displayName": "x"}).status_code == 201
        assert box.log.count("databricks", place="sales") == 2
        assert len(box.log.writes("databricks", place="sales")) == 1
        assert box.log.writes("databricks", place="hub") == ()


class TestOwn:
    """A workspace without federation has people, applications and groups of its own."""

    def test_the_sdk_makes_and_changes_people_applications_and_nested_groups(self, box, sales):
        w = workspace_client(box, "sales")
        ada = w.users_v2.create(user_name="Ada@contoso.com", display_name="Ada", external_id="o-1")
        etl = w.service_principals_v2.create(application_id=ETL, display_name="etl")
        inner = w.groups_v2.create(display_name="Inner", members=[iam.ComplexValue(value=etl.id)])
        outer = w.groups_v2.create(
            display_name="Outer",
            members=[iam.ComplexValue(value=ada.id), iam.ComplexValue(value=inner.id)],
        )
        assert sales.members("Outer") == {ADA, "Inner"}
        assert {m.ref for m in w.groups_v2.get(outer.id).members} == {
            f"Users/{ada.id}",
            f"Groups/{inner.id}",
        }
        off = iam.Patch(op=iam.PatchOp.REPLACE, path="active", value=[{"value": "false"}])
        w.users_v2.patch(ada.id, operations=[off], schemas=SCHEMAS)
        assert sales.user(ADA).active is False
        assert box.world.databricks.user(ADA).active is True
        with pytest.raises(ResourceConflict):
            w.users_v2.create(user_name=ADA)
        w.groups_v2.delete(inner.id)
        assert sales.members("Outer") == {ADA}

    def test_ids_are_unlike_those_of_the_account_and_of_other_workspaces(self, box, sales, hub):
        ids = [{*state.users, *state.groups} for state in (box.world.databricks, sales)]
        assert not ids[0] & ids[1]
        assert hub.add_group("local").id not in ids[0] | ids[1]

    def test_everybody_is_in_users_and_a_group_says_whose_it_is(self, box, sales):
        ada = sales.add_user(ADA)
        sales.add_group("Data", members=[ADA])
        with http(box, "sales") as client:
            shown = client.get(f"/Users/{ada.id}").json()
            groups = client.get("/Groups").json()["Resources"]
        assert {group["display"] for group in shown["groups"]} == {"users", "Data"}
        kinds = {group["displayName"]: group["meta"]["resourceType"] for group in groups}
        assert kinds == dict.fromkeys(("admins", "users", "Data"), "WorkspaceGroup")
        assert all("members" not in group for group in groups)

    def test_filters_and_pages_are_those_of_account_scim(self, box, sales):
        for number in range(120):
            sales.add_user(f"u{number}@contoso.com")
        w = workspace_client(box, "sales")
        assert len(list(w.users_v2.list(count=100))) == 120
        assert [u.user_name for u in w.users_v2.list(filter='userName eq "U7@contoso.com"')] == [
            "u7@contoso.com"
        ]

    def test_the_system_groups_stay(self, box, sales):
        rows = {name: sales.group(name).id for name in ("admins", "users")}
        ada = sales.add_user(ADA)
        rename = patch({"op": "replace", "path": "displayName", "value": "x"})
        join = patch({"op": "add", "path": "members", "value": [{"value": ada.id}]})
        with http(box, "sales") as client:
            for group in rows.values():
                assert client.delete(f"/Groups/{group}").status_code == 403
                assert client.patch(f"/Groups/{group}", json=rename).status_code == 403
            assert client.patch(f"/Groups/{rows['users']}", json=join).status_code == 403
            assert client.patch(f"/Groups/{rows['admins']}", json=join).status_code == 200
        assert ADA in sales.members("admins")

    def test_people_read_and_admins_write(self, box, sales):
        sales.add_user(ADA)
        sales.add_token("ada", ADA)
        with http(box, "sales", token="ada") as client:
            assert client.get("/Users").status_code == 200
            assert client.post("/Users", json={"userName": BOB}).status_code == 403
        sales.add_members("admins", ADA)
        with http(box, "sales", token="ada") as client:
            assert client.post("/Users", json={"userName": BOB}).status_code == 201

    def test_switches_of_a_workspace_are_its_own(self, box, sales):
        root = f"{box.databricks_url}/_sandbox"
        wanted = {"workspaces": {"sales": {"list_lag": {"Users": 1}}}}
        assert httpx.post(f"{root}/switches", json=wanted, verify=False).status_code == 204
        sales.add_user(ADA)
        with http(box, "sales") as client:
            assert "Resources" not in client.get("/Users").json()
        assert len(list(account_client(box).users_v2.list())) == 3
        wrong = {"workspaces": {"sales": {"gravity": 0}}}
        assert httpx.post(f"{root}/switches", json=wrong, verify=False).status_code == 400


class TestEntitlements:
    def test_they_are_added_replaced_and_removed_on_every_kind(self, box, sales):
        rows = {
            "Users": sales.add_user(ADA).id,
            "ServicePrincipals": sales.add_service_principal(ETL).id,
            "Groups": sales.add_group("Data").id,
        }
        with http(box, "sales") as client:

            def send(path: str, op: str, *granted: str) -> list[str]:
                value = [{"value": name} for name in granted]
                body = patch({"op": op, "path": "entitlements", "value": value})
                shown = client.patch(path, json=body).raise_for_status().json()
                assert client.get(path).json().get("entitlements") == shown.get("entitlements")
                return [item["value"] for item in shown.get("entitlements", ())]

            for kind, key in rows.items():
                path = f"/{kind}/{key}"
                assert send(path, "add", "workspace-access") == ["workspace-access"]
                assert send(path, "add", "allow-cluster-create", "workspace-access") == [
                    "workspace-access",
                    "allow-cluster-create",
                ]
                assert send(path, "replace", "workspace-consume") == ["workspace-consume"]
                assert send(path, "remove", "workspace-consume", "workspace-access") == []

    def test_one_is_removed_by_filter_and_all_without(self, box, sales):
        group = sales.add_group("Data")
        sales.entitle("Data", "workspace-access", "allow-cluster-create")
        some = patch({"op": "remove", "path": 'entitlements[value eq "workspace-access"]'})
        rest = patch({"op": "remove", "path": "entitlements"})
        with http(box, "sales") as client:
            client.patch(f"/Groups/{group.id}", json=some).raise_for_status()
            assert sales.entitlements_of("Data") == ["allow-cluster-create"]
            client.patch(f"/Groups/{group.id}", json=rest).raise_for_status()
            assert sales.entitlements_of("Data") == []
            again = client.patch(f"/Groups/{group.id}", json=rest)
        assert (again.status_code, again.json()["scimType"]) == (400, "invalidPath")
        assert "No such attribute with the name : entitlements" in again.json()["detail"]

    @pytest.mark.parametrize(
        "granted", [["world-domination"], ["workspace-consume", "workspace-access"]]
    )
    def test_what_cannot_be_granted_is_refused_and_changes_nothing(self, box, sales, granted):
        group = sales.add_group("Data")
        value = [{"value": name} for name in granted]
        body = patch({"op": "add", "path": "entitlements", "value": value})
        with http(box, "sales") as client:
            assert client.patch(f"/Groups/{group.id}", json=body).status_code == 400
        assert sales.entitlements_of("Data") == []

    def test_a_group_is_created_with_members_and_entitlements_at_once(self, box, sales):
        ada = sales.add_user(ADA)
        body = {
            "displayName": "Data",
            "members": [{"value": ada.id}],
            "entitlements": [{"value": "workspace-access"}],
        }
        with http(box, "sales") as client:
            assert client.post("/Groups", json=body).status_code == 201
        assert sales.members("Data") == {ADA}
        assert sales.entitlements_of("Data") == ["workspace-access"]

    def test_an_empty_item_grants_nothing(self, box, sales):
        body = {"displayName": "Data", "entitlements": [{}]}
        with http(box, "sales") as client:
            assert client.post("/Groups", json=body).status_code == 201
        assert sales.entitlements_of("Data") == []

    def test_one_patch_carries_members_and_entitlements(self, box, sales):
        ada, group = sales.add_user(ADA), sales.add_group("Data")
        body = patch(
            {"op": "add", "path": "members", "value": [{"value": ada.id}]},
            {"op": "add", "path": "entitlements", "value": [{"value": "workspace-access"}]},
        )
        with http(box, "sales") as client:
            client.patch(f"/Groups/{group.id}", json=body).raise_for_status()
        assert sales.snapshot()["groups"]["Data"]["members"] == [ADA]
        assert sales.snapshot()["entitlements"]["Data"] == ["workspace-access"]

    def test_the_account_has_none(self, box):
        group = box.world.databricks.group("Data").id
        body = patch(
            {"op": "add", "path": "entitlements", "value": [{"value": "workspace-access"}]}
        )
        path = f"/api/2.0/accounts/{box.account_id}/scim/v2/Groups/{group}"
        with http(box, "hub", path="", token=box.databricks_token) as client:
            answer = client.patch(box.databricks_url + path, json=body)
        assert answer.status_code == 400
        assert "workspace level" in answer.json()["detail"]

    def test_reads_can_be_stale_and_writes_unheard(self, box, sales):
        group = sales.add_group("Data")
        body = patch(
            {"op": "add", "path": "entitlements", "value": [{"value": "workspace-access"}]}
        )
        sales.switches.deaf = {"entitlements": 1}
        with http(box, "sales") as client:
            client.patch(f"/Groups/{group.id}", json=body).raise_for_status()
            assert sales.entitlements_of("Data") == []
            client.patch(f"/Groups/{group.id}", json=body).raise_for_status()
            assert sales.entitlements_of("Data") == ["workspace-access"]
            box.faults.add(Fault("stale", method="GET", place="sales"))
            assert "entitlements" not in client.get(f"/Groups/{group.id}").json()
            assert "entitlements" in client.get(f"/Groups/{group.id}").json()


class TestFederated:
    """A federated workspace shows the account's principals that are assigned to it."""

    def test_only_the_assigned_and_those_in_assigned_groups_show_with_the_accounts_ids(
        self, box, hub
    ):
        account = box.world.databricks
        assert [u.user_name for u in workspace_client(box, "hub").users_v2.list()] == []
        hub.assign("Data")
        w = workspace_client(box, "hub")
        assert {u.id for u in w.users_v2.list()} == {account.user(n).id for n in (ADA, BOB)}
        assert ETL in {s.application_id for s in w.service_principals_v2.list()}
        groups = {g.display_name: g for g in w.groups_v2.list()}
        assert groups.keys() == {"admins", "users", "Data"}
        assert groups["Data"].id == account.group("Data").id
        assert groups["Data"].meta.resource_type == "Group"
        assert {m.display for m in w.groups_v2.get(groups["Data"].id).members} == {
            "Ada",
            "etl",
            "Inner",
        }

    def test_people_in_groups_can_be_left_out_of_listings(self, box, hub):
        hub.switches.inherited_listed = False
        hub.assign("Data")
        assert list(workspace_client(box, "hub").users_v2.list()) == []

    def test_what_changes_in_the_account_shows(self, box, hub):
        hub.assign("Data")
        account = box.world.databricks
        account.add_members("Data", EVE)
        account.user(ADA).active = False
        people = {u.user_name: u.active for u in workspace_client(box, "hub").users_v2.list()}
        assert people == {ADA: False, BOB: True, EVE: True}
        account.remove("Data")
        assert list(workspace_client(box, "hub").users_v2.list()) == []
        assert "Data" not in hub.assigned()

    def test_entitlements_go_by_the_accounts_id_and_are_of_this_workspace(self, box, hub):
        hub.assign("Data")
        group = box.world.databricks.group("Data").id
        body = patch(
            {"op": "add", "path": "entitlements", "value": [{"value": "workspace-access"}]}
        )
        with http(box, "hub") as client:
            client.patch(f"/Groups/{group}", json=body).raise_for_status()
            assert client.get(f"/Groups/{group}").json()["entitlements"] == [
                {"value": "workspace-access"}
            ]
        assert box.world.databricks.group("Data").entitlements == []
        hub.unassign("Data")
        hub.assign("Data")
        assert hub.entitlements_of("Data") == []

    def test_members_and_names_of_the_accounts_groups_stay(self, box, hub):
        hub.assign("Data")
        account = box.world.databricks
        group, eve = account.group("Data").id, account.user(EVE).id
        with http(box, "hub") as client:
            for operation in (
                {"op": "add", "path": "members", "value": [{"value": eve}]},
                {"op": "remove", "path": f'members[value eq "{account.user(ADA).id}"]'},
                {"op": "replace", "path": "displayName", "value": "x"},
                {"op": "replace", "path": "externalId", "value": "x"},
            ):
                assert client.patch(f"/Groups/{group}", json=patch(operation)).status_code == 400
            assert client.delete(f"/Groups/{group}").status_code == 400
        assert account.members("Data") == {ADA, ETL, "Inner"}

    def test_a_group_that_is_made_here_is_local_whatever_the_account_has(self, box, hub):
        made = workspace_client(box, "hub").groups_v2.create(display_name="Data")
        assert made.id != box.world.databricks.group("Data").id
        assert hub.group("Data").id == made.id
        with http(box, "hub") as client:
            shown = client.get(f"/Groups/{made.id}").json()
        assert shown["meta"] == {"resourceType": "WorkspaceGroup"}

    def test_a_local_group_takes_those_who_are_there(self, box, hub):
        hub.assign("Data")
        account = box.world.databricks
        hub.add_group("Local", members=[ADA])
        hub.unassign("Data")
        assert hub.members("Local") == set()
        body = {"displayName": "Other", "members": [{"value": account.user(EVE).id}]}
        with http(box, "hub") as client:
            client.post("/Groups", json=body).raise_for_status()
        assert hub.members("Other") == set()

    def test_somebody_who_is_made_here_is_made_in_the_account_and_assigned(self, box, hub):
        made = workspace_client(box, "hub").users_v2.create(user_name="new@contoso.com")
        assert box.world.databricks.user("new@contoso.com").id == made.id
        assert hub.assigned()["new@contoso.com"] == "USER"

    def test_somebody_whom_the_account_has_is_assigned(self, box, hub):
        w = workspace_client(box, "hub")
        assert w.users_v2.create(user_name=EVE).id == box.world.databricks.user(EVE).id
        assert hub.assigned()[EVE] == "USER"
        with pytest.raises(ResourceConflict):
            w.users_v2.create(user_name=EVE)

    def test_deactivating_here_is_of_this_workspace_and_deleting_takes_the_assignment(
        self, box, hub
    ):
        hub.assign(ADA)
        account = box.world.databricks
        w = workspace_client(box, "hub")
        key = account.user(ADA).id
        off = iam.Patch(op=iam.PatchOp.REPLACE, path="active", value=[{"value": "false"}])
        w.users_v2.patch(key, operations=[off], schemas=SCHEMAS)
        assert w.users_v2.get(key).active is False
        assert account.user(ADA).active is True
        w.users_v2.delete(key)
        assert ADA not in hub.assigned()
        assert account.user(ADA)

    def test_an_account_admin_who_is_not_assigned_cannot_enter(self, box, hub):
        box.world.databricks.add_user("boss@contoso.com", roles=["account_admin"])
        box.world.databricks.add_token("boss", "boss@contoso.com")
        with pytest.raises(PermissionDenied):
            workspace_client(box, "hub", token="boss").current_user.me()

    def test_admins_come_by_assignment_of_their_group(self, box, hub):
        hub.assign("Data", "ADMIN")
        hub.add_token("bob", BOB)
        with http(box, "hub", token="bob") as client:
            assert client.post("/Groups", json={"displayName": "x"}).status_code == 201
            assert "Data" in {m["display"] for m in _members(client, hub.group("admins").id)}
        hub.assign("Data", "USER")
        with http(box, "hub", token="bob") as client:
            assert client.post("/Groups", json={"displayName": "y"}).status_code == 403


def _members(client: httpx.Client, group: str) -> list[dict]:
    return client.get(f"/Groups/{group}").json()["members"]
