"""Every way to log in to Entra, through the real azure-identity where it needs no person."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from azure import identity
from azure.core.credentials import AccessToken, AccessTokenInfo
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from aadsync_lib.auth import graph_credential, graph_endpoint
from aadsync_lib.auth.entra import authority_options
from aadsync_lib.config.settings import SourceSettings
from aadsync_lib.errors import CredentialError
from aadsync_lib.secrets import SecretResolver
from tests.contract.auth.test_cached import jwt

GRAPH = "https://graph.microsoft.com/.default"
TENANT = "5f0a0000-0000-4000-8000-000000000001"
CLIENT = "5f0a0000-0000-4000-8000-000000000002"


def token(settings: SourceSettings, dbutils: object = None) -> str:
    credential = graph_credential(settings, SecretResolver(), dbutils=dbutils)
    return credential.get_token(GRAPH, claims=None, enable_cae=True).token


def graph_takes(box, token: str) -> bool:
    answer = requests.get(
        f"{box.graph_url}/users", headers={"Authorization": f"Bearer {token}"}, timeout=5
    )
    return answer.status_code == 200


def refusal(settings: SourceSettings, dbutils: object = None) -> str:
    with pytest.raises(CredentialError) as caught:
        token(settings, dbutils)
    assert "\n" not in str(caught.value)
    return str(caught.value)


class TestClientSecret:
    """Through the token endpoint, over TLS."""

    def test_it_gets_a_token_that_graph_takes(self, box, source):
        settings = source(
            method="client_secret",
            client_id=box.entra_client_id,
            client_secret={"env": "ENTRA_SECRET"},
        )
        assert graph_takes(box, token(settings))

    def test_a_wrong_secret_is_one_sentence_with_the_remedy(self, box, source, monkeypatch):
        monkeypatch.setenv("ENTRA_SECRET", "hunter2-hunter2")
        said = refusal(
            source(
                method="client_secret",
                client_id=box.entra_client_id,
                client_secret={"env": "ENTRA_SECRET"},
            )
        )
        assert said.startswith("source.auth: the login by client_secret failed: ")
        assert said.endswith("Store the secret's value, not its id.")
        assert "hunter2" not in said

    def test_a_wrong_application_is_told_so(self, source):
        said = refusal(
            source(method="client_secret", client_id=CLIENT, client_secret={"env": "ENTRA_SECRET"})
        )
        assert said.endswith("Check client_id, and that the application is in this tenant.")

    def test_a_secret_that_is_missing_names_setting_and_variable(self, source):
        settings = source(
            method="client_secret", client_id=CLIENT, client_secret={"env": "NOT_THERE"}
        )
        with pytest.raises(
            CredentialError, match=r"^source\.auth\.client_secret: .* NOT_THERE is not set"
        ):
            graph_credential(settings, SecretResolver())


class TestCertificate:
    """PEM, PEM in one line, or PFX in base64, with and without a password."""

    def auth(self, box, source, monkeypatch, text, password=None):
        monkeypatch.setenv("CERTIFICATE", text)
        monkeypatch.setenv("PASSWORD", password or "-")
        extra = {"password": {"env": "PASSWORD"}} if password else {}
        return source(
            method="certificate",
            client_id=box.entra_client_id,
            certificate={"env": "CERTIFICATE"},
            **extra,
        )

    def pem(self, box) -> str:
        return Path(box.entra_certificate).read_text(encoding="utf-8")

    def pfx(self, box, password: bytes | None) -> str:
        pem = self.pem(box).encode()
        key = serialization.load_pem_private_key(pem, None)
        certificate = x509.load_pem_x509_certificate(pem)
        encryption = (
            serialization.BestAvailableEncryption(password)
            if password
            else serialization.NoEncryption()
        )
        raw = pkcs12.serialize_key_and_certificates(b"sync", key, certificate, None, encryption)
        return base64.encodebytes(raw).decode()

    def test_pem(self, box, source, monkeypatch):
        assert graph_takes(box, token(self.auth(box, source, monkeypatch, self.pem(box))))

    def test_pem_whose_line_ends_are_written_out(self, box, source, monkeypatch):
        text = self.pem(box).replace("\n", "\\n")
        assert graph_takes(box, token(self.auth(box, source, monkeypatch, text)))

    def test_pfx_in_base64(self, box, source, monkeypatch):
        assert graph_takes(box, token(self.auth(box, source, monkeypatch, self.pfx(box, None))))

    def test_pfx_with_a_password(self, box, source, monkeypatch):
        text = self.pfx(box, b"hunter2")
        assert graph_takes(box, token(self.auth(box, source, monkeypatch, text, "hunter2")))

    def test_a_wrong_password_is_one_sentence_without_it(self, box, source, monkeypatch):
        text = self.pfx(box, b"hunter2")
        said = refusal(self.auth(box, source, monkeypatch, text, "hunter3"))
        assert said.startswith("source.auth: the login by certificate failed: ")
        assert "hunter" not in said

    def test_what_is_no_certificate_is_told_so(self, box, source, monkeypatch):
        assert "neither PEM nor a PFX" in refusal(self.auth(box, source, monkeypatch, "hunter2!"))
        garbage = base64.b64encode(b"hunter2").decode()
        assert "Failed to deserialize" in refusal(self.auth(box, source, monkeypatch, garbage))


class TestManagedIdentity:
    """Through the endpoint that the host gives."""

    @pytest.fixture(autouse=True)
    def host(self, box, monkeypatch):
        monkeypatch.setenv("IDENTITY_ENDPOINT", box.identity_endpoint)
        monkeypatch.setenv("IDENTITY_HEADER", box.identity_header)

    def test_it_gets_a_token_that_graph_takes(self, box, source):
        assert graph_takes(box, token(source(method="managed_identity")))

    def test_the_host_is_asked_once(self, box, source):
        credential = graph_credential(source(method="managed_identity"), SecretResolver())
        box.log.clear()
        assert credential.get_token(GRAPH) == credential.get_token(GRAPH)
        assert len(box.log.entries) == 1

    def test_a_user_assigned_one_is_asked_for_by_its_client_id(self, box, source):
        credential = graph_credential(
            source(method="managed_identity", client_id=CLIENT), SecretResolver()
        )
        credential.get_token(GRAPH)
        assert CLIENT in str(box.log.entries[-1])

    def test_a_host_that_refuses_is_one_sentence(self, source, monkeypatch):
        monkeypatch.setenv("IDENTITY_HEADER", "wrong")
        assert refusal(source(method="managed_identity")).startswith(
            "source.auth: the login by managed_identity failed: "
        )


class TestGivenToken:
    """A token got elsewhere."""

    def settings(self, source, monkeypatch, text):
        monkeypatch.setenv("TOKEN", text)
        return source(method="access_token", access_token={"env": "TOKEN"})

    def test_it_is_used_as_it_is(self, box, source, monkeypatch):
        settings = self.settings(source, monkeypatch, box.graph_token)
        assert graph_takes(box, token(settings))

    def test_it_lasts_as_long_as_it_says(self, source, monkeypatch):
        text = jwt(exp=4102444800)
        credential = graph_credential(self.settings(source, monkeypatch, text), SecretResolver())
        assert credential.get_token(GRAPH) == AccessToken(text, 4102444800)

    def test_an_expired_one_is_told_so(self, source, monkeypatch):
        assert refusal(self.settings(source, monkeypatch, jwt(exp=1_750_000_000))) == (
            "source.auth.access_token: the token expired at 2025-06-15 15:06 UTC. Get a new one "
            "and store it."
        )

    def test_it_is_shown_nowhere(self, source, monkeypatch):
        credential = graph_credential(
            self.settings(source, monkeypatch, "hunter2"), SecretResolver()
        )
        assert "hunter2" not in repr(vars(credential))


class TestServiceCredential:
    """A Unity Catalog service credential, whose provider is not documented."""

    def dbutils(self, provider):
        def give(name):
            assert name == "graph"
            return provider

        return SimpleNamespace(credentials=SimpleNamespace(getServiceCredentialsProvider=give))

    @pytest.mark.parametrize(
        "provider",
        [
            SimpleNamespace(get_token=lambda *scopes: AccessToken("got", 4102444800)),
            SimpleNamespace(
                get_token=lambda *scopes, claims=None, tenant_id=None, **kw: AccessToken(
                    "got", 4102444800
                )
            ),
            SimpleNamespace(get_token=lambda scope: AccessTokenInfo("got", 4102444800)),
            SimpleNamespace(
                get_token_info=lambda *scopes, options=None: AccessTokenInfo("got", 4102444800)
            ),
        ],
        ids=["scopes", "azure", "info", "newer"],
    )
    def test_every_signature_that_it_may_have_works(self, source, provider):
        settings = source(method="service_credential", name="graph")
        assert token(settings, self.dbutils(provider)) == "got"

    def test_outside_of_databricks_it_is_told_so(self, source):
        said = refusal(source(method="service_credential", name="graph"))
        assert said.startswith("source.auth: service_credential works in a Databricks notebook")

    def test_one_that_is_not_there_is_told_so(self, source):
        said = refusal(source(method="service_credential", name="graph"), SimpleNamespace())
        assert said.startswith("source.auth: the service credential 'graph' could not be used")


class TestOthers:
    """What needs a person, a process or a file: it is built with what it needs."""

    def built(self, monkeypatch, name, settings):
        seen = {}

        def construct(*args, **kwargs):
            seen.update(kwargs, args=args)
            return SimpleNamespace(get_token=lambda *a, **k: AccessToken("got", 4102444800))

        monkeypatch.setattr(identity, name, construct)
        assert token(settings) == "got"
        return seen

    def test_workload_identity_by_its_token_file(self, box, source, monkeypatch):
        settings = source(method="workload_identity", client_id=CLIENT, token_file="/run/token")
        assert self.built(monkeypatch, "WorkloadIdentityCredential", settings) == {
            "args": (),
            "tenant_id": box.tenant_id,
            "client_id": CLIENT,
            "token_file_path": "/run/token",
            "disable_instance_discovery": True,
        }

    def test_a_token_file_is_beside_the_settings(self, source, tmp_path):
        settings = source(method="workload_identity", client_id=CLIENT, token_file="run/token")
        with pytest.raises(CredentialError) as caught:
            graph_credential(settings, SecretResolver(), folder=tmp_path).get_token(GRAPH)
        assert str(tmp_path / "run" / "token") in str(caught.value)

    def test_a_token_file_that_is_missing_is_one_sentence(self, source, tmp_path):
        settings = source(
            method="workload_identity", client_id=CLIENT, token_file=str(tmp_path / "token")
        )
        assert "No such file" in refusal(settings)

    def test_azure_cli_for_the_tenant_of_the_settings(self, box, source, monkeypatch):
        seen = self.built(monkeypatch, "AzureCliCredential", source(method="azure_cli"))
        assert seen == {"args": (), "tenant_id": box.tenant_id}

    def test_azure_cli_that_is_not_there_is_one_sentence(self, source, monkeypatch, tmp_path):
        monkeypatch.setenv("PATH", str(tmp_path))
        assert "Azure CLI not found" in refusal(source(method="azure_cli"))

    def test_a_device_code_is_shown_on_stderr(self, source, monkeypatch, capsys):
        seen = self.built(
            monkeypatch, "DeviceCodeCredential", source(method="device_code", client_id=CLIENT)
        )
        seen["prompt_callback"]("https://microsoft.com/devicelogin", "ABC123", None)
        out = capsys.readouterr()
        assert out.out == ""
        assert (
            out.err
            == "To log in, open https://microsoft.com/devicelogin and enter the code ABC123\n"
        )

    def test_the_real_device_code_takes_these_arguments(self, source):
        graph_credential(source(method="device_code", client_id=CLIENT), SecretResolver())


@pytest.mark.parametrize(
    ("cloud", "graph", "authority"),
    [
        ("public", "https://graph.microsoft.com", None),
        ("usgov", "https://graph.microsoft.us", "https://login.microsoftonline.us"),
        ("usgov-dod", "https://dod-graph.microsoft.us", "https://login.microsoftonline.us"),
        ("china", "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
    ],
)
class TestClouds:
    """Graph and the authority by cloud."""

    def settings(self, cloud, **more):
        auth = {
            "method": "client_secret",
            "client_id": CLIENT,
            "client_secret": {"env": "ENTRA_SECRET"},
        }
        return SourceSettings.model_validate(
            {"tenant_id": TENANT, "cloud": cloud, "auth": auth, **more}
        )

    def test_graph_and_the_scope_of_its_tokens(self, cloud, graph, authority):
        assert graph_endpoint(self.settings(cloud)) == (graph, f"{graph}/.default")

    def test_another_endpoint_keeps_the_scope_of_the_cloud(self, cloud, graph, authority):
        settings = self.settings(cloud, endpoint="http://127.0.0.1:8080/v1.0/")
        assert graph_endpoint(settings) == ("http://127.0.0.1:8080/v1.0", f"{graph}/.default")

    def test_the_login_goes_to_the_authority_of_the_cloud(
        self, box, monkeypatch, cloud, graph, authority
    ):
        monkeypatch.delenv("AZURE_AUTHORITY_HOST")
        seen = {}
        monkeypatch.setattr(
            identity, "ClientSecretCredential", lambda *args, **options: seen.update(options)
        )
        graph_credential(self.settings(cloud), SecretResolver())
        assert seen == ({"authority": authority} if authority else {})


def test_an_authority_on_this_machine_is_not_looked_up_in_azure(monkeypatch):
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "https://127.0.0.1:8443")
    assert authority_options(None) == {"disable_instance_discovery": True}
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us")
    assert authority_options(None) == {}


def test_importing_logins_loads_no_sdk():
    code = (
        "import sys, aadsync_lib.auth, aadsync_lib.secrets; "
        "print(sorted({name.split('.')[0] for name in sys.modules} & "
        "{'azure', 'msgraph', 'databricks', 'requests', 'msal'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert done.stdout.strip() == "[]"
