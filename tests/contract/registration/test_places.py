"""Places for a credential, with the real clients: a scope of a workspace, and a key vault."""

from __future__ import annotations

import pytest
from azure import identity
from azure.keyvault.secrets._shared.http_challenge_cache import clear as forget_challenges
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.workspace import (
    AclPermission,
    AzureKeyVaultSecretScopeMetadata,
    ScopeBackendType,
)

from aadsync_lib.connector.registration.key_vault import PLACEHOLDER, VaultPlace
from aadsync_lib.connector.registration.place import parse_reference, reference_of
from aadsync_lib.connector.registration.secret_scope import PROBE_KEY, open_scope
from aadsync_lib.errors import CredentialError, UsageError
from aadsync_lib.sandbox import Sandbox, World
from aadsync_lib.sandbox.faults import Fault
from tests.clock import START, FakeClock

VALUE, ENDS = "hunter2-hunter2", START + 365 * 86_400
URL = "https://contoso.vault.azure.net/secrets/entra"


def world() -> World:
    made = World()
    made.add_workspace("sales")
    made.add_vault("contoso")
    return made


@pytest.fixture(scope="module")
def running():
    with Sandbox(world()) as started:
        yield started


@pytest.fixture
def box(running: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    running.reset(world())
    for name, value in running.names_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IDENTITY_ENDPOINT", running.identity_endpoint)
    monkeypatch.setenv("IDENTITY_HEADER", running.identity_header)
    monkeypatch.setenv("DATABRICKS_HOST", running.workspaces["sales"].url)
    monkeypatch.setenv("DATABRICKS_TOKEN", running.workspaces["sales"].token)
    forget_challenges()  # the client keeps them for the whole process
    return running


def refusal(call, *args) -> str:
    with pytest.raises(CredentialError) as caught:
        call(*args)
    assert "\n" not in str(caught.value)
    assert VALUE not in str(caught.value)
    return str(caught.value)


class TestReference:
    """What stands after --store-in."""

    @pytest.mark.parametrize(
        "text",
        ["secret: aadsync/entra", "secret:aadsync/entra", "{secret: aadsync/entra}", " secret : 'aadsync/entra' "],
    )  # fmt: skip
    def test_a_secret_of_a_scope(self, text):
        assert reference_of(parse_reference(text)) == "secret: aadsync/entra"

    def test_a_secret_of_a_key_vault(self):
        assert reference_of(parse_reference(f"key_vault: {URL}")) == f"key_vault: {URL}"

    @pytest.mark.parametrize(
        "text",
        ["", "aadsync/entra", "env: NAME", "secret: aadsync", "secret: a/b/c", "key_vault: contoso", "key_vault: http://contoso.vault.azure.net/secrets/x"],
    )  # fmt: skip
    def test_anything_else_is_told_what_is_expected(self, text):
        expected = "expected secret: scope/key, or key_vault: https://.*Nothing was changed"
        with pytest.raises(UsageError, match=expected):
            parse_reference(text)


class TestScope:
    """A secret scope of a workspace."""

    @pytest.fixture
    def scopes(self, box):
        client = WorkspaceClient()
        client.secrets.create_scope("aadsync")
        return client.secrets

    @pytest.fixture
    def clock(self):
        return FakeClock()

    @pytest.fixture
    def place(self, scopes, clock):
        return open_scope("aadsync/entra", None, clock)

    def test_what_is_written_is_there_for_a_sync(self, place, scopes):
        place.check()
        assert place.read().value is None
        place.prepare()
        place.write(VALUE, ENDS)
        assert place.read().value.reveal() == VALUE
        assert [secret.key for secret in scopes.list_secrets("aadsync")] == ["entra"]

    def test_another_workspace_is_named(self, box, scopes):
        place = open_scope("aadsync/entra", box.workspaces["sales"].url, FakeClock())
        assert place.reference == "secret: aadsync/entra"
        assert place.address == f"secret: aadsync/entra {place._host.removeprefix('http://')}"

    def test_without_a_workspace_it_says_how_to_name_one(self, monkeypatch):
        for name in ("DATABRICKS_HOST", "DATABRICKS_TOKEN", "IDENTITY_ENDPOINT"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("DATABRICKS_CONFIG_FILE", "/nowhere")
        said = refusal(open_scope, "aadsync/entra", None, FakeClock())
        assert "Name one by --workspace or DATABRICKS_HOST" in said

    def test_a_scope_that_is_not_there_is_told_so(self, scopes):
        said = refusal(open_scope("other/entra", None, FakeClock()).check)
        assert "has no secret scope other" in said
        assert "databricks secrets create-scope other" in said

    def test_a_scope_of_a_key_vault_names_the_vault_to_write_instead(self, scopes):
        vault = AzureKeyVaultSecretScopeMetadata(
            "/subscriptions/0", "https://contoso.vault.azure.net/"
        )
        kind = ScopeBackendType.AZURE_KEYVAULT
        scopes.create_scope("kv", scope_backend_type=kind, backend_azure_keyvault=vault)
        place = open_scope("kv/entra", None, FakeClock())
        said = refusal(place.check)
        assert f'--store-in "key_vault: {URL}"' in said
        assert "kept in a key vault" in refusal(place.prepare)

    def test_a_scope_that_may_not_be_written_shows_before_there_is_a_credential(
        self, box, scopes, monkeypatch
    ):
        workspace = box.world.workspace("sales")
        workspace.add_client("reader", "secret", admin=False)
        workspace.add_token("token-of-reader", "reader")
        scopes.put_acl("aadsync", "reader", AclPermission.READ)
        monkeypatch.setenv("DATABRICKS_TOKEN", "token-of-reader")
        place = open_scope("aadsync/entra", None, FakeClock())
        place.check()
        assert "databricks secrets put-acl aadsync YOU WRITE" in refusal(place.prepare)
        assert list(scopes.list_secrets("aadsync")) == []

    def test_a_wrong_token_is_told_so(self, scopes, monkeypatch):
        monkeypatch.setenv("DATABRICKS_TOKEN", "wrong")
        assert "does not know this login" in refusal(
            open_scope("aadsync/entra", None, FakeClock()).check
        )

    def test_what_may_not_be_read_is_not_taken_for_nothing(self, box, scopes, monkeypatch):
        workspace = box.world.workspace("sales")
        workspace.add_client("nobody", "secret", admin=False)
        workspace.add_token("token-of-nobody", "nobody")
        monkeypatch.setenv("DATABRICKS_TOKEN", "token-of-nobody")
        assert not open_scope("aadsync/entra", None, FakeClock()).read().readable

    @pytest.mark.parametrize("kind", ["503", "429", "500", "lost", "reset"])
    def test_a_failure_in_passing_is_tried_again(self, box, place, clock, kind):
        box.faults.add(Fault(kind, path="secrets/put"))
        place.write(VALUE, ENDS)
        assert place.read().value.reveal() == VALUE
        assert clock.slept > 0

    def test_one_that_stays_ends_in_one_sentence(self, box, place):
        box.faults.add(Fault("503", path="secrets/put", count=None))
        assert "cannot write it" in refusal(place.write, VALUE, ENDS)

    def test_bytes_of_somebody_else_are_something(self, place, scopes):
        scopes.put_secret("aadsync", "entra", bytes_value="//79")
        assert place.read().value is not None

    def test_a_probe_that_cannot_be_taken_back_does_no_harm(self, box, place, scopes):
        box.faults.add(Fault("403", path="secrets/delete"))
        place.prepare()
        assert [secret.key for secret in scopes.list_secrets("aadsync")] == [PROBE_KEY]
        place.prepare()
        assert list(scopes.list_secrets("aadsync")) == []


class TestVault:
    """A secret in a key vault."""

    @pytest.fixture
    def clock(self):
        return FakeClock()

    @pytest.fixture
    def place(self, box, clock):
        return VaultPlace(URL, identity.ManagedIdentityCredential(), clock)

    @pytest.fixture
    def vault(self, box):
        return box.world.vaults[0]

    def test_what_is_written_is_there_with_its_end(self, place, vault):
        place.check()
        place.prepare()
        assert place.read().value is None
        place.write(VALUE, ENDS)
        assert place.read().value.reveal() == VALUE
        assert vault.find("entra", None).expires == int(ENDS)

    def test_a_secret_that_is_there_is_touched_and_stays(self, place, vault):
        vault.add("entra", VALUE)
        place.prepare()
        assert place.read().value.reveal() == VALUE
        assert len(vault.secrets["entra"]) == 1

    def test_before_the_first_one_a_disabled_placeholder_proves_it(self, place, vault):
        place.prepare()
        version = vault.find("entra", None)
        assert (version.value, version.enabled) == (PLACEHOLDER, False)

    @pytest.mark.parametrize("known", [True, False])
    def test_a_vault_that_may_not_be_written_shows_before_there_is_a_credential(
        self, place, vault, known
    ):
        vault.writers = set()
        if known:
            vault.add("entra", VALUE)
        assert "Key Vault Secrets Officer" in refusal(place.prepare)

    def test_what_may_not_be_read_is_not_taken_for_nothing(self, place, vault):
        vault.refusal = "policy"
        assert not place.read().readable

    @pytest.mark.parametrize(
        ("refusal_", "words"), [("firewall", "firewall"), ("private", "private")]
    )
    def test_a_closed_vault_is_told_so(self, place, vault, refusal_, words):
        vault.refusal = refusal_
        assert words in refusal(place.check)
        assert words in refusal(place.write, VALUE, ENDS)

    def test_one_version_is_no_place(self, box):
        place = VaultPlace(f"{URL}/{1:032x}", identity.ManagedIdentityCredential(), FakeClock())
        assert "one version of a secret" in refusal(place.check)

    def test_a_vault_that_is_not_there_is_told_so(self, box, monkeypatch):
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        place = VaultPlace(URL, identity.ManagedIdentityCredential(), FakeClock())
        assert "cannot be reached" in refusal(place.check)

    def test_a_login_that_the_vault_does_not_take_is_told_so(self, place, monkeypatch):
        monkeypatch.setenv("IDENTITY_HEADER", "wrong")
        assert "does not take this login" in refusal(place.check)

    def test_a_deleted_secret_of_that_name_is_told_so(self, box, place):
        body = {
            "error": {
                "code": "Conflict",
                "message": "x",
                "innererror": {"code": "ObjectIsDeletedButRecoverable"},
            }
        }
        box.faults.add(Fault("409", side="vault", method="PUT", body=body))
        assert "Recover or purge it" in refusal(place.prepare)

    @pytest.mark.parametrize("kind", ["503", "429", "lost", "reset"])
    def test_a_failure_in_passing_is_tried_again(self, box, place, clock, kind):
        place.read()
        box.faults.add(Fault(kind, side="vault", method="PUT"))
        place.write(VALUE, ENDS)
        assert place.read().value.reveal() == VALUE
        assert clock.slept > 0
