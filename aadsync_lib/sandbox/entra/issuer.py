"""The tokens of one tenant: issued to its registered application, checked by Graph."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from starlette.requests import Request

from aadsync_lib.sandbox.entra.errors import GraphError
from aadsync_lib.sandbox.entra.state import EntraState

_PADDINGS: dict[str, padding.AsymmetricPadding] = {
    "RS256": padding.PKCS1v15(),
    "PS256": padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH),
}


def sign_token(claims: dict[str, Any], secret: str) -> str:
    """A token that only this tenant can have made."""
    head = _encode(json.dumps({"typ": "JWT", "alg": "HS256"}).encode())
    body = f"{head}.{_encode(json.dumps(claims).encode())}"
    return f"{body}.{_encode(hmac.digest(secret.encode(), body.encode(), 'sha256'))}"


def read_token(token: str, secret: str) -> dict[str, Any] | None:
    """The claims of a token of ``issue``; ``None`` for any other text."""
    body, _, signature = token.rpartition(".")
    expected = _encode(hmac.digest(secret.encode(), body.encode(), "sha256"))
    if not body or not hmac.compare_digest(expected.encode(), signature.encode()):
        return None
    return _claims(body)


def read_assertion(assertion: str, certificate: bytes) -> dict[str, Any] | None:
    """The claims of a client assertion, when the certificate's key has signed it."""
    body, _, signature = assertion.rpartition(".")
    try:
        algorithm = json.loads(_decode(body.partition(".")[0]))["alg"]
        key = x509.load_pem_x509_certificate(certificate).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        key.verify(_decode(signature), body.encode(), _PADDINGS[algorithm], hashes.SHA256())
        return _claims(body)
    except (InvalidSignature, KeyError, ValueError):
        return None


def _claims(body: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(_decode(body.partition(".")[2]))
    return claims


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


GRAPH_HOSTS = frozenset(
    {
        "graph.microsoft.com",
        "graph.microsoft.us",
        "dod-graph.microsoft.us",
        "microsoftgraph.chinacloudapi.cn",
        "localhost",
        "127.0.0.1",
        "::1",
    }
)
GRAPH_APP = "00000003-0000-0000-c000-000000000000"
DATABRICKS_APP = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"


@dataclass(frozen=True, slots=True)
class Registration:
    """The app registration that may call Graph, and the managed identity's header value."""

    client_id: str
    client_secret: str
    identity_header: str
    graph_token: str
    certificate: Callable[[], bytes]


class Issuer:
    """Issues and checks the tokens of one tenant."""

    lifetime = 3599

    def __init__(
        self, state: EntraState, registration: Registration, clock: Callable[[], float] = time.time
    ) -> None:
        self.state = state
        self.registration = registration
        self._clock = clock
        self._secret = f"{state.tenant_id}/{registration.client_secret}"

    def issue(self, audience: str) -> str:
        now = int(self._clock())
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{self.state.tenant_id}/",
            "iat": now,
            "nbf": now,
            "exp": now + self.lifetime,
            "appid": self.registration.client_id,
            "tid": self.state.tenant_id,
            "roles": sorted(self.state.permissions),
            "uti": uuid4().hex,
        }
        return sign_token(claims, self._secret)

    def application(self, token: str) -> str | None:
        """The application that holds a token for Databricks, for the account's own check."""
        return self.holder(token, DATABRICKS_APP)

    def holder(self, token: str, audience: str) -> str | None:
        """The application that holds a live token for this audience."""
        claims = self._live_claims(token)
        if claims is None or claims["aud"].rstrip("/") != audience:
            return None
        application: str = claims["appid"]
        return application

    def authorize(self, request: Request) -> None:
        """Refuse a Graph request without a token for Graph."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized("Access token is empty.")
        if token == self.registration.graph_token:
            return
        claims = read_token(token, self._secret)
        if claims is None:
            raise _unauthorized("CompactToken parsing failed with error code: 80049217")
        if claims["exp"] <= self._clock():
            raise _unauthorized("Lifetime validation failed, the token is expired.")
        if not _is_graph(claims["aud"]):
            raise _unauthorized("Access token validation failure. Invalid audience.")

    def certificate_is_known(self, assertion: str, endpoint: str) -> bool:
        """Whether the registered certificate signed this assertion, for here and now."""
        claims = read_assertion(assertion, self.registration.certificate())
        if claims is None or claims.get("exp", 0) <= self._clock():
            return False
        return claims.get("iss") == self.registration.client_id and claims.get("aud") == endpoint

    def _live_claims(self, token: str) -> dict[str, Any] | None:
        claims = read_token(token, self._secret)
        return None if claims is None or claims["exp"] <= self._clock() else claims


def _unauthorized(message: str) -> GraphError:
    return GraphError(
        401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": 'Bearer realm=""'}
    )


def _is_graph(audience: str) -> bool:
    host = urlsplit(audience).hostname
    return audience == GRAPH_APP or host in GRAPH_HOSTS
