"""One token a lifetime, and clear words when there is none."""

from __future__ import annotations

import base64
import json
import threading
from types import SimpleNamespace

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
from azure.identity import CredentialUnavailableError

from aadsync_lib.auth.cached import CachedCredential, Login, claim
from aadsync_lib.errors import CredentialError
from aadsync_lib.secrets import SecretResolver
from tests.clock import FakeClock

LOGIN = Login("source.auth", "client_secret", "5f0a0000-0000-4000-8000-000000000001")


def jwt(**claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.sig"


class Issuer:
    """An inner credential that counts; ``error`` is raised in place of a token."""

    def __init__(self, clock, lifetime=3600.0, error=None, token=None):
        self.clock, self.lifetime, self.error, self.token = clock, lifetime, error, token
        self.asked = []

    def get_token(self, *scopes, **options):
        self.asked.append((scopes, options))
        if self.error:
            raise self.error
        token = self.token or f"token-{len(self.asked)}"
        return SimpleNamespace(token=token, expires_on=self.clock.now() + self.lifetime)


@pytest.fixture
def clock():
    return FakeClock()


def cached(issuer, secrets=None):
    return CachedCredential(issuer, LOGIN, secrets or SecretResolver(), issuer.clock.now)


def test_entra_is_asked_once_a_lifetime_minus_five_minutes(clock):
    issuer = Issuer(clock)
    credential = cached(issuer)
    first = credential.get_token("a")
    clock.advance(3299)
    assert credential.get_token("a") == first
    clock.advance(1)
    assert credential.get_token("a").token == "token-2"
    assert len(issuer.asked) == 2


def test_a_token_that_is_short_from_the_start_is_not_asked_for_with_each_request(clock):
    issuer = Issuer(clock, lifetime=120.0)
    credential = cached(issuer)
    credential.get_token("a")
    clock.advance(29)
    credential.get_token("a")
    assert len(issuer.asked) == 1
    clock.advance(1)
    credential.get_token("a")
    assert len(issuer.asked) == 2


def test_an_expired_token_is_never_given(clock):
    issuer = Issuer(clock, lifetime=10.0)
    credential = cached(issuer)
    credential.get_token("a")
    clock.advance(10)
    assert credential.get_token("a").token == "token-2"


def test_many_threads_ask_once(clock):
    issuer = Issuer(clock)
    credential = cached(issuer)
    threads = [threading.Thread(target=credential.get_token, args=("a",)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(issuer.asked) == 1


def test_each_scope_has_a_token_of_its_own(clock):
    credential = cached(Issuer(clock))
    assert credential.get_token("a") != credential.get_token("b")


def test_a_demand_for_a_fresh_token_is_passed_on_and_its_answer_kept(clock):
    issuer = Issuer(clock)
    credential = cached(issuer)
    credential.get_token("a", enable_cae=True)
    fresh = credential.get_token("a", claims="{}", enable_cae=True)
    assert fresh.token == "token-2"
    assert credential.get_token("a", claims=None, enable_cae=True) == fresh
    assert issuer.asked[1] == (("a",), {"enable_cae": True, "claims": "{}"})


def test_options_that_carry_nothing_are_not_passed_on(clock):
    issuer = Issuer(clock)
    cached(issuer).get_token("a", claims=None, tenant_id=None, enable_cae=False)
    assert issuer.asked == [(("a",), {})]


def test_the_answer_is_exactly_the_type_that_the_graph_sdk_takes(clock):
    token = cached(Issuer(clock)).get_token("a")
    assert type(token) is AccessToken
    assert isinstance(token.expires_on, int)


def test_the_token_is_redacted_from_then_on(clock):
    secrets = SecretResolver()
    cached(Issuer(clock), secrets).get_token("a")
    assert secrets.redact("Bearer token-1") == "Bearer ***"


class TestTenant:
    """A token of another tenant would show everybody of this one as gone."""

    def test_a_token_of_another_tenant_is_refused(self, clock):
        other = "00000000-0000-4000-8000-000000000009"
        with pytest.raises(CredentialError) as caught:
            cached(Issuer(clock, token=jwt(tid=other))).get_token("a")
        assert str(caught.value) == (
            f"source.auth: client_secret logs in to the tenant {other}, and source.tenant_id is "
            f"{LOGIN.tenant_id}. Nothing was read or changed. Log in to the other tenant, or "
            f"correct source.tenant_id."
        )

    def test_the_tenant_compares_without_case(self, clock):
        cached(Issuer(clock, token=jwt(tid=LOGIN.tenant_id.upper()))).get_token("a")

    @pytest.mark.parametrize("token", ["opaque", "a.b.c", "e30.e30.", "e30.W10.x", "e30.4pyT.x"])
    def test_a_token_that_cannot_be_read_is_taken_as_it_is(self, clock, token):
        assert cached(Issuer(clock, token=token)).get_token("a").token == token
        assert claim(token, "tid") is None


class TestRefusal:
    """Whatever azure-identity raises becomes one sentence and what to do."""

    @pytest.mark.parametrize(
        ("error", "sentence"),
        [
            (
                ClientAuthenticationError(
                    "Authentication failed: AADSTS7000215: Invalid client secret provided. Trace ID: 1"
                ),
                (
                    "source.auth: the login by client_secret failed: Authentication failed: "
                    "AADSTS7000215: Invalid client secret provided. Store the secret's value, not its id."
                ),
            ),
            (
                ClientAuthenticationError(
                    "Authentication failed: Unable to get authority configuration for https://x/y. "
                    "Authority would typically be in a format of https://x/z"
                ),
                (
                    "source.auth: the login by client_secret failed: Authentication failed: Unable to get "
                    "authority configuration for https://x/y. Check tenant_id and cloud, and that this "
                    "machine reaches the address."
                ),
            ),
            (
                CredentialUnavailableError("Please run 'az login'\nTo mitigate, visit http://x"),
                (
                    "source.auth: the login by client_secret failed: Please run 'az login'. "
                    "Check source.auth and try again."
                ),
            ),
            (
                ServiceRequestError("no route"),
                (
                    "source.auth: the login by client_secret failed: no route. "
                    "Check source.auth and try again."
                ),
            ),
            (
                ValueError(),
                (
                    "source.auth: the login by client_secret failed: ValueError. "
                    "Check source.auth and try again."
                ),
            ),
            (
                FileNotFoundError(2, "No such file", "/run/token"),
                (
                    "source.auth: the login by client_secret failed: [Errno 2] No such file: "
                    "'/run/token'. Check source.auth and try again."
                ),
            ),
        ],
    )
    def test_it_is_told_in_one_line(self, clock, error, sentence):
        with pytest.raises(CredentialError) as caught:
            cached(Issuer(clock, error=error)).get_token("a")
        assert str(caught.value) == sentence
        assert caught.value.__cause__ is error

    def test_it_never_shows_a_secret(self, clock):
        secrets = SecretResolver()
        secrets.hide("hunter2")
        error = ClientAuthenticationError("AADSTS7000215: 'hunter2' is not right")
        with pytest.raises(CredentialError) as caught:
            cached(Issuer(clock, error=error), secrets).get_token("a")
        assert "hunter2" not in str(caught.value)

    def test_a_failed_login_is_tried_again(self, clock):
        issuer = Issuer(clock, error=ServiceRequestError("no route"))
        credential = cached(issuer)
        with pytest.raises(CredentialError):
            credential.get_token("a")
        issuer.error = None
        assert credential.get_token("a").token == "token-2"
