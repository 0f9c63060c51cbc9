"""IAM v2: the one listing of a group's members that has pages and tells their source."""

from __future__ import annotations

from itertools import islice

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aadsync_lib.sandbox.databricks.auth import authorize
from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request, not_found
from aadsync_lib.sandbox.databricks.http import guarded, integer
from aadsync_lib.sandbox.databricks.records import Group, JsonObject, Kind
from aadsync_lib.sandbox.databricks.state import DatabricksState

PAGE = 1000
TYPES: dict[Kind, str] = {
    "Users": "USER",
    "Groups": "GROUP",
    "ServicePrincipals": "SERVICE_PRINCIPAL",
}


class Identity:
    """The endpoints of the identity API that concern direct members."""

    def __init__(self, state: DatabricksState) -> None:
        self.state = state

    def routes(self) -> list[Route]:
        path = "/api/2.0/identity/accounts/{account_id}/groups/{id}/direct-members"
        return [Route(path, guarded(self.state, self.direct_members))]

    async def direct_members(self, request: Request) -> Response:
        with self.state.lock:
            if not self.state.switches.iam_v2:
                raise ApiError(404, "No API found for this path", code="ENDPOINT_NOT_FOUND")
            authorize(self.state, request)
            group_id = request.path_params["id"]
            group = self.state.groups.get(group_id)
            if group is None:
                raise not_found("Group", group_id)
            return JSONResponse(self._page(group, request))

    def _page(self, group: Group, request: Request) -> JsonObject:
        size = min(integer(request.query_params, "page_size") or PAGE, PAGE)
        offset = _offset(request.query_params.get("page_token"))
        page = islice(group.members, offset, offset + size)
        body: JsonObject = {"direct_group_members": [self._member(group, m) for m in page]}
        if offset + size < len(group.members):
            body["next_page_token"] = f"m{offset + size}"
        return body

    def _member(self, group: Group, member_id: str) -> JsonObject:
        kind = self.state.kind_of(member_id)
        row = self.state.record(member_id)
        assert kind is not None
        member: JsonObject = {
            "group_id": int(group.id),
            "principal_id": int(member_id),
            "principal_type": TYPES[kind],
            "display_name": row.display_name,
            "membership_source": "IDENTITY_PROVIDER" if group.aim_managed else "INTERNAL",
        }
        return member | ({"external_id": row.external_id} if row.external_id else {})


def _offset(token: str | None) -> int:
    if not token:
        return 0
    if not token.startswith("m") or not token[1:].isdigit():
        raise bad_request("page_token is not one that was given")
    return int(token[1:])
