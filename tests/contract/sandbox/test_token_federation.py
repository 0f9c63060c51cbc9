"""Workload identity federation: a foreign token instead of a secret, at both token endpoints."""

import httpx
import pytest
from databricks.sdk import AccountClient, WorkspaceClient
from databricks.sdk.core import Config

from aadsync_lib.sandbox import Sandbox
from tests.contract.sandbox.workspaces import world_with_workspaces

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


@pytest.fixture
def box():
    with Sandbox(world_with_workspaces()) as box:
        box.world.databricks.trust(box.client_id, box.issuer, box.entra_client_id)
        box.world.workspace("sales").trust(box.client_id, box.issuer, box.entra_client_id)
        yield box


@pytest.fixture
def subject(box, monkeypatch):
    """A token of the managed identity for the account, where the SDK looks for one."""
    token = _subject(box, box.account_id)
    monkeypatch.setenv("DATABRICKS_OIDC_TOKEN", token)
    return token


def _subject(box, audience: str) -> str:
    answer = httpx.get(
        box.identity_endpoint,
        params={"resource": audience},
        headers={"X-IDENTITY-HEADER": box.identity_header},
        verify=False,
    )
    return answer.json()["access_token"]


@pytest.mark.usefixtures("subject")
@pytest.mark.parametrize("client_id", ["the client's", None])
def test_the_sdk_logs_in_to_account_and_workspaces_without_a_secret(box, client_id):
    named = {"client_id": box.client_id} if client_id else {}
    account = Config(
        host=box.databricks_url, account_id=box.account_id, auth_type="env-oidc", **named
    )
    (sync,) = AccountClient(config=account).service_principals_v2.list(filter="displayName eq Sync")
    assert sync.application_id == box.client_id
    for host in box.workspaces.values():
        config = Config(host=host.url, auth_type="env-oidc", **named)
        assert WorkspaceClient(config=config).current_user.me().user_name == box.client_id


def exchange(box, token: str, **more: str) -> tuple[int, str]:
    form = {"grant_type": EXCHANGE, "subject_token": token, **more}
    answer = httpx.post(f"{box.databricks_url}/oidc/v1/token", data=form, verify=False)
    return answer.status_code, answer.json().get("error", "")


def test_a_token_that_no_policy_admits_is_refused(box, subject):
    assert exchange(box, subject)[0] == 200
    assert exchange(box, subject, client_id="somebody-else") == (400, "invalid_grant")
    assert exchange(box, _subject(box, "another-audience")) == (400, "invalid_grant")
    assert exchange(box, subject[:-1]) == (400, "invalid_grant")
    box.world.databricks.federation.clear()
    assert exchange(box, subject) == (400, "invalid_grant")
