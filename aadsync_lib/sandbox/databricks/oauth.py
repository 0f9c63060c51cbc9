"""OAuth for service principals: discovery and the token endpoint."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aadsync_lib.sandbox.databricks.records import Token
from aadsync_lib.sandbox.databricks.state import DatabricksState

CREDENTIALS = "client_credentials"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # workload identity federation


class OAuth:
    """The authorization server of one account or workspace, for clients with a secret or a federated identity.

    An account's answers at a workspace's paths, too: old SDKs take any host but Databricks' own for a
    workspace. Where one is on the same host, it says so. The first of ``bases`` is the issuer's path.
    """

    def __init__(
        self,
        state: DatabricksState,
        workspace_id: int | None = None,
        bases: tuple[str, ...] = ("/oidc/accounts/{account_id}", "/oidc"),
    ) -> None:
        self.state = state
        self.workspace_id = workspace_id
        self.bases = bases

    def routes(self) -> list[Route]:
        routes = [Route("/.well-known/databricks-config", self.host)]
        for base in self.bases:
            routes.append(Route(f"{base}/.well-known/oauth-authorization-server", self.server))
            routes.append(Route(f"{base}/v1/token", self.token, methods=["POST"]))
        return routes

    async def host(self, request: Request) -> Response:
        body = {"oidc_endpoint": self._issuer(request), "account_id": self.state.account_id}
        if self.workspace_id is not None:
            body["workspace_id"] = str(self.workspace_id)
        return JSONResponse(body)

    async def server(self, request: Request) -> Response:
        issuer = self._issuer(request)
        return JSONResponse(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/v1/authorize",
                "token_endpoint": f"{issuer}/v1/token",
                "grant_types_supported": [CREDENTIALS, EXCHANGE],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }
        )

    async def token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(errors="replace")))
        grant = form.get("grant_type")
        posted = form.get("client_id", ""), form.get("client_secret", "")
        client_id, secret = _basic(request) or posted
        if grant not in (CREDENTIALS, EXCHANGE):
            return _refused(400, "unsupported_grant_type", f"grant_type {grant} is not supported")
        account_id = request.path_params.get("account_id", self.state.account_id)
        if account_id != self.state.account_id:
            return _refused(404, "invalid_request", "There is no such account")
        with self.state.lock:
            self.state.refresh()
            known = self.state.secret_of(client_id)
            if grant == EXCHANGE and not self._federated(client_id, form.get("subject_token", "")):
                return _refused(400, "invalid_request", "No federation policy matches the token")
            if grant == CREDENTIALS and not _same(known, secret):
                return _refused(401, "invalid_client", "Client authentication failed")
            value, seconds = self._issue(client_id)
        return JSONResponse(
            {
                "access_token": value,
                "token_type": "Bearer",
                "expires_in": seconds,
                "scope": form.get("scope", "all-apis"),
            },
            headers={"Cache-Control": "no-store"},
        )

    def _federated(self, client_id: str, token: str) -> bool:
        """Return whether a federation policy of the client takes a token: by issuer and subject, its signature unseen."""
        claims = claims_of(token)
        return (claims.get("iss"), claims.get("sub")) == self.state.federations.get(client_id)

    def _issue(self, client_id: str) -> tuple[str, int]:
        seconds = self.state.switches.token_lifetime
        value = secrets.token_urlsafe(32)
        principals = self.state.service_principals.named(client_id)
        # A client whose service principal was deleted gets a token that opens nothing.
        identity = principals[0].id if principals else client_id
        self.state.tokens[value] = Token(identity, expires=self.state.clock() + seconds)
        return value, seconds

    def _issuer(self, request: Request) -> str:
        origin = f"{request.url.scheme}://{request.url.netloc}"
        return origin + self.bases[0].format(account_id=self.state.account_id)


def _basic(request: Request) -> tuple[str, str] | None:
    """Read Basic credentials as they are: the SDK does not form-encode them as RFC 6749 asks."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret


def _same(known: str | None, secret: str) -> bool:
    return known is not None and secrets.compare_digest(known.encode(), secret.encode())


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a JWT, none of what is not one."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _refused(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)
