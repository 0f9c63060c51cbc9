"""Carries faults out on the wire, broken connections included."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Any
from urllib.parse import unquote_plus

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aadsync_lib.sandbox.faults import STALE, Fault, Faults

GRAPH_CODES = {
    400: "Request_BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Authorization_RequestDenied",
    404: "Request_ResourceNotFound",
    409: "Request_Conflict",
    410: "syncStateNotFound",
    412: "Request_PreconditionFailed",
    413: "Request_EntityTooLarge",
    429: "TooManyRequests",
    500: "Service_InternalServerError",
    502: "BadGateway",
    503: "ServiceNotAvailable",
    504: "GatewayTimeout",
}
DATABRICKS_CODES = {
    400: "INVALID_PARAMETER_VALUE",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    409: "ABORTED",
    413: "REQUEST_TOO_LARGE",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
TAKING_TOO_LONG = (
    "The service at {path} is taking too long to process your request. "
    "Please try again later or try a faster operation."
)


class FaultMiddleware:
    """Hits requests of one side with the faults that are due.

    Belongs around the limits and inside the request log. Every layer outside it must pass
    ``receive`` on as it is, since the connection to break is found through it.
    """

    def __init__(self, app: ASGIApp, faults: Faults, side: str, place: str = "") -> None:
        self.app = app
        self.faults = faults
        self.side = side
        self.place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._due(scope)
        if fault is None:
            await self.app(scope, receive, send)
            return
        match fault.kind:
            case "reset":
                await hang_up(receive, hard=True)
            case "lost":
                await self.app(scope, receive, _discard)
                await hang_up(receive)
            case "timeout":
                await _wait_for_client(receive, fault.seconds)
                await hang_up(receive)
            case "slow":
                await asyncio.sleep(fault.seconds)
                await self.app(scope, receive, send)
            case "stale":
                await self.app({**scope, STALE: fault.seconds}, receive, send)
            case "truncated":
                await self._truncate(scope, receive, send)
            case _:
                await self._answer(fault, scope)(scope, receive, send)

    def _due(self, scope: Scope) -> Fault | None:
        if scope["type"] != "http" or scope["path"].startswith("/_sandbox/"):
            return None
        query = unquote_plus(scope["query_string"].decode("latin-1"))
        target = f"{scope['path']}?{query}" if query else scope["path"]
        return self.faults.next(self.side, scope["method"], target, self.place)

    def _answer(self, fault: Fault, scope: Scope) -> JSONResponse:
        status = int(fault.kind)
        body = (
            fault.body if fault.body is not None else _error_body(self.side, status, scope["path"])
        )
        headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
        return JSONResponse(body, status, headers)

    async def _truncate(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half the body with a length to match, so that only its JSON is broken."""
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, collect)
        whole = b"".join(m.get("body", b"") for m in messages if m["type"] == "http.response.body")
        half = whole[: len(whole) // 2]
        start = messages[0]
        headers = [h for h in start["headers"] if h[0].lower() != b"content-length"]
        if whole:
            headers.append((b"content-length", str(len(half)).encode()))
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": half})


async def hang_up(receive: Receive, *, hard: bool = False) -> None:
    """Break the connection: with a reset when ``hard``, else by closing it without an answer."""
    transport: Any = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("injected fault: the connection is broken")
    if hard:
        await _drain(receive)
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    # The server takes the request as ended by the client, and logs nothing, once it saw the end.
    await _disconnected(receive)


async def _drain(receive: Receive) -> None:
    """Take the request's body, so that the client is waiting for the answer."""
    while (await receive()).get("more_body", False):
        pass


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _wait_for_client(receive: Receive, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(_disconnected(receive), seconds)


async def _discard(message: Message) -> None:
    """Lose a part of an answer."""


def _error_body(side: str, status: int, path: str) -> dict[str, Any]:
    message = f"Injected fault: the request was answered with {status}."
    if side in {"graph", "vault"}:
        return {"error": {"code": GRAPH_CODES[status], "message": message}}
    if side == "entra":
        return {"error": "temporarily_unavailable", "error_description": message}
    if status == 504:
        message = TAKING_TOO_LONG.format(path=path)
    return {"error_code": DATABRICKS_CODES.get(status, "UNKNOWN"), "message": message}
