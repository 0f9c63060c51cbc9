"""Secret scopes through the SDK: values come back, and only to those who may read."""

import base64

import httpx
import pytest
from databricks.sdk.dbutils import RemoteDbUtils
from databricks.sdk.errors import BadRequest, NotFound, PermissionDenied, ResourceAlreadyExists
from databricks.sdk.service.workspace import (
    AclPermission,
    AzureKeyVaultSecretScopeMetadata,
    ScopeBackendType,
)


@pytest.fixture
def secrets(admin_client):
    admin_client.secrets.create_scope("aadsync")
    return admin_client.secrets


def test_a_secret_comes_back_encoded(secrets):
    secrets.put_secret("aadsync", "entra", string_value="pässword")
    got = secrets.get_secret("aadsync", "entra")
    assert (got.key, base64.b64decode(got.value).decode()) == ("entra", "pässword")


def test_bytes_come_back_as_they_are(secrets):
    sent = base64.b64encode(b"\x00\xff").decode()
    secrets.put_secret("aadsync", "pfx", bytes_value=sent)
    assert secrets.get_secret("aadsync", "pfx").value == sent


def test_remote_dbutils_reads_secrets(secrets, hub, admin_client):
    secrets.put_secret("aadsync", "entra", string_value="s3cret")
    dbutils = RemoteDbUtils(admin_client.config)
    assert dbutils.secrets.get("aadsync", "entra") == "s3cret"
    assert [s.key for s in dbutils.secrets.list("aadsync")] == ["entra"]
    assert [s.name for s in dbutils.secrets.listScopes()] == ["aadsync"]


def test_listings_show_names_and_times_and_no_value(secrets):
    secrets.put_secret("aadsync", "b", string_value="s3cret")
    secrets.put_secret("aadsync", "a", string_value="s3cret")
    listed = list(secrets.list_secrets("aadsync"))
    assert [s.key for s in listed] == ["a", "b"]
    assert listed[0].last_updated_timestamp > 0
    assert "s3cret" not in str(listed)


def test_what_is_deleted_is_gone(secrets):
    secrets.put_secret("aadsync", "a", string_value="1")
    secrets.delete_secret("aadsync", "a")
    for call in (secrets.get_secret, secrets.delete_secret):
        with pytest.raises(NotFound):
            call("aadsync", "a")
    secrets.delete_scope("aadsync")
    with pytest.raises(NotFound, match="aadsync does not exist"):
        secrets.list_secrets("aadsync")


def test_the_creator_manages_a_new_scope(secrets, hub):
    (acl,) = secrets.list_acls("aadsync")
    assert (acl.principal, acl.permission) == (hub.client_id, AclPermission.MANAGE)


def test_a_scope_may_be_given_to_everybody_at_first(admin_client, ada_client):
    admin_client.secrets.create_scope("open", initial_manage_principal="users")
    ada_client.secrets.put_secret("open", "a", string_value="1")
    with pytest.raises(BadRequest):
        admin_client.secrets.create_scope("other", initial_manage_principal="ada@contoso.com")


def test_a_scope_is_made_once(secrets):
    with pytest.raises(ResourceAlreadyExists, match="already exists"):
        secrets.create_scope("aadsync")


@pytest.mark.parametrize("name", ["a b", "a/b", "x" * 129])
def test_names_are_checked(secrets, name):
    with pytest.raises(BadRequest, match="is not valid"):
        secrets.create_scope(name)
    with pytest.raises(BadRequest, match="is not valid"):
        secrets.put_secret("aadsync", name, string_value="1")


def test_a_value_is_given_once_and_within_the_limit(secrets):
    with pytest.raises(BadRequest, match="string_value and bytes_value"):
        secrets.put_secret("aadsync", "a")
    with pytest.raises(BadRequest, match="over the limit"):
        secrets.put_secret("aadsync", "a", string_value="x" * (128 * 1024 + 1))
    with pytest.raises(BadRequest, match="not base64"):
        secrets.put_secret("aadsync", "a", bytes_value="?")


class TestAccess:
    """Ada is no admin, so that the scope's list counts for her."""

    @pytest.fixture
    def ada(self, secrets, ada_client):
        secrets.put_secret("aadsync", "a", string_value="1")
        return ada_client.secrets

    def test_without_an_entry_nothing_is_readable(self, ada):
        for call in (ada.list_secrets, ada.list_acls):
            with pytest.raises(PermissionDenied):
                list(call("aadsync"))
        with pytest.raises(PermissionDenied, match="does not have READ permission"):
            ada.get_secret("aadsync", "a")

    def test_read_reads_and_does_not_write(self, ada, secrets):
        secrets.put_acl("aadsync", "ada@contoso.com", AclPermission.READ)
        assert ada.get_secret("aadsync", "a").value == base64.b64encode(b"1").decode()
        with pytest.raises(PermissionDenied):
            ada.put_secret("aadsync", "a", string_value="2")
        with pytest.raises(PermissionDenied):
            ada.list_acls("aadsync")

    def test_write_writes_and_manage_manages(self, ada, secrets):
        secrets.put_acl("aadsync", "ada@contoso.com", AclPermission.WRITE)
        ada.put_secret("aadsync", "a", string_value="2")
        with pytest.raises(PermissionDenied):
            ada.put_acl("aadsync", "users", AclPermission.READ)
        secrets.put_acl("aadsync", "ada@contoso.com", AclPermission.MANAGE)
        ada.put_acl("aadsync", "users", AclPermission.READ)
        assert ada.get_acl("aadsync", "users").permission == AclPermission.READ

    def test_a_group_counts_for_its_members(self, hub, ada, secrets):
        hub.world.databricks.add_group("readers", members=["ada@contoso.com"])
        secrets.put_acl("aadsync", "readers", AclPermission.READ)
        assert ada.get_secret("aadsync", "a")

    def test_an_entry_taken_away_is_gone(self, ada, secrets):
        secrets.put_acl("aadsync", "ada@contoso.com", AclPermission.READ)
        secrets.delete_acl("aadsync", "ada@contoso.com")
        with pytest.raises(PermissionDenied):
            ada.get_secret("aadsync", "a")
        with pytest.raises(NotFound):
            secrets.get_acl("aadsync", "ada@contoso.com")


def test_an_unknown_level_is_refused(secrets, hub):
    body = {"scope": "aadsync", "principal": "users", "permission": "VIEW"}
    headers = {"Authorization": f"Bearer {hub.databricks_token}"}
    url = f"{hub.databricks_url}/api/2.0/secrets/acls/put"
    answer = httpx.post(url, json=body, headers=headers)
    assert (answer.status_code, "READ, WRITE, MANAGE" in answer.json()["message"]) == (400, True)


def test_a_key_vault_scope_needs_its_vault_and_is_not_written(admin_client):
    vault = AzureKeyVaultSecretScopeMetadata("/subscriptions/0", "https://x.vault.azure.net/")
    kind = ScopeBackendType.AZURE_KEYVAULT
    with pytest.raises(BadRequest, match="belong together"):
        admin_client.secrets.create_scope("kv", scope_backend_type=kind)
    admin_client.secrets.create_scope("kv", scope_backend_type=kind, backend_azure_keyvault=vault)
    (scope,) = admin_client.secrets.list_scopes()
    assert (scope.backend_type, scope.keyvault_metadata) == (kind, vault)
    with pytest.raises(BadRequest, match="kept in a key vault"):
        admin_client.secrets.put_secret("kv", "a", string_value="1")
