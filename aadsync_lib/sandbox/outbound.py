"""Requests that Entra makes itself, in process: to the sandbox's Databricks, and to nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp, Message, Scope

from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.memory.provisioning import ScimAnswer

AppAt = Callable[[str], ASGIApp | None]
"""The application at a host and port; ``None`` where there is none."""


class Outbound:
    """Sends requests through all layers of what is served, faults, limits and log included."""

    def __init__(self, app_at: AppAt) -> None:
        self.app_at = app_at

    async def __call__(
        self, method: str, url: str, token: str, body: JsonObject | None
    ) -> ScimAnswer:
        app = self.app_at(urlsplit(url).netloc.lower())
        if app is None:
            return ScimAnswer(0, {})
        messages: list[Message] = []

        async def send(message: Message) -> None:
            messages.append(message)

        try:
            await app(_scope(method, url, token), _Body(body).receive, send)
        except ConnectionResetError:
            return ScimAnswer(0, {})
        return _answer(messages)


class _Body:
    """The body of a request, after which the client hangs up."""

    def __init__(self, body: JsonObject | None) -> None:
        self._raw = b"" if body is None else json.dumps(body).encode()
        self._sent = False

    async def receive(self) -> Message:
        if self._sent:
            return {"type": "http.disconnect"}
        self._sent = True
        return {"type": "http.request", "body": self._raw, "more_body": False}


def _scope(method: str, url: str, token: str) -> Scope:
    parts = urlsplit(url)
    headers = {
        "authorization": f"Bearer {token}",
        "host": parts.netloc,
        "content-type": "application/scim+json",
        "user-agent": "Microsoft Entra provisioning",
    }
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": parts.scheme,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(k.encode(), v.encode("latin-1", "replace")) for k, v in headers.items()],
        "client": None,
        "server": None,
    }


def _answer(messages: list[Message]) -> ScimAnswer:
    """What came back; half an answer is none."""
    if not messages:
        return ScimAnswer(0, {})
    raw = b"".join(message.get("body", b"") for message in messages[1:])
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        return ScimAnswer(0, {})
    return ScimAnswer(messages[0]["status"], body if isinstance(body, dict) else {})
