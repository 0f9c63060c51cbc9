"""SCIM endpoints: Users, Groups and ServicePrincipals of one directory, below one path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aadsync_lib.sandbox.databricks import writes
from aadsync_lib.sandbox.databricks.auth import authorize
from aadsync_lib.sandbox.databricks.deaf import deafen
from aadsync_lib.sandbox.databricks.discovery import discovery_routes
from aadsync_lib.sandbox.databricks.errors import ApiError, not_found
from aadsync_lib.sandbox.databricks.http import ScimResponse, guarded, json_object
from aadsync_lib.sandbox.databricks.listing import ListRequest, list_page
from aadsync_lib.sandbox.databricks.patch import parse_patch
from aadsync_lib.sandbox.databricks.records import JsonObject, Kind, Record
from aadsync_lib.sandbox.databricks.render import Selection, render
from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.faults import STALE

SINGULAR: dict[Kind, str] = {
    "Users": "User",
    "Groups": "Group",
    "ServicePrincipals": "ServicePrincipal",
}
NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class ScimRequest:
    """One admitted request for resources of one kind, with its caller; ``None`` is nobody."""

    request: Request
    kind: Kind
    version: str
    raw: bytes
    caller: Record | None

    @property
    def body(self) -> dict[str, Any]:
        return json_object(self.raw)

    @property
    def selection(self) -> Selection:
        query = self.request.query_params
        return Selection.parse(query.get("attributes"), query.get("excludedAttributes"))


class Scim:
    """The endpoints of one directory. Each request is handled whole under the state's lock."""

    base: ClassVar[str]

    def __init__(self, state: DatabricksState) -> None:
        self.state = state

    def routes(self) -> list[Route]:
        base = self.base
        routes = [Route(f"{base}/Me", guarded(self.state, self.me)), *discovery_routes(base)]
        for kind in SINGULAR:
            collection = guarded(self.state, partial(self.collection, kind))
            item = guarded(self.state, partial(self.item, kind))
            routes.append(Route(f"{base}/{kind}", collection, methods=["GET", "POST"]))
            methods = ["GET", "PATCH", "PUT", "DELETE"]
            routes.append(Route(f"{base}/{kind}/{{id}}", item, methods=methods))
        return routes

    def admit(self, request: Request) -> Record | None:
        """Return who calls, or refuse a caller who may not do so much as read."""
        raise NotImplementedError

    def allow(self, call: ScimRequest, row: Record | None) -> None:
        """Refuse a write of a resource, or the creation of one, that the caller has no right to."""

    def create(self, call: ScimRequest) -> Record:
        return writes.create(self.state, call.kind, call.body)

    def delete(self, call: ScimRequest, row: Record) -> None:
        writes.delete(self.state, call.kind, row)

    def show_caller(self, caller: Record) -> JsonObject:
        return render(self.state, caller)

    async def me(self, request: Request) -> Response:
        with self.state.lock:
            self.state.refresh()
            self._version(request)
            caller = self.admit(request)
            if caller is None:
                raise ApiError(404, "This token belongs to nobody")
            return ScimResponse(self.show_caller(caller))

    async def collection(self, kind: Kind, request: Request) -> Response:
        raw = await request.body()
        with self.state.lock:
            call = self._call(kind, request, raw)
            if request.method == "POST":
                self.allow(call, None)
                row = self.create(call)
                return ScimResponse(render(self.state, row, call.selection), 201)
            stale = self._stale(request)
            listing = ListRequest(call.kind, call.version, request.query_params, stale)
            return ScimResponse(list_page(self.state, listing))

    async def item(self, kind: Kind, request: Request) -> Response:
        raw = await request.body()
        with self.state.lock:
            call = self._call(kind, request, raw)
            row = self._find(call)
            if request.method != "GET":
                self.allow(call, row)
            match request.method:
                case "PATCH":
                    return self._patch(call, row)
                case "PUT":
                    writes.replace(self.state, call.kind, row, call.body)
                case "DELETE":
                    self.delete(call, row)
                    return Response(status_code=NO_CONTENT)
            return ScimResponse(render(self.state, row, call.selection))

    def _patch(self, call: ScimRequest, row: Record) -> Response:
        switches = self.state.switches
        draft = parse_patch(call.body, call.kind, row, self.state)
        deafen(draft, call.kind, row, switches)
        writes.change(self.state, call.kind, row, draft)
        answer = switches.patch_answer
        if answer == "empty" or (answer == "by_version" and call.version == "2.1"):
            return Response(status_code=NO_CONTENT)
        return ScimResponse(render(self.state, row, call.selection))

    def _call(self, kind: Kind, request: Request, raw: bytes) -> ScimRequest:
        self.state.refresh()
        version = self._version(request)
        return ScimRequest(request, kind, version, raw, self.admit(request))

    def _version(self, request: Request) -> str:
        version: str = request.path_params.get("version", "2.0")
        enabled = {"2.0": self.state.switches.scim_20, "2.1": self.state.switches.scim_21}
        if not enabled.get(version):
            raise ApiError(404, f"No API found for {request.url.path}", code="ENDPOINT_NOT_FOUND")
        return version

    def _find(self, call: ScimRequest) -> Record:
        record_id = call.request.path_params["id"]
        stale = self._stale(call.request) if call.request.method == "GET" else 0.0
        row: Record | None = self.state.table(call.kind).read(record_id, stale, self.state.clock())
        if row is None:
            raise not_found(SINGULAR[call.kind], record_id)
        return row

    def _stale(self, request: Request) -> float:
        """Seconds by which this read is stale; some reads are, and some after them are not."""
        injected: float = request.scope.get(STALE, 0.0)
        switches = self.state.switches
        if not injected and switches.stale_seconds:
            stale = self.state.random.random() < switches.stale_share
            return switches.stale_seconds if stale else 0.0
        return injected


class AccountScim(Scim):
    """Account SCIM at the 2.0 and 2.1 paths, for account admins."""

    base = "/api/{version}/accounts/{account_id}/scim/v2"

    def admit(self, request: Request) -> Record | None:
        return authorize(self.state, request)
