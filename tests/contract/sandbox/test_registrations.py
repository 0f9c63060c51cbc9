"""App registrations over real HTTP: credentials, consent, and logins with them by azure-identity."""

from __future__ import annotations

import base64
import datetime as dt

import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientAssertionCredential, ClientSecretCredential
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from aadsync_lib.auth.cached import claim
from aadsync_lib.sandbox import Sandbox, World
from aadsync_lib.sandbox.entra.assertions import sign_token
from aadsync_lib.sandbox.entra.graph_roles import GRAPH_APP
from aadsync_lib.sandbox.entra.tls import client_certificate
from tests.contract.sandbox.contoso import error_of, small_world

SCOPE = "https://graph.microsoft.com/.default"
REFUSED = (400, "Request_BadRequest")
SOON = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
ISSUER, SUBJECT = "https://oidc.contoso.com", "system:serviceaccount:sync"
AUDIENCE = "api://AzureADTokenExchange"
FEDERATED = {"name": "sync", "issuer": ISSUER, "subject": SUBJECT, "audiences": [AUDIENCE]}


@pytest.fixture(scope="module")
def running():
    with Sandbox(World()) as started:
        yield started


@pytest.fixture
def box(running):
    running.reset(small_world())
    permissions = {"Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"}
    running.world.entra.permissions |= permissions
    return running


@pytest.fixture
def application(graph):
    """A registered application with its service principal."""
    made = graph.post("/applications", json={"displayName": "aadsync-contoso"}).json()
    assert graph.post("/servicePrincipals", json={"appId": made["appId"]}).status_code == 201
    return made


@pytest.fixture
def path(application):
    return f"/applications/{application['id']}"


def add_password(graph, path, **given):
    return graph.post(f"{path}/addPassword", json={"passwordCredential": given})


def options(box):
    return {
        "authority": box.authority_url,
        "disable_instance_discovery": True,
        "connection_verify": box.ca_file,
    }


def token(box, application, secret):
    with ClientSecretCredential(
        box.tenant_id, application["appId"], secret, **options(box)
    ) as login:
        return login.get_token(SCOPE).token


def status(box, token, path="/groups"):
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{box.graph_url}{path}", headers=headers).status_code


def consent(graph, application, *names):
    graph_sp = graph.get(f"/servicePrincipals(appId='{GRAPH_APP}')").json()
    own = graph.get(f"/servicePrincipals(appId='{application['appId']}')").json()
    ids = {role["value"]: role["id"] for role in graph_sp["appRoles"]}
    for name in names:
        body = {"principalId": own["id"], "resourceId": graph_sp["id"], "appRoleId": ids[name]}
        made = graph.post(f"/servicePrincipals/{own['id']}/appRoleAssignments", json=body)
        assert made.status_code == 201


class TestPassword:
    def test_the_answer_alone_shows_it(self, graph, path):
        answer = add_password(graph, path, displayName="aadsync", endDateTime=SOON)
        entry = answer.json()
        assert answer.status_code == 200
        assert entry["secretText"][:3] == entry["hint"]
        assert entry["endDateTime"] == SOON
        (shown,) = graph.get(path).json()["passwordCredentials"]
        assert (shown["keyId"], shown["secretText"]) == (entry["keyId"], None)
        assert shown["displayName"] == "aadsync"

    def test_without_an_end_it_lasts_two_years(self, graph, path):
        entry = add_password(graph, path).json()
        begins, ends = (
            dt.datetime.fromisoformat(entry[k]) for k in ("startDateTime", "endDateTime")
        )
        assert (ends - begins).days == 730

    def test_it_logs_in_until_it_is_removed(self, box, graph, application, path):
        entry = add_password(graph, path).json()
        token(box, application, entry["secretText"])
        body = {"keyId": entry["keyId"]}
        assert graph.post(f"{path}/removePassword", json=body).status_code == 204
        with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
            token(box, application, entry["secretText"])
        assert error_of(graph.post(f"{path}/removePassword", json=body)) == REFUSED

    def test_one_that_has_ended_says_so(self, box, graph, application, path):
        entry = add_password(graph, path, startDateTime="2020-01-01T00:00:00Z", endDateTime="2020-02-01T00:00:00Z").json()  # fmt: skip
        with pytest.raises(ClientAuthenticationError, match="AADSTS7000222"):
            token(box, application, entry["secretText"])

    def test_an_end_before_its_start_is_refused(self, graph, path):
        assert error_of(add_password(graph, path, endDateTime="2020-01-01T00:00:00Z")) == REFUSED
        assert error_of(add_password(graph, path, endDateTime="soon")) == REFUSED

    def test_who_owns_nothing_may_not(self, box, graph, path):
        box.world.entra.permissions = {"Application.Read.All"}
        assert add_password(graph, path).status_code == 403

    def test_without_a_service_principal_nobody_logs_in(self, box, graph, path, application):
        entry = add_password(graph, path).json()
        graph.delete(f"/servicePrincipals(appId='{application['appId']}')")
        with pytest.raises(ClientAuthenticationError, match="AADSTS7000229"):
            token(box, application, entry["secretText"])


