"""Workspace assignment of account principals, and the workspaces of an account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aadsync_lib.sandbox.databricks.auth import authorize
from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.http import guarded, json_object
from aadsync_lib.sandbox.databricks.records import (
    JsonObject,
    Record,
)
from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.databricks.workspaces.assigning import (
    give,
    give_by_name,
    permission_of,
    shown_assignment,
    take,
)
from aadsync_lib.sandbox.databricks.workspaces.scim import enter
from aadsync_lib.sandbox.databricks.workspaces.state import WorkspaceState
from aadsync_lib.sandbox.faults import STALE

UNAVAILABLE = "Permission assignment APIs are not available for this workspace."
PERMISSIONS = [
    {"permission_level": "USER", "description": "Can use the workspace"},
    {"permission_level": "ADMIN", "description": "Can administer the workspace"},
]


@dataclass(frozen=True, slots=True)
class Call:
    """One request about the assignments of one workspace."""

    workspace: WorkspaceState
    request: Request
    raw: bytes = b""

    @property
    def body(self) -> JsonObject:
        return json_object(self.raw) if self.raw else {}

    @property
    def principal(self) -> Record:
        """The account principal of the path."""
        text = self.request.path_params["principal_id"]
        if not text.isdigit():
            raise bad_request(f"{text!r} is not the id of a principal")
        found = self.workspace.account.shown(text)
        if found is None:
            raise ApiError(404, f"Principal {text} was not found in the account")
        return found[1]


Handler = Callable[[Call], JsonObject]


class Assignments:
    """The endpoints below one path; each request is handled whole under the account's lock."""

    def __init__(self, account: DatabricksState, workspaces: Sequence[WorkspaceState]) -> None:
        self.account = account
        self.workspaces = workspaces

    def routes(self) -> list[Route]:
        base = "/api/2.0/accounts/{account_id}/workspaces"
        return [
            Route(base, guarded(self.account, self.list)),
            Route(f"{base}/{{workspace_id}}", guarded(self.account, self.get)),
            *_routes(f"{base}/{{workspace_id}}/permissionassignments", self.account, self._find),
        ]

    async def list(self, request: Request) -> Response:
        with self.account.lock:
            authorize(self.account, request)
            return JSONResponse([_shown(workspace) for workspace in self.workspaces])

    async def get(self, request: Request) -> Response:
        with self.account.lock:
            return JSONResponse(_shown(self._find(request)))

    def _find(self, request: Request) -> WorkspaceState:
        authorize(self.account, request)
        wanted = request.path_params["workspace_id"]
        for workspace in self.workspaces:
            if str(workspace.workspace_id) == wanted:
                return workspace
        raise ApiError(404, f"Workspace {wanted} does not exist in this account")


class LocalAssignments:
    """The same at a workspace's own host, for its admins."""

    def __init__(self, workspace: WorkspaceState) -> None:
        self.workspace = workspace

    def routes(self) -> list[Route]:
        base = "/api/2.0/preview/permissionassignments"
        return _routes(base, self.workspace, self._find, POST=_post)

    def _find(self, request: Request) -> WorkspaceState:
        self.workspace.refresh()
        if not self.workspace.is_admin(enter(self.workspace, request)):
            raise ApiError(403, "Only workspace admins can call this API")
        return self.workspace


def _routes(
    base: str,
    state: DatabricksState,
    find: Callable[[Request], WorkspaceState],
    **more: Handler,
) -> list[Route]:
    """Routes below a path, on which ``more`` are handled besides GET, by verb."""

    def route(path: str, **handlers: Handler) -> Route:
        async def answer(request: Request) -> Response:
            raw = await request.body()
            with state.lock:
                call = Call(find(request), request, raw)
                _check_available(call.workspace)
                verb = "GET" if request.method == "HEAD" else request.method
                return JSONResponse(handlers[verb](call))

        return Route(base + path, guarded(state, answer), methods=list(handlers))

    return [
        route("", GET=_listing, **more),
        route("/permissions", GET=lambda _: {"permissions": PERMISSIONS}),
        route("/principals/{principal_id}", PUT=_put, DELETE=_delete),
    ]


def _check_available(workspace: WorkspaceState) -> None:
    switches = workspace.switches
    if workspace.federated and not switches.assignments_unavailable:
        return
    if switches.assignments_unavailable > 0:
        switches.assignments_unavailable -= 1
    raise bad_request(UNAVAILABLE)


def _listing(call: Call) -> JsonObject:
    workspace = call.workspace
    workspace.refresh()
    shown = workspace.assignments_read(_stale(call))
    known = [(workspace.account.shown(i), p) for i, p in shown.items()]
    rows = [(found[1], permission) for found, permission in known if found is not None]
    hidden = workspace.switches.unlisted
    return {
        "permission_assignments": [
            shown_assignment(row, permission)
            for row, permission in rows
            if row.id not in hidden and row.name not in hidden
        ]
    }


def _put(call: Call) -> JsonObject:
    workspace, row = call.workspace, call.principal
    permission = permission_of(call.body.get("permissions"))
    return take(workspace, row) if permission is None else give(workspace, row, permission)


def _post(call: Call) -> JsonObject:
    """Assign users by name; admins can be made by id only."""
    items = call.body.get("permission_assignments", ())
    return {"permission_assignments": [give_by_name(call.workspace, item) for item in items]}


def _delete(call: Call) -> JsonObject:
    take(call.workspace, call.principal)
    return {}


def _stale(call: Call) -> float:
    injected: float = call.request.scope.get(STALE, 0.0)
    switches = call.workspace.switches
    if injected or not switches.stale_seconds:
        return injected
    return switches.stale_seconds if call.workspace.random.random() < switches.stale_share else 0.0


def _shown(workspace: WorkspaceState) -> JsonObject:
    return {
        "workspace_id": workspace.workspace_id,
        "workspace_name": workspace.name,
        "deployment_name": f"adb-{workspace.workspace_id}.{workspace.number % 20}",
        "account_id": workspace.account.account_id,
        "workspace_status": "RUNNING",
        "cloud": "azure",
        "pricing_tier": "PREMIUM",
    }
