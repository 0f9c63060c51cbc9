"""Account SCIM: Users, Groups and ServicePrincipals at the 2.0 and 2.1 paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aadsync_lib.sandbox.databricks import writes
from aadsync_lib.sandbox.databricks.auth import authorize
from aadsync_lib.sandbox.databricks.deaf import deafen
from aadsync_lib.sandbox.databricks.discovery import discovery_routes
from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request, not_found
from aadsync_lib.sandbox.databricks.filters import FIELDS, Filter, parse_filter
from aadsync_lib.sandbox.databricks.http import ScimResponse, guarded, integer, json_object
from aadsync_lib.sandbox.databricks.lag import left_out, without
from aadsync_lib.sandbox.databricks.patch import parse_patch
from aadsync_lib.sandbox.databricks.records import JsonObject, Kind, Record
from aadsync_lib.sandbox.databricks.render import Selection, render
from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.databricks.switches import Switches
from aadsync_lib.sandbox.faults import STALE

LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PAGE = 100
HONOURED = 10_000


@dataclass(frozen=True, slots=True)
class ListRequest:
    """One request for a page."""

    kind: Kind
    version: str
    query: QueryParams
    stale: float


def list_page(state: DatabricksState, listing: ListRequest) -> JsonObject:
    query = listing.query
    start = max(1, integer(query, "startIndex") or 1)
    count = page_size(integer(query, "count"), listing.version, state.switches)
    rows, total = _page(state, listing, start - 1, count)
    selection = Selection.parse(query.get("attributes"), query.get("excludedAttributes"))
    members = state.switches.list_groups_with_members
    answer: JsonObject = {
        "schemas": [LIST_SCHEMA],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(rows),
    }
    if rows:
        answer["Resources"] = [render(state, row, selection, members=members) for row in rows]
    return answer


def page_size(count: int | None, version: str, switches: Switches) -> int:
    honours = version == "2.0" and switches.oversized_count == "honour"
    if count is None:
        return HONOURED if honours else PAGE
    if count <= PAGE:
        return max(0, count)
    if version == "2.1" or switches.oversized_count == "reject":
        raise bad_request(f"count must be <= {PAGE}, not {count}", "invalidValue")
    return min(count, HONOURED) if honours else PAGE


def _page(
    state: DatabricksState, listing: ListRequest, offset: int, count: int
) -> tuple[list[Record], int]:
    table = state.table(listing.kind)
    switches = state.switches
    sort_by = listing.query.get("sortBy")
    text = listing.query.get("filter")
    wanted = parse_filter(text, listing.kind, listing.version, switches) if text else None
    if switches.duplicate_rows and offset:
        offset -= 1
    hidden = left_out(state, listing.kind, first=offset == 0, filtered=wanted is not None)
    plain = wanted is None and sort_by is None and not hidden
    if plain and not listing.stale and not switches.shuffled_pages:
        return list(islice(table.values(), offset, offset + count)), len(table)
    rows = without(_matching(state, listing, wanted), hidden)
    if sort_by is not None:
        rows = _sorted(rows, sort_by, listing.query.get("sortOrder"))
    if switches.shuffled_pages:
        switches.shuffled_pages -= 1 if switches.shuffled_pages > 0 else 0
        rows = state.random.sample(rows, len(rows))
    return list(rows[offset : offset + count]), len(rows)


def _matching(state: DatabricksState, listing: ListRequest, wanted: Filter | None) -> Sequence[Any]:
    table = state.table(listing.kind)
    if listing.stale:
        rows = table.past(listing.stale, state.clock())
    elif wanted is not None and wanted.exact_name is not None:
        return state.named(listing.kind, wanted.exact_name)
    else:
        rows = list(table.values())
    return rows if wanted is None else [row for row in rows if wanted.matches(row)]


def _sorted(rows: Sequence[Any], sort_by: str, order: str | None) -> list[Any]:
    field = FIELDS.get(sort_by.lower())
    if field is None or (rows and not hasattr(rows[0], field)):
        raise bad_request(f"sortBy does not support {sort_by}", "invalidPath")
    descending = (order or "").lower() == "descending"
    return sorted(rows, key=lambda r: str(getattr(r, field) or ""), reverse=descending)


BASE = "/api/{version}/accounts/{account_id}/scim/v2"
SINGULAR: dict[Kind, str] = {
    "Users": "User",
    "Groups": "Group",
    "ServicePrincipals": "ServicePrincipal",
}
NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class ScimRequest:
    """One authorized request for resources of one kind."""

    request: Request
    kind: Kind
    version: str
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        return json_object(self.raw)

    @property
    def selection(self) -> Selection:
        query = self.request.query_params
        return Selection.parse(query.get("attributes"), query.get("excludedAttributes"))


class AccountScim:
    """The endpoints of one account. Each request is handled whole under the state's lock."""

    def __init__(self, state: DatabricksState) -> None:
        self.state = state

    def routes(self) -> list[Route]:
        routes = [Route(f"{BASE}/Me", guarded(self.state, self.me)), *discovery_routes(BASE)]
        for kind in SINGULAR:
            collection = guarded(self.state, partial(self.collection, kind))
            item = guarded(self.state, partial(self.item, kind))
            routes.append(Route(f"{BASE}/{kind}", collection, methods=["GET", "POST"]))
            methods = ["GET", "PATCH", "PUT", "DELETE"]
            routes.append(Route(f"{BASE}/{kind}/{{id}}", item, methods=methods))
        return routes

    async def me(self, request: Request) -> Response:
        with self.state.lock:
            self._version(request)
            caller = authorize(self.state, request)
            if caller is None:
                raise ApiError(404, "This token belongs to nobody")
            return ScimResponse(render(self.state, caller))

    async def collection(self, kind: Kind, request: Request) -> Response:
        raw = await request.body()
        with self.state.lock:
            call = self._call(kind, request, raw)
            if request.method == "POST":
                row = writes.create(self.state, call.kind, call.body)
                return ScimResponse(render(self.state, row, call.selection), 201)
            stale = self._stale(request)
            listing = ListRequest(call.kind, call.version, request.query_params, stale)
            return ScimResponse(list_page(self.state, listing))

    async def item(self, kind: Kind, request: Request) -> Response:
        raw = await request.body()
        with self.state.lock:
            call = self._call(kind, request, raw)
            row = self._find(call)
            match request.method:
                case "PATCH":
                    return self._patch(call, row)
                case "PUT":
                    writes.replace(self.state, call.kind, row, call.body)
                case "DELETE":
                    writes.delete(self.state, call.kind, row)
                    return Response(status_code=NO_CONTENT)
            return ScimResponse(render(self.state, row, call.selection))

    def _patch(self, call: ScimRequest, row: Record) -> Response:
        switches = self.state.switches
        draft = parse_patch(call.body, call.kind, row, switches)
        deafen(draft, call.kind, row, switches)
        writes.change(self.state, call.kind, row, draft)
        answer = switches.patch_answer
        if answer == "empty" or (answer == "by_version" and call.version == "2.1"):
            return Response(status_code=NO_CONTENT)
        return ScimResponse(render(self.state, row, call.selection))

    def _call(self, kind: Kind, request: Request, raw: bytes) -> ScimRequest:
        version = self._version(request)
        authorize(self.state, request)
        return ScimRequest(request, kind, version, raw)

    def _version(self, request: Request) -> str:
        version: str = request.path_params["version"]
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
