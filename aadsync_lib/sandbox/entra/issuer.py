"""The tokens of one tenant: issued to its applications, checked by Graph."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from starlette.requests import Request

from aadsync_lib.sandbox.entra.assertions import read_assertion, read_token, sign_token
from aadsync_lib.sandbox.entra.errors import GraphError
from aadsync_lib.sandbox.entra.graph_roles import GRAPH_APP
from aadsync_lib.sandbox.entra.logins import Logins
from aadsync_lib.sandbox.entra.state import EntraState

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
        self.logins = Logins(state)
        self._clock = clock
        self._secret = f"{state.tenant_id}/{registration.client_secret}"

    def issue(self, audience: str, app_id: str | None = None) -> str:
        """A token of the application that the sandbox is made with, or of a registered one."""
        now = int(self._clock())
        roles = self.logins.roles(app_id) if app_id else sorted(self.state.permissions)
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{self.state.tenant_id}/",
            "iat": now,
            "nbf": now,
            "exp": now + self.lifetime,
            "appid": app_id or self.registration.client_id,
            "tid": self.state.tenant_id,
            "roles": roles,
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

    def authorize(self, request: Request) -> frozenset[str] | None:
        """Refuse a Graph request without a token for Graph.

        Returns what a registered application may do; ``None`` for the one the sandbox is made with.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized("Access token is empty.")
        if token == self.registration.graph_token:
            return None
        claims = read_token(token, self._secret)
        if claims is None:
            raise _unauthorized("CompactToken parsing failed with error code: 80049217")
        if claims["exp"] <= self._clock():
            raise _unauthorized("Lifetime validation failed, the token is expired.")
        if not _is_graph(claims["aud"]):
            raise _unauthorized("Access token validation failure. Invalid audience.")
        own = claims["appid"] == self.registration.client_id
        return None if own else frozenset(claims["roles"])

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