class TestPermissions:
    def test_a_token_has_what_was_consented_to_and_no_more(self, box, graph, application, path):
        secret = add_password(graph, path).json()["secretText"]
        assert status(box, token(box, application, secret)) == 403
        consent(graph, application, "GroupMember.Read.All")
        granted = token(box, application, secret)
        assert claim(granted, "roles") == ["GroupMember.Read.All"]
        assert claim(granted, "appid") == application["appId"]
        assert (status(box, granted), status(box, granted, "/users")) == (200, 403)

    def test_the_permissions_of_others_stay_as_they_are(self, box, graph, application, path):
        secret = add_password(graph, path).json()["secretText"]
        status(box, token(box, application, secret))
        assert graph.get("/users").status_code == 200

    def test_graph_is_in_a_listing_only_once_somebody_asked_for_it(self, box, graph):
        count = len(graph.get("/servicePrincipals").json()["value"])
        graph.get(f"/servicePrincipals(appId='{GRAPH_APP}')")
        assert len(graph.get("/servicePrincipals").json()["value"]) == count + 1


class TestCertificate:
    @pytest.fixture
    def key(self):
        certificate = x509.load_pem_x509_certificate(client_certificate())
        raw = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
        return {
            "type": "AsymmetricX509Cert",
            "usage": "Verify",
            "displayName": "aadsync",
            "key": raw,
        }

    def change(self, graph, path, *keys):
        return graph.patch(path, json={"keyCredentials": list(keys)})

    def test_it_logs_in(self, box, graph, application, path, key):
        assert self.change(graph, path, key).status_code == 204
        with CertificateCredential(
            box.tenant_id,
            application["appId"],
            certificate_data=client_certificate(),
            **options(box),
        ) as login:
            assert claim(login.get_token(SCOPE).token, "appid") == application["appId"]
        self.change(graph, path)
        with (
            pytest.raises(ClientAuthenticationError, match="AADSTS700027"),
            CertificateCredential(
                box.tenant_id,
                application["appId"],
                certificate_data=client_certificate(),
                **options(box),
            ) as login,
        ):
            login.get_token(SCOPE)

    def test_a_change_replaces_all_and_keeps_those_it_sends_back(self, graph, path, key):
        self.change(graph, path, key)
        (known,) = graph.get(path).json()["keyCredentials"]
        assert known["key"] is None
        assert self.change(graph, path, known, key).status_code == 204
        assert len(graph.get(path).json()["keyCredentials"]) == 2
        assert error_of(self.change(graph, path, {**known, "keyId": "other"})) == REFUSED

    def test_what_is_no_certificate_is_refused(self, graph, path, key):
        assert error_of(self.change(graph, path, {**key, "key": "AAAA"})) == REFUSED
        assert error_of(self.change(graph, path, {**key, "usage": "Sign"})) == REFUSED
        late = {**key, "endDateTime": "2199-01-01T00:00:00Z"}
        assert error_of(self.change(graph, path, late)) == REFUSED


class TestFederation:
    def claims(self, **other):
        claims = {"iss": ISSUER, "sub": SUBJECT, "aud": AUDIENCE, "exp": 4102444800}
        return sign_token(claims | other, "key of the other issuer")

    def login(self, box, application, **other):
        with ClientAssertionCredential(
            box.tenant_id, application["appId"], lambda: self.claims(**other), **options(box)
        ) as login:
            return login.get_token(SCOPE).token

    def test_a_token_of_that_issuer_and_subject_logs_in(self, box, graph, application, path):
        made = graph.post(f"{path}/federatedIdentityCredentials", json=FEDERATED)
        assert made.status_code == 201
        assert claim(self.login(box, application), "appid") == application["appId"]
        for other in ({"sub": "another"}, {"aud": "another"}, {"iss": "https://another"}):
            with pytest.raises(ClientAuthenticationError, match="AADSTS700213"):
                self.login(box, application, **other)
        with pytest.raises(ClientAuthenticationError, match="AADSTS700024"):
            self.login(box, application, exp=1)

    def test_they_are_listed_and_removed(self, graph, path):
        made = graph.post(f"{path}/federatedIdentityCredentials", json=FEDERATED).json()
        (listed,) = graph.get(f"{path}/federatedIdentityCredentials").json()["value"]
        assert (listed["id"], listed["subject"]) == (made["id"], SUBJECT)
        one = f"{path}/federatedIdentityCredentials/{made['id']}"
        assert [graph.delete(one).status_code for _ in range(2)] == [204, 404]

    def test_names_and_pairs_are_unique(self, graph, path):
        collection = f"{path}/federatedIdentityCredentials"
        graph.post(collection, json=FEDERATED)
        for other in ({"name": "other"}, {"subject": "other"}):
            assert graph.post(collection, json=FEDERATED | other).status_code == 409

    @pytest.mark.parametrize(
        "other", [{"name": "a b"}, {"name": "x" * 121}, {"audiences": []}, {"subject": ""}]
    )
    def test_what_is_not_valid_is_refused(self, graph, path, other):
        collection = f"{path}/federatedIdentityCredentials"
        assert error_of(graph.post(collection, json=FEDERATED | other)) == REFUSED

    def test_there_are_at_most_twenty(self, graph, path):
        collection = f"{path}/federatedIdentityCredentials"
        for number in range(20):
            body = FEDERATED | {"name": f"sync-{number}", "subject": f"s{number}"}
            assert graph.post(collection, json=body).status_code == 201
        assert error_of(graph.post(collection, json=FEDERATED)) == REFUSED


def test_a_saved_world_keeps_credentials(box, graph, application, path):
    secret = add_password(graph, path).json()["secretText"]
    graph.post(f"{path}/federatedIdentityCredentials", json=FEDERATED)
    box.reset(World.from_json(box.world.to_json()))
    token(box, application, secret)
    assert len(graph.get(f"{path}/federatedIdentityCredentials").json()["value"]) == 1
