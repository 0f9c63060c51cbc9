"""Who may call the workspace, and how it shares its host with the account."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from databricks.sdk import AccountClient, WorkspaceClient
from databricks.sdk.config import Config
from databricks.sdk.errors import NotFound, PermissionDenied, Unauthenticated

from aadsync_lib.sandbox import Fault
from aadsync_lib.sandbox.command import cli_environment, describe
from tests.contract.sandbox.contoso import small_world
from tests.workspace.lab.conftest import workspace_client

ROOT = Path(__file__).parents[3]


def get(hub, path, token):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.get(f"{hub.databricks_url}{path}", headers=headers)


def test_the_token_opens_the_workspace_as_a_service_principal(hub, admin_client):
    me = admin_client.current_user.me()
    assert (me.user_name, me.display_name) == (hub.client_id, "Sync")
    assert {group.display for group in me.groups} == {"admins", "users"}
    assert admin_client.get_workspace_id() == hub.workspace.workspace_id


def test_the_oauth_client_opens_the_workspace(hub):
    client = workspace_client(hub, client_id=hub.client_id, client_secret=hub.client_secret)
    assert client.config.auth_type == "oauth-m2m"
    assert client.current_user.me().user_name == hub.client_id


def test_clients_older_than_host_metadata_find_the_token_endpoint(hub):
    document = "/oidc/.well-known/oauth-authorization-server"
    endpoint = get(hub, document, None).json()["token_endpoint"]
    form = {"grant_type": "client_credentials"}
    answer = httpx.post(endpoint, data=form, auth=(hub.client_id, hub.client_secret))
    assert get(hub, "/api/2.0/preview/scim/v2/Me", answer.json()["access_token"]).is_success
    root = f"{hub.databricks_url}/oidc/v1/token"
    assert httpx.post(root, data=form, auth=(hub.client_id, hub.client_secret)).is_success


def test_the_account_is_at_the_same_host(hub):
    config = Config(host=hub.databricks_url, token=hub.databricks_token)
    assert config.workspace_id == str(hub.workspace.workspace_id)
    assert config.account_id == hub.account_id
    assert AccountClient(config=config).users_v2.list() is not None


def test_everybody_the_account_knows_may_call(ada_client):
    me = ada_client.current_user.me()
    assert me.user_name == "ada@contoso.com"
    assert [group.display for group in me.groups] == ["users"]


def test_a_group_gives_its_members_admin_rights_and_a_name(hub, ada_client):
    hub.world.databricks.add_group("Inner", members=["ada@contoso.com"])
    hub.world.databricks.add_group("Ops", members=["Inner"], roles=["account_admin"])
    groups = {group.display for group in ada_client.current_user.me().groups}
    assert groups == {"Inner", "Ops", "admins", "users"}


def test_unknown_tokens_are_unauthenticated(hub):
    with pytest.raises(Unauthenticated):
        workspace_client(hub, token="unknown").current_user.me()
    assert get(hub, "/api/2.0/secrets/scopes/list", None).status_code == 401


def test_tokens_of_nobody_and_of_provisioning_do_not_open_the_workspace(hub):
    hub.world.databricks.add_token("nobody")
    hub.world.databricks.add_token("scim", scim_only=True)
    for token in ("nobody", "scim"):
        with pytest.raises(PermissionDenied):
            workspace_client(hub, token=token).current_user.me()


def test_the_deactivated_cannot_call(hub, ada_client):
    hub.world.databricks.user("ada@contoso.com").active = False
    with pytest.raises(Unauthenticated):
        ada_client.current_user.me()


def test_principals_are_looked_up_by_name(hub, admin_client):
    (found,) = admin_client.service_principals.list(filter='displayName eq "Sync"')
    assert found.application_id == hub.client_id
    assert admin_client.service_principals.get(found.id).display_name == "Sync"
    with pytest.raises(NotFound):
        admin_client.users.get("1")


def test_an_unknown_path_and_a_wrong_verb_are_refusals(hub):
    answer = get(hub, "/api/2.0/clusters/list", hub.databricks_token)
    assert (answer.status_code, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    assert get(hub, "/api/2.0/secrets/put", hub.databricks_token).status_code == 405


def test_a_body_that_is_no_object_is_refused(hub):
    headers = {"Authorization": f"Bearer {hub.databricks_token}"}
    url = f"{hub.databricks_url}/api/2.0/secrets/put"
    assert httpx.post(url, content=b"[]", headers=headers).status_code == 400
    answer = httpx.post(url, headers=headers)
    assert answer.json()["message"] == "Missing required field: scope"


def test_faults_and_the_log_cover_the_workspace(hub, admin_client):
    hub.faults.add(Fault("503", side="databricks", path="/secrets/"))
    assert list(admin_client.secrets.list_scopes()) == []
    assert [e.status for e in hub.log.select("databricks", path="/secrets/")] == [503, 200]


def test_a_reset_empties_the_workspace(hub, admin_client):
    admin_client.secrets.create_scope("aadsync")
    hub.reset(small_world())
    assert list(admin_client.secrets.list_scopes()) == []


def test_telemetry_is_taken_and_forgotten(hub):
    headers = {"Authorization": f"Bearer {hub.databricks_token}"}
    body = {"protoLogs": ["{}", "{}"]}
    answer = httpx.post(f"{hub.databricks_url}/telemetry-ext", json=body, headers=headers)
    assert answer.json() == {"errors": [], "numProtoSuccess": 2}


def test_the_description_points_the_cli_at_the_workspace(hub, monkeypatch):
    about = describe(hub)
    assert about["cli_environment"] == cli_environment(hub)
    for name, value in cli_environment(hub).items():
        monkeypatch.setenv(name, value)
    assert WorkspaceClient().get_workspace_id() == about["workspace_id"]


def test_fields_have_to_be_of_their_type(hub):
    headers = {"Authorization": f"Bearer {hub.databricks_token}"}

    def post(api, **body):
        answer = httpx.post(f"{hub.databricks_url}{api}", json=body, headers=headers)
        assert answer.status_code == 400
        return answer.json()["message"]

    assert post("/api/2.0/workspace/mkdirs", path=1) == "path is not a string"
    assert post("/api/2.2/jobs/delete", job_id="x") == "job_id is not a number: 'x'"
    url = f"{hub.databricks_url}/api/2.0/workspace/list"
    answer = httpx.get(url, headers=headers)
    assert answer.json()["message"] == "Missing required field: path"


def test_the_command_serves_a_workspace_until_interrupted():
    command = [sys.executable, "-m", "tests.workspace_lab", "--users", "20", "--spark", "sc://h:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        lines = []
        while "As aadsync.yml:\n" not in lines:
            lines.append(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(timeout=30) == 0
    text = "".join(lines)
    assert re.search(r"^Workspace +http://127.0.0.1:\d+  \(id \d+, same token", text, re.MULTILINE)
    assert re.search(r"^export DATABRICKS_HOST=http://127.0.0.1:\d+$", text, re.MULTILINE)
