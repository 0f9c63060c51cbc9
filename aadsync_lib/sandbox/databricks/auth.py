"""Callers of the account, and their rights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import islice

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request, not_found
from aadsync_lib.sandbox.databricks.http import guarded, integer
from aadsync_lib.sandbox.databricks.records import (
    ADMIN_ROLE,
    Group,
    JsonObject,
    Kind,
    Record,
    Token,
)
from aadsync_lib.sandbox.databricks.state import DatabricksState

PAGE = 1000
TYPES: dict[Kind, str] = {
    "Users": "USER",
    "Groups": "GROUP",
    "ServicePrincipals": "SERVICE_PRINCIPAL",
}


class Identity:
    """The endpoints of the identity API that concern direct members, of the account's groups.

    ``admit`` refuses who may not call them below ``base``.
    """

    def __init__(
        self,
        state: DatabricksState,
        base: str = "/api/2.0/identity/accounts/{account_id}",
        admit: Callable[[Request], object] | None = None,
    ) -> None:
        self.state = state
        self.base = base
        self.admit = admit or partial(authorize, state)

    def routes(self) -> list[Route]:
        path = f"{self.base}/groups/{{id}}/direct-members"
        return [Route(path, guarded(self.state, self.direct_members))]

    async def direct_members(self, request: Request) -> Response:
        with self.state.lock:
            if not self.state.switches.iam_v2:
                raise ApiError(404, "No API found for this path", code="ENDPOINT_NOT_FOUND")
            self.admit(request)
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


def authorize(state: DatabricksState, request: Request) -> Record | None:
    """Return the account admin who calls; ``None`` for a token that belongs to nobody."""
    token = bearer(state, request)
    if request.path_params["account_id"] != state.account_id:
        raise ApiError(403, "The caller has no access to this account")
    if token.scim_only and not _open_to_scim_token(state, request):
        raise ApiError(403, "A SCIM token is restricted to the Account SCIM API 2.1")
    if token.identity is None:
        return None
    caller = identity_of(state, token.identity)
    if not is_admin(state, caller):
        raise ApiError(403, "Only account admins can call this API")
    return caller


def identify(state: DatabricksState, request: Request) -> Record:
    """Return who calls the workspace: anybody the account knows, admin or not."""
    token = bearer(state, request)
    if token.scim_only or token.identity is None:
        raise ApiError(403, "This token does not open a workspace")
    return identity_of(state, token.identity)


def is_admin(state: DatabricksState, caller: Record) -> bool:
    """Whether the caller, or a group they are in at any depth, has the role."""
    ids = {caller.id, *groups_of(state, caller)}
    return any(ADMIN_ROLE in state.record(i).roles for i in ids)


def groups_of(state: DatabricksState, caller: Record) -> set[str]:
    """Ids of the groups the caller is in, at any depth."""
    seen: set[str] = set()
    todo = [caller.id]
    while todo:
        fresh = state.parents.get(todo.pop(), {}).keys() - seen
        seen |= fresh
        todo.extend(fresh)
    return seen


def identity_of(state: DatabricksState, record_id: str) -> Record:
    """Return the active principal that a token belongs to."""
    if state.kind_of(record_id) is None:
        raise ApiError(401, "The identity of this token does not exist any more")
    caller = state.record(record_id)
    if not getattr(caller, "active", True):
        raise ApiError(401, "The identity of this token is deactivated")
    return caller


def bearer(state: DatabricksState, request: Request) -> Token:
    """Return the live token of a request, or refuse it."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise ApiError(401, "Credential was not sent or was of an unsupported type for this API.")
    token = state.token_of(value.strip())
    if token is None:
        raise ApiError(401, "Invalid access token")
    if token.expires is not None and token.expires <= state.clock():
        raise ApiError(401, "The access token expired")
    return token


def _open_to_scim_token(state: DatabricksState, request: Request) -> bool:
    path = request.url.path
    if "/scim/v2/" not in path:
        return False
    return path.startswith("/api/2.1/") or state.switches.scim_token_on_20
