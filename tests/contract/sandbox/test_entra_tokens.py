"""Tokens, as azure-identity gets them."""

import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
)

from aadsync_lib.sandbox import Sandbox
from aadsync_lib.sandbox.entra import issuer
from aadsync_lib.sandbox.entra.issuer import Issuer
from aadsync_lib.sandbox.entra.tls import client_certificate
from tests.contract.sandbox.contoso import error_of

GRAPH = "https://graph.microsoft.com/.default"


def authority(box: Sandbox) -> dict:
    return {
        "authority": box.authority_url,
        "disable_instance_discovery": True,
        "connection_verify": box.ca_file,
    }


def with_secret(box: Sandbox, secret: str | None = None) -> ClientSecretCredential:
    secret = secret or box.entra_client_secret
    return ClientSecretCredential(box.tenant_id, box.entra_client_id, secret, **authority(box))


def status_with(box: Sandbox, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(headers=headers, verify=False) as client:
        return client.get(f"{box.graph_url}/users").status_code


@pytest.fixture
def entra(box):
    """A client that trusts the test authority."""
    base = f"{box.authority_url}/{box.tenant_id}"
    with httpx.Client(base_url=base, verify=_trust(box.ca_file)) as client:
        yield client


def _trust(ca_file: str):
    import ssl

    return ssl.create_default_context(cafile=ca_file)


@pytest.mark.parametrize("scope", [GRAPH, "http://127.0.0.1/.default"])
def test_a_client_secret_gets_a_token_that_graph_takes(box, scope):
    with with_secret(box) as credential:
        token = credential.get_token(scope).token
    assert status_with(box, token) == 200


def test_a_certificate_gets_a_token_that_graph_takes(box):
    with CertificateCredential(
        box.tenant_id, box.entra_client_id, box.entra_certificate, **authority(box)
    ) as credential:
        token = credential.get_token(GRAPH, enable_cae=True).token
    assert status_with(box, token) == 200


def test_a_token_is_cached_by_the_credential(box):
    with with_secret(box) as credential:
        credential.get_token(GRAPH)
        credential.get_token(GRAPH)
    box.stop()  # what is still being logged is logged then
    assert box.log.count("entra", "POST") == 1


def test_localhost_is_as_good_a_name(box):
    options = authority(box) | {"authority": box.authority_url.replace("127.0.0.1", "localhost")}
    secret = box.entra_client_secret
    with ClientSecretCredential(
        box.tenant_id, box.entra_client_id, secret, **options
    ) as credential:
        assert status_with(box, credential.get_token(GRAPH).token) == 200


def test_a_wrong_secret_is_refused(box):
    refused = pytest.raises(ClientAuthenticationError, match="AADSTS7000215")
    with with_secret(box, "wrong") as credential, refused:
        credential.get_token(GRAPH)


def test_an_unknown_tenant_is_refused(box):
    other = "99999999-0000-4000-8000-000000000000"
    with (
        ClientSecretCredential(
            other, box.entra_client_id, box.entra_client_secret, **authority(box)
        ) as credential,
        pytest.raises(ClientAuthenticationError),
    ):
        credential.get_token(GRAPH)


def test_an_unknown_client_is_refused(box):
    with (
        ClientSecretCredential(
            box.tenant_id, box.client_id, box.entra_client_secret, **authority(box)
        ) as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS700016"),
    ):
        credential.get_token(GRAPH)


def test_a_certificate_of_somebody_else_is_refused(box, tmp_path):
    client_certificate.cache_clear()
    other = tmp_path / "other.pem"
    other.write_bytes(client_certificate())
    client_certificate.cache_clear()
    with (
        CertificateCredential(
            box.tenant_id, box.entra_client_id, str(other), **authority(box)
        ) as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS700027"),
    ):
        credential.get_token(GRAPH)


def test_the_authority_is_not_trusted_unasked(box):
    with httpx.Client() as client, pytest.raises(httpx.ConnectError):
        client.get(f"{box.authority_url}/{box.tenant_id}/v2.0/.well-known/openid-configuration")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"scope": "https://graph.microsoft.com/User.Read"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"client_secret": ""}, "invalid_client"),
    ],
)
def test_a_malformed_request_is_refused(box, entra, change, error):
    body = {
        "grant_type": "client_credentials",
        "client_id": box.entra_client_id,
        "client_secret": box.entra_client_secret,
        "scope": GRAPH,
    }
    assert entra.post("/oauth2/v2.0/token", data=body).status_code == 200
    answer = entra.post("/oauth2/v2.0/token", data=body | change)
    assert (answer.status_code // 100, answer.json()["error"]) == (4, error)


def test_nonsense_is_no_assertion(box):
    issuer = Issuer(box.world.entra, box._registration)
    assert not issuer.certificate_is_known("not.a.token", "https://x")


def test_an_assertion_for_another_endpoint_is_refused(box):
    issuer = Issuer(box.world.entra, box._registration)
    endpoint = f"{box.authority_url}/{box.tenant_id}/oauth2/v2.0/token"
    assertion = _assertion(box.entra_client_id, endpoint)
    assert issuer.certificate_is_known(assertion, endpoint)
    assert not issuer.certificate_is_known(assertion, endpoint + "/other")
    assert not issuer.certificate_is_known(_assertion("other", endpoint), endpoint)


def _assertion(client: str, audience: str) -> str:
    import jwt as pyjwt
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    claims = {"iss": client, "sub": client, "aud": audience, "exp": 4102444800}
    return pyjwt.encode(claims, load_pem_private_key(client_certificate(), None), "PS256")


def test_a_managed_identity_gets_a_token_over_plain_http(box, monkeypatch):
    monkeypatch.setenv("IDENTITY_ENDPOINT", box.identity_endpoint)
    monkeypatch.setenv("IDENTITY_HEADER", box.identity_header)
    with ManagedIdentityCredential() as credential:
        token = credential.get_token(GRAPH).token
    assert status_with(box, token) == 200


def test_a_managed_identity_needs_its_header(box):
    with httpx.Client(verify=False) as client:
        answer = client.get(box.identity_endpoint, headers={"X-IDENTITY-HEADER": "wrong"})
    assert answer.status_code == 401


def test_a_token_for_something_else_is_no_graph_token(box, graph):
    token = Issuer(box.world.entra, box._registration).issue("https://vault.azure.net")
    answer = graph.get("/users", headers={"Authorization": f"Bearer {token}"})
    assert error_of(answer) == (401, "InvalidAuthenticationToken")


def test_a_token_expires(box, graph):
    old = Issuer(box.world.entra, box._registration, clock=lambda: 1000.0)
    token = old.issue("https://graph.microsoft.com")
    answer = graph.get("/users", headers={"Authorization": f"Bearer {token}"})
    assert "expired" in answer.json()["error"]["message"]


def test_a_token_names_tenant_application_and_roles(box):
    with with_secret(box) as credential:
        token = credential.get_token(GRAPH).token
    claims = issuer.read_token(token, f"{box.tenant_id}/{box.entra_client_secret}")
    assert (claims["tid"], claims["appid"]) == (box.tenant_id, box.entra_client_id)
    assert claims["roles"] == sorted(box.world.entra.permissions)


def test_a_token_for_databricks_stands_for_its_application(box):
    issuer = Issuer(box.world.entra, box._registration)
    token = issuer.issue("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d")
    assert issuer.application(token) == box.entra_client_id
    assert issuer.application(issuer.issue("https://graph.microsoft.com")) is None
    assert issuer.application("made-up") is None


def test_a_token_request_for_another_tenant_is_refused(box, entra):
    url = f"{box.authority_url}/another/oauth2/v2.0/token"
    assert entra.post(url, data={}).json()["error"] == "invalid_tenant"
