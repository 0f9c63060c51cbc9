"""JSON batching: several Graph requests in one."""

import asyncio
import json
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Scope

from aadsync_lib.sandbox.entra.calls import VERSIONS, Authorize
from aadsync_lib.sandbox.entra.errors import GraphError, bad_request
from aadsync_lib.sandbox.entra.kinds import JsonObject

LARGEST = 20


class Batch:
    """Runs the requests of a batch one by one through ``app``, as if each had come alone."""

    def __init__(self, authorize: Authorize) -> None:
        self.authorize = authorize
        self.app: ASGIApp | None = None

    @property
    def routes(self) -> list[Route]:
        return [Route(f"/{name}/$batch", self._serve, methods=["POST"]) for name in VERSIONS]

    async def _serve(self, request: Request) -> Response:
        self.authorize(request)
        items = _items(await request.body())
        done: dict[str, JsonObject] = {}
        for item in items:
            done[item["id"]] = await self._answer(request, item, done)
        return JSONResponse({"responses": list(done.values())})

    async def _answer(
        self, request: Request, item: JsonObject, done: dict[str, JsonObject]
    ) -> JsonObject:
        for needed in item.get("dependsOn", ()):
            if needed not in done:
                raise bad_request(f"Request '{item['id']}' depends on unknown '{needed}'.")
            if done[needed]["status"] >= 400:
                return _failed(item["id"], 424, "FailedDependency", "A dependency has failed.")
        assert self.app is not None
        messages: list[Message] = []

        async def send(message: Message) -> None:
            messages.append(message)

        try:
            await self.app(_scope(request, item), _Body(item).receive, send)
        except ConnectionResetError:
            return _failed(item["id"], 504, "UnknownError", "The inner request got no answer.")
        return _collected(item["id"], messages)


class _Body:
    """The body of an inner request, followed by silence."""

    def __init__(self, item: JsonObject) -> None:
        self._body = json.dumps(item["body"]).encode() if "body" in item else b""
        self._sent = False

    async def receive(self) -> Message:
        if self._sent:
            await asyncio.sleep(3600)
        self._sent = True
        return {"type": "http.request", "body": self._body, "more_body": False}


def _items(body: bytes) -> list[JsonObject]:
    try:
        items: Any = json.loads(body)["requests"]
        keys = [item["id"] for item in items]
    except (ValueError, KeyError, TypeError):
        raise bad_request("Invalid batch payload format.") from None
    if len(keys) > LARGEST:
        raise bad_request(f"Number of batch request steps exceeds the maximum value of {LARGEST}.")
    if len(set(keys)) != len(keys):
        raise bad_request("Duplicate request id in the batch.")
    result: list[JsonObject] = items
    return result


def _scope(request: Request, item: JsonObject) -> Scope:
    """An address relative to the version, as documented, or absolute, as one SDK writes it."""
    parts = urlsplit(item["url"])
    raw = parts.path.lstrip("/")
    for version in VERSIONS:
        raw = raw.removeprefix(f"{version}/")
    path = f"/{request.url.path.split('/', 2)[1]}/{raw}"
    headers = {"authorization": request.headers["authorization"], "host": request.url.netloc}
    headers |= {name.lower(): str(value) for name, value in item.get("headers", {}).items()}
    return {
        "type": "http",
        "asgi": request.scope["asgi"],
        "http_version": "1.1",
        "method": str(item.get("method", "GET")).upper(),
        "scheme": request.url.scheme,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()],
        "client": request.scope.get("client"),
        "server": request.scope.get("server"),
    }


def _collected(key: str, messages: list[Message]) -> JsonObject:
    start = messages[0]
    raw = b"".join(m.get("body", b"") for m in messages[1:])
    headers = {k.decode().title(): v.decode() for k, v in start["headers"]}
    answer: JsonObject = {"id": key, "status": start["status"], "headers": headers}
    if raw:
        try:
            answer["body"] = json.loads(raw)
        except ValueError:
            answer["body"] = raw.decode(errors="replace")
    return answer


def _failed(key: str, status: int, code: str, message: str) -> JsonObject:
    return {"id": key, "status": status, "body": GraphError(status, code, message).body()}
