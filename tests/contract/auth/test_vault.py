"""Secrets of key vaults, read with the real client over TLS by the vaults' real names."""

from __future__ import annotations

import time

import pytest
from azure.core.pipeline.transport import RequestsTransport
from azure.keyvault.secrets._shared.http_challenge_cache import clear as forget_challenges

from aadsync_lib.auth import read_vaults
from aadsync_lib.config.base import SecretRef
from aadsync_lib.config.settings import SourceSettings
from aadsync_lib.errors import CredentialError
from aadsync_lib.sandbox import Sandbox, World
from aadsync_lib.secrets import SecretResolver

HERE = "https://contoso.vault.azure.net/secrets/databricks-sales"
TARGET, OWN = "targets.sales.auth.token", "source.auth.client_secret"
VALUE, LOGIN = "hunter2-hunter2", "the login of the source"


def vaults() -> World:
    world = World()
    world.add_vault("contoso", databricks_sales=VALUE)
    world.add_vault("contoso", "vault.azure.cn", databricks_sales="chinese")
    world.add_vault("contoso", "vault.usgovcloudapi.net", databricks_sales="american")
    return world


@pytest.fixture(scope="module")
def running():
    with Sandbox(vaults()) as started:
        yield started


@pytest.fixture
def tenant(running: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A tenant with vaults, a login server, and an identity that this process runs as."""
    running.reset(vaults())
    for name, value in running.names_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", running.authority_url)
    monkeypatch.setenv("ENTRA_SECRET", running.entra_client_secret)
    monkeypatch.setenv("IDENTITY_ENDPOINT", running.identity_endpoint)
    monkeypatch.setenv("IDENTITY_HEADER", running.identity_header)
    monkeypatch.setattr(RequestsTransport, "sleep", lambda *_: None)
    forget_challenges()  # the client keeps them for the whole process
    return running


@pytest.fixture
def vault(tenant: Sandbox):
    return tenant.world.vaults[0]


@pytest.fixture
def read(tenant: Sandbox):
    """Reads an address for a setting; the source logs in with a client secret unless told otherwise."""

    def lookup(url: str = HERE, setting: str = TARGET, **auth: object) -> str:
        given = auth or {
            "method": "client_secret",
            "client_id": tenant.entra_client_id,
            "client_secret": {"env": "ENTRA_SECRET"},
        }
        source = SourceSettings.model_validate({"tenant_id": tenant.tenant_id, "auth": given})
        secrets = SecretResolver()
        read_vaults(secrets, source)
        return secrets.resolve(SecretRef(key_vault=url), setting).reveal()

    return lookup


@pytest.fixture
def refused(read):
    def lookup(*args: str, **auth: object) -> str:
        with pytest.raises(CredentialError) as caught:
            read(*args, **auth)
        assert "\n" not in str(caught.value)
        assert VALUE not in str(caught.value)
        return str(caught.value)

    return lookup


def askers(tenant: Sandbox) -> list[str]:
    """Where tokens came from: the token endpoint of the tenant, or the identity of the host."""
    paths = (entry.path for entry in tenant.log.entries)
    return ["host" if "/msi/" in path else "tenant" for path in paths if path.endswith("/token")]


def test_the_login_of_the_source_reads_it(tenant, read):
    assert read() == VALUE
    assert [entry.status for entry in tenant.log.select("vault")] == [401, 200]
    assert askers(tenant) == ["tenant"]


def test_the_secret_of_that_login_is_read_with_the_identity_of_the_host(tenant, read, monkeypatch):
    monkeypatch.delenv("ENTRA_SECRET")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "never-used")
    assert read(setting=OWN) == VALUE
    assert askers(tenant) == ["host"]


def test_a_login_whose_own_secret_is_in_a_vault_reads_the_others(tenant, read):
    tenant.world.vaults[0].add("entra", tenant.entra_client_secret)
    place = {"key_vault": "https://contoso.vault.azure.net/secrets/entra"}
    auth = {"method": "client_secret", "client_id": tenant.entra_client_id, "client_secret": place}
    assert read(**auth) == VALUE


@pytest.mark.parametrize(
    ("suffix", "value"), [("azure.cn", "chinese"), ("usgovcloudapi.net", "american")]
)
def test_vaults_of_other_clouds_are_read_by_their_names(read, suffix, value):
    assert read(HERE.replace("azure.net", suffix), method="managed_identity") == value


def test_a_version_is_the_one_that_is_named(vault, read):
    old = next(iter(vault.secrets["databricks-sales"]))
    vault.add("databricks-sales", "second")
    assert read() == "second"
    assert read(f"{HERE}/{old}") == VALUE


def test_a_secret_that_is_not_there_is_told_so(refused):
    assert refused(f"{HERE}-2") == (
        f"{TARGET}: key_vault {HERE}-2: there is no such secret, or no such version. Check the "
        f"address, and that it was not deleted."
    )
    assert "no such version" in refused(f"{HERE}/{'f' * 32}")


def test_a_disabled_one_is_told_so(vault, refused):
    vault.add("databricks-sales", "second", enabled=False)
    assert "it is disabled. Enable it" in refused()


@pytest.mark.parametrize("refuses", [True, False])
def test_one_that_is_not_valid_yet_is_told_so_whatever_the_vault_does(vault, refused, refuses):
    vault.refuses_outside_validity = refuses
    vault.add("databricks-sales", "second", not_before=int(time.time()) + 3600)
    assert "it is not valid yet" in refused()


def test_one_that_has_expired_is_told_so_where_the_vault_refuses_it(vault, read, refused):
    vault.add("databricks-sales", "second", expires=int(time.time()) - 1)
    assert read() == "second"
    vault.refuses_outside_validity = True
    assert "it has expired" in refused()


@pytest.mark.parametrize("why", ["rbac", "policy"])
@pytest.mark.parametrize(("setting", "who"), [(TARGET, LOGIN), (OWN, "the identity this runs as")])
def test_who_may_not_read_is_told_the_role_to_give(vault, refused, why, setting, who):
    vault.refusal = why
    said = refused(HERE, setting)
    assert f"{who} may not read it. Give {who} the role Key Vault Secrets User on the vault" in said


@pytest.mark.parametrize(
    ("why", "remedy"), [("firewall", "firewall"), ("private", "private connections only")]
)
def test_a_closed_network_is_told_so(vault, refused, why, remedy):
    vault.refusal = why
    assert remedy in refused()


def test_a_vault_that_cannot_be_reached_is_told_so(refused, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert "the vault contoso.vault.azure.net cannot be reached" in refused(
        HERE, method="managed_identity"
    )


def test_a_vault_of_that_name_that_is_not_there_is_told_so(refused):
    assert "other.vault.azure.net" in refused(HERE.replace("contoso", "other"))


def test_a_token_for_graph_alone_reads_no_vault(refused, monkeypatch):
    monkeypatch.setenv("TOKEN", "graph-token")
    said = refused(method="access_token", access_token={"env": "TOKEN"})
    assert "cannot be read with source.auth: access_token" in said


def test_a_login_that_fails_is_told_as_that_of_the_source(refused, monkeypatch):
    monkeypatch.setenv("ENTRA_SECRET", "wrong-wrong-wrong")
    assert "source.auth: the login by client_secret failed" in refused()


def test_no_identity_of_the_host_is_told_so(refused, monkeypatch):
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    assert "the identity this runs as could not log in to the vault" in refused(HERE, OWN)
