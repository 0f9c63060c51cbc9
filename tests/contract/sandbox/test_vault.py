"""Key Vault by the vault's real name over TLS, with the real client."""

import time

import pytest
import requests
from azure.core.exceptions import (
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.identity import ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient

from aadsync_lib.sandbox import Fault, Sandbox
from aadsync_lib.sandbox.world import World

NAME = "databricks-sales"


def world_with_vaults() -> World:
    world = World()
    world.add_vault("contoso", databricks_sales="first")
    world.add_vault("china", "vault.azure.cn", databricks_sales="chinese")
    world.add_vault("army", "vault.usgovcloudapi.net", databricks_sales="american")
    return world


@pytest.fixture(scope="module")
def running():
    with Sandbox(world_with_vaults()) as box:
        yield box


@pytest.fixture
def box(running, monkeypatch):
    running.reset(world_with_vaults())
    for name, value in running.names_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IDENTITY_ENDPOINT", running.identity_endpoint)
    monkeypatch.setenv("IDENTITY_HEADER", running.identity_header)
    return running


@pytest.fixture
def vault(box):
    return box.world.vaults[0]


@pytest.fixture
def client(vault):
    with ManagedIdentityCredential() as credential, _client(vault.url, credential) as client:
        yield client


def _client(url: str, credential) -> SecretClient:
    return SecretClient(url, credential, retry_total=0)


def refusal(client: SecretClient) -> tuple[int, str]:
    with pytest.raises(HttpResponseError) as caught:
        client.get_secret(NAME)
    return caught.value.status_code, caught.value.error.innererror["code"]


def test_the_real_client_reads_a_secret_after_the_challenge(box, client):
    secret = client.get_secret(NAME)
    assert (secret.value, secret.properties.enabled) == ("first", True)
    statuses = [entry.status for entry in box.log.select("vault")]
    assert statuses == [401, 200]


def test_the_newest_version_is_given_unless_another_is_asked_for(vault, client):
    old = client.get_secret(NAME).properties.version
    vault.add(NAME, "second")
    assert client.get_secret(NAME).value == "second"
    assert client.get_secret(NAME, old).value == "first"


def test_setting_a_secret_makes_a_version(vault, client):
    made = client.set_secret("new-one", "hidden")
    assert client.get_secret("new-one", made.properties.version).value == "hidden"
    assert [v.value for v in vault.secrets["new-one"].values()] == ["hidden"]


@pytest.mark.parametrize("number", [1, 2])
def test_vaults_of_other_clouds_are_found_under_their_own_names(box, number):
    vault = box.world.vaults[number]
    with ManagedIdentityCredential() as credential, _client(vault.url, credential) as client:
        assert client.get_secret(NAME).value == vault.find(NAME, None).value


def test_a_missing_secret_is_not_found(client):
    with pytest.raises(ResourceNotFoundError) as caught:
        client.get_secret("nothing")
    assert caught.value.error.code == "SecretNotFound"
    with pytest.raises(ResourceNotFoundError):
        client.get_secret(NAME, "f" * 32)


def test_a_disabled_secret_is_forbidden(vault, client):
    vault.add(NAME, "second", enabled=False)
    assert refusal(client) == (403, "SecretDisabled")


def test_a_secret_out_of_its_time_is_given_or_refused(vault, client):
    now = int(time.time())
    vault.add(NAME, "early", not_before=now + 3600)
    assert client.get_secret(NAME).properties.not_before.timestamp() == now + 3600
    vault.refuses_outside_validity = True
    assert refusal(client) == (403, "SecretNotYetValid")
    vault.add(NAME, "late", expires=now - 1)
    assert refusal(client) == (403, "SecretExpired")


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        ("rbac", "ForbiddenByRbac"),
        ("policy", "AccessDenied"),
        ("firewall", "ForbiddenByFirewall"),
        ("private", "ForbiddenByConnection"),
    ],
)
def test_each_refusal_has_a_code_of_its_own(vault, client, refused, code):
    vault.refusal = refused
    assert refusal(client) == (403, code)


def test_who_has_no_role_is_refused(box, vault, client):
    vault.readers = {"somebody-else"}
    assert refusal(client) == (403, "ForbiddenByRbac")
    vault.readers = {box.entra_client_id}
    assert client.get_secret(NAME).value == "first"


def test_faults_hit_it(box, client):
    box.faults.add(Fault("503", side="vault"))
    with pytest.raises(HttpResponseError) as caught:
        client.get_secret(NAME)
    assert caught.value.status_code == 503
    box.faults.add(Fault("reset", side="vault"))
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        client.get_secret(NAME)


def test_a_vault_that_does_not_exist_and_any_other_name_lead_nowhere(box):
    with pytest.raises(requests.exceptions.ProxyError):
        requests.get("https://example.com", timeout=10)
    url = "https://nobody.vault.azure.net/secrets/x/?api-version=7.6"
    assert requests.get(url, timeout=10).status_code == 404


def test_a_token_for_something_else_is_challenged_again(box, vault):
    with ManagedIdentityCredential() as credential:
        token = credential.get_token("https://graph.microsoft.com/.default").token
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{vault.url}/secrets/{NAME}/?api-version=7.6"
    answer = requests.get(url, headers=headers, timeout=10)
    assert answer.status_code == 401
    assert (
        f'authorization="https://login.microsoftonline.com/{box.tenant_id}"'
        in (answer.headers["WWW-Authenticate"])
    )
    assert 'resource="https://vault.azure.net"' in answer.headers["WWW-Authenticate"]


def test_an_api_version_is_asked_for(vault):
    with ManagedIdentityCredential() as credential:
        token = credential.get_token("https://vault.azure.net/.default").token
    answer = requests.get(
        f"{vault.url}/secrets/{NAME}/", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadParameter")


def test_a_world_with_vaults_is_saved_and_loaded(tmp_path):
    world = world_with_vaults()
    world.save(tmp_path / "world.json")
    assert World.load(tmp_path / "world.json").to_json() == world.to_json()
    by_hand = World.from_json({"vaults": [{"name": "contoso", "secrets": {NAME: "value"}}]})
    assert by_hand.vaults[0].find(NAME, None).value == "value"
