"""Shared parts of the Graph handlers: the bearer check, permissions, response headers."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aadsync_lib.sandbox.entra.errors import GraphError, bad_request, denied, not_found
from aadsync_lib.sandbox.entra.kinds import GROUP, KINDS, JsonObject, Kind
from aadsync_lib.sandbox.entra.paging import GraphRequest
from aadsync_lib.sandbox.entra.query import Query
from aadsync_lib.sandbox.entra.state import EntraState

Handler = Callable[[GraphRequest], Any]
Authorize = Callable[[Request], frozenset[str] | None]
"""Refuses a request, or returns the permissions of its caller; ``None`` is those of the tenant's state."""
Options = tuple[str, ...]
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


VERSIONS = ("v1.0", "beta")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer other than 200 with a body."""

    status: int
    body: JsonObject | None = None


DONE = Reply(204)


class Routes:
    """Collects routes of one tenant, for both versions. A handler runs under the directory's lock.

    One that has to wait for others returns an awaitable, which is awaited without the lock.
    """

    def __init__(self, state: EntraState, authorize: Authorize) -> None:
        self.state = state
        self.authorize = authorize
        self._by_version: dict[str, list[Route]] = {version: [] for version in VERSIONS}

    @property
    def list(self) -> list[Route]:
        return [route for routes in self._by_version.values() for route in routes]

    def get(self, path: str, handler: Handler, cost: int = 1, *, options: Options = ()) -> None:
        """Serve GET on ``path``; ``cost`` is the published base cost in resource units.

        ``options`` are the query options that only this path takes.
        """
        self._add("GET", path, handler, cost, options)

    def post(self, path: str, handler: Handler, cost: int = 1) -> None:
        """Serve POST on ``path``; the handler finds the request's JSON in ``call.body``."""
        self._add("POST", path, handler, cost)

    def put(self, path: str, handler: Handler) -> None:
        self._add("PUT", path, handler)

    def patch(self, path: str, handler: Handler) -> None:
        self._add("PATCH", path, handler)

    def delete(self, path: str, handler: Handler) -> None:
        self._add("DELETE", path, handler)

    def _add(
        self, method: str, path: str, handler: Handler, cost: int = 1, options: Options = ()
    ) -> None:
        endpoint = self._endpoint(handler, cost, options)
        for version, routes in self._by_version.items():
            routes.append(Route(f"/{version}{path}", endpoint, methods=[method]))

    def _endpoint(
        self, handler: Handler, cost: int, options: Options
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            permissions = self.authorize(request)
            body = await _json(request) if request.method in _WITH_BODY else {}
            call = GraphRequest(request, self.state, Query.of(request, options), body)
            with self.state.lock, self.state.called_with(permissions):
                result = handler(call)
            if isawaitable(result):
                result = await result
            return answer(result, _units(call.query, cost))

        return endpoint


async def _json(request: Request) -> JsonObject:
    raw = await request.body()
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise bad_request("Unable to read JSON request payload.")
    return body


def answer(body: Any, units: int) -> Response:
    headers = {"x-ms-resource-unit": str(units), "request-id": str(uuid4())}
    if isinstance(body, Reply):
        if body.body is None:
            return Response(status_code=body.status, headers=headers)
        return JSONResponse(body.body, body.status, headers)
    if isinstance(body, int):
        return Response(str(body), headers=headers, media_type="text/plain")
    return JSONResponse(body, headers=headers)


def _units(query: Query, cost: int) -> int:
    return max(1, cost - (query.select is not None) - (query.top < 20))


def require(call: GraphRequest, kind: Kind) -> None:
    """Refuse a caller without a permission to read this type."""
    if not call.state.may_read(kind):
        raise denied()


def require_any(call: GraphRequest, permissions: frozenset[str]) -> None:
    if call.state.permissions.isdisjoint(permissions):
        raise denied()


def get_object(call: GraphRequest, kind: Kind, key: str) -> JsonObject:
    """The object of one kind by id, or by its alternate key."""
    known = key if call.state.kinds.get(key) == kind.name else call.state.find(key)
    if known is None or call.state.kinds.get(known) != kind.name:
        raise not_found(key)
    if call.state.applications.hides(known):
        raise not_found(key)
    return call.state.objects[known]


def own(call: GraphRequest, key: str) -> str:
    """Refuse a caller who may not change this application or service principal."""
    permissions = call.state.permissions
    owner = key in call.state.applications.owned and "Application.ReadWrite.OwnedBy" in permissions
    if not owner and "Application.ReadWrite.All" not in permissions:
        raise denied()
    return key


def get_group(call: GraphRequest) -> str:
    """The id of the group in the path."""
    require(call, GROUP)
    return str(get_object(call, GROUP, call.path("id"))["id"])


def cast_kind(call: GraphRequest) -> Kind:
    """The type of a cast segment: microsoft.graph.user, or graph.user as the SDK writes it."""
    segment = call.path("cast")
    name = segment.removeprefix("microsoft.").removeprefix("graph.")
    if name == segment or name not in KINDS:
        raise GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")
    return KINDS[name]
