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

JsonObject = dict[str, Any]
TIMEOUT = httpx.Timeout(60.0, connect=15.0)
EVENTUAL = {"ConsistencyLevel": "eventual"}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """One GET: an address relative to the version, or a whole next link.

    ``eventual`` is asked for on every page: a next link does not carry it.
    """

    url: str
    eventual: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """Headers beyond the usual ones."""
        return EVENTUAL if self.eventual else {}


@dataclass(frozen=True, slots=True)
class Response:
    """What came back; status 0 is no usable answer."""

    status: int
    body: JsonObject
    retry_after: str | None = None

    @staticmethod
    def of(status: int, body: Any, retry_after: str | None) -> Response:
        """Take an answer apart; a success without a JSON object is no usable answer."""
        if isinstance(body, dict):
            return Response(status, body, retry_after)
        return Response.unusable("bad_json") if status < 400 else Response(status, {}, retry_after)

    @staticmethod
    def unusable(what: str) -> Response:
        """Return an answer that stands for none."""
        return Response(0, {"error": {"code": what}})

    @property
    def ok(self) -> bool:
        """Whether it holds what was asked for."""
        return self.status == 200

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
        on_request: Callable[[], None],
    ) -> None:
        async def count(_: httpx.Request) -> None:
            on_request()

        self._endpoint = endpoint
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

    async def get(self, ask: Request) -> Response:
        """Send a single request."""
        info = RequestInformation(Method.GET)
        info.url = self._endpoint.absolute(ask.url)
        for name, value in ask.headers.items():
            info.headers.add(name, value)
        return await self._send(info)

    async def post(self, path: str, body: JsonObject) -> Response:
        """Send a request with a JSON body, to an address relative to the version."""
        info = RequestInformation(Method.POST)
        info.url = self._endpoint.absolute(path)
        info.set_stream_content(json.dumps(body).encode(), "application/json")
        return await self._send(info)

    async def _send(self, info: RequestInformation) -> Response:
        info.add_request_options([ResponseHandlerOption(NativeResponseHandler())])
        try:
            response = await self.adapter.send_primitive_async(info, "bytes", None)
        except httpx.RequestError as error:
            log.debug("%s broke: %s", redacted(info.url), type(error).__name__)
            return Response.unusable(type(error).__name__)
        status: int = response.status_code
        log.debug("%s %s: %d", info.http_method.value, redacted(info.url), status)
        body = _json(_without_login(response))
        return Response.of(status, body, response.headers.get("Retry-After"))


class _ThreadedCredential:
    """An asynchronous credential over a synchronous one, so that a login does not stop the loop."""

    def __init__(self, credential: TokenCredential) -> None:
        self._credential = credential
        self._one = asyncio.Lock()

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        async with self._one:
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


def _without_login(response: httpx.Response) -> bytes:
    """Take out the token, should a server or a proxy repeat what it was sent."""
    login = response.request.headers.get("Authorization", "").rpartition(" ")[2].encode()
    return response.content.replace(login, b"***") if login else response.content


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None
