"""One HTTP request to Graph through the SDK's adapter: its authentication, our pace."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import AzureError
from kiota_abstractions.method import Method
from kiota_abstractions.native_response_handler import NativeResponseHandler
from kiota_abstractions.request_information import RequestInformation
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from kiota_http.middleware.options import ResponseHandlerOption
from msgraph.graph_request_adapter import GraphRequestAdapter

from aadsync_lib.errors import CredentialError
from aadsync_lib.graph.endpoint import Endpoint, redacted
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.graph.loop import off_loop
from aadsync_lib.responses import JsonObject, without_login

TIMEOUT = httpx.Timeout(60.0, connect=15.0)
NO_CONTENT = frozenset({202, 204})  # accepted, or done, and nothing to tell
EVENTUAL = {"ConsistencyLevel": "eventual"}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """A request to an address relative to the version, or to a whole next link.

    ``eventual`` is asked for on every page: a next link does not carry it.
    """

    url: str
    eventual: bool = False
    method: str = "GET"
    body: JsonObject | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Headers beyond the usual ones."""
        return EVENTUAL if self.eventual else {}


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a request; status 0 is no usable answer."""

    status: int
    body: JsonObject
    retry_after: str | None = None

    @staticmethod
    def of(status: int, body: Any, retry_after: str | None) -> Response:
        """Take an answer apart; a success without a JSON object is no usable answer."""
        if isinstance(body, dict):
            return Response(status, body, retry_after)
        if status in NO_CONTENT:
            return Response(status, {}, retry_after)
        return Response.unusable("bad_json") if status < 400 else Response(status, {}, retry_after)

    @staticmethod
    def unusable(what: str) -> Response:
        """Return an answer that stands for none."""
        return Response(0, {"error": {"code": what}})

    @property
    def ok(self) -> bool:
        """True where it holds what a read asked for."""
        return self.status == 200

    @property
    def done(self) -> bool:
        """True where it says that a write was done."""
        return 200 <= self.status < 300

    def failure(self) -> GraphError:
        """Return it as the failure it is."""
        error = self.body.get("error")
        error = error if isinstance(error, dict) else {}
        return GraphError(
            self.status, str(error.get("code") or "no code"), str(error.get("message") or "")
        )


class HttpTransport:
    """An HTTP client of one loop. Retries and redirects are not followed here.

    The client is a plain one, without the SDK's middleware: that retries each request alone, and
    does not know of batches, floats in Retry-After or broken connections.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credential: TokenCredential,
        token_scope: str,
        on_request: Callable[[], None] = lambda: None,
    ) -> None:
        async def count(_: httpx.Request) -> None:
            on_request()

        self.endpoint = endpoint
        self._http = httpx.AsyncClient(
            timeout=TIMEOUT,
            headers={"User-Agent": "aadsync", "Accept": "application/json"},
            event_hooks={"request": [count]},
        )
        provider = AzureIdentityAuthenticationProvider(
            _ThreadedCredential(credential), scopes=[token_scope], allowed_hosts=[endpoint.host]
        )
        self.adapter = GraphRequestAdapter(provider, self._http)
        self.adapter.base_url = endpoint.root

    async def close(self) -> None:
        """Close the connections, in the loop that opened them."""
        await self._http.aclose()

    async def send(self, request: Request) -> Response:
        """Send a request, once."""
        info = RequestInformation(Method(request.method))
        info.url = self.endpoint.absolute(request.url)
        for name, value in request.headers.items():
            info.headers.add(name, value)
        if request.body is not None:
            info.set_stream_content(json.dumps(request.body).encode(), "application/json")
        info.add_request_options([ResponseHandlerOption(NativeResponseHandler())])
        try:
            response = await self.adapter.send_primitive_async(info, "bytes", None)
        except httpx.RequestError as error:
            log.debug("%s broke: %s", redacted(info.url), type(error).__name__)
            return Response.unusable(type(error).__name__)
        status: int = response.status_code
        log.debug("%s %s: %d", request.method, redacted(info.url), status)
        return Response.of(status, _json(response), response.headers.get("Retry-After"))


class _ThreadedCredential:
    """An asynchronous credential over a synchronous one, so that a login does not stop the loop."""

    def __init__(self, credential: TokenCredential) -> None:
        self._credential = credential
        self._lock = asyncio.Lock()

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        async with self._lock:
            return await off_loop(partial(self._get, scopes, options))

    def _get(self, scopes: tuple[str, ...], options: dict[str, Any]) -> AccessToken:
        try:
            token = self._credential.get_token(*scopes, **options)
        except AzureError as error:
            what = str(error).strip().partition("\n")[0]
            raise CredentialError(
                f"Logging in to Entra failed: {what} Nothing was read or changed. "
                f"Check source.auth and source.tenant_id."
            ) from error
        # The SDK sends no token at all, and says nothing, when the type is not exactly this one.
        return AccessToken(token.token, token.expires_on)


def _json(response: httpx.Response) -> Any:
    login = response.request.headers.get("Authorization", "")
    try:
        text = response.content.decode(json.detect_encoding(response.content), "surrogatepass")
        return json.loads(without_login(text, login))
    except ValueError:
        return None
