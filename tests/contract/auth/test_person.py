"""How the person signs in who registers an application."""

from __future__ import annotations

import sys

import pytest
from azure import identity

from aadsync_lib.auth.cached import CachedCredential
from aadsync_lib.auth.person import person_credential, usual_sign_in, vault_credential
from aadsync_lib.config.settings import Settings
from aadsync_lib.errors import CredentialError
from aadsync_lib.secrets import SecretResolver

CLIENT = "5f0a0000-0000-4000-8000-000000000002"
SECRET = {"method": "client_secret", "client_id": CLIENT, "client_secret": {"env": "ENTRA_SECRET"}}
TOKEN = {"method": "access_token", "access_token": {"env": "ENTRA_SECRET"}}
GRAPH = "https://graph.microsoft.com/.default"


@pytest.fixture
def settings(box):
    def make(**auth: object) -> Settings:
        source = {"tenant_id": box.tenant_id, "auth": auth}
        target = {"name": "t", "host": box.databricks_url, "account_id": box.account_id}
        scope = {"groups": [{"prefix": "dbx-"}]}
        return Settings.model_validate(
            {"name": "contoso", "source": source, "scope": scope, "targets": [target]}
        )

    return make


@pytest.fixture
def no_az(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)


def put_az(folder) -> None:
    program = folder / "az"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)


@pytest.mark.parametrize(
    "auth", [{"method": "azure_cli"}, {"method": "device_code", "client_id": CLIENT}, TOKEN]
)
def test_a_login_of_a_person_in_the_settings_is_used(settings, no_az, auth):
    assert usual_sign_in(settings(**auth)) == "settings"


def test_otherwise_azure_cli_where_it_is_installed(settings, no_az, tmp_path):
    put_az(tmp_path)
    assert usual_sign_in(settings(**SECRET)) == "azure_cli"


def test_without_it_a_terminal_shows_a_code_and_a_job_uses_the_settings(
    settings, no_az, monkeypatch
):
    assert usual_sign_in(settings(**SECRET)) == "settings"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert usual_sign_in(settings(**SECRET)) == "device_code"


def test_azure_cli_that_is_not_logged_in_is_one_sentence(settings, no_az, tmp_path):
    put_az(tmp_path)
    credential = person_credential(settings(**SECRET), SecretResolver(), "azure_cli")
    with pytest.raises(CredentialError, match="--sign-in: the login by azure_cli failed"):
        credential.get_token(GRAPH)


def test_the_device_code_is_of_the_tenant_and_shown_on_stderr(settings, monkeypatch, capsys):
    seen = {}
    monkeypatch.setattr(identity, "DeviceCodeCredential", lambda **given: seen.update(given))
    person_credential(settings(**SECRET), SecretResolver(), "device_code")
    assert seen["tenant_id"] == settings(**SECRET).source.tenant_id
    seen["prompt_callback"]("https://microsoft.com/devicelogin", "ABC123", None)
    assert "ABC123" in capsys.readouterr().err


def test_the_real_device_code_takes_these_arguments(settings):
    assert person_credential(settings(**SECRET), SecretResolver(), "device_code")


def test_the_login_of_the_settings_works_for_who_may_with_it(settings, box):
    auth = {**SECRET, "client_id": box.entra_client_id}
    credential = person_credential(settings(**auth), SecretResolver(), "settings")
    assert credential.get_token(GRAPH).token


def test_a_vault_is_written_with_the_same_sign_in_unless_it_is_a_token_for_graph(settings):
    credential = CachedCredential(None, None, SecretResolver())
    assert vault_credential(settings(**SECRET), None, credential) is credential
    assert vault_credential(settings(**TOKEN), "azure_cli", credential) is credential
    own = vault_credential(settings(**TOKEN), None, credential)
    assert isinstance(own, identity.DefaultAzureCredential)
