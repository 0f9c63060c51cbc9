"""Workspace assignment of account principals, and the workspaces of an account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aadsync_lib.sandbox.databricks.auth import authorize
from aadsync_lib.sandbox.databricks.deaf import is_deaf
from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.http import guarded, json_object
from aadsync_lib.sandbox.databricks.names import name_key
from aadsync_lib.sandbox.databricks.records import (
    Group,
    JsonObject,
    Kind,
    Record,
    ServicePrincipal,
    User,
)
from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.databricks.workspaces.directory import Permission
from aadsync_lib.sandbox.databricks.workspaces.scim import enter
from aadsync_lib.sandbox.databricks.workspaces.state import WorkspaceState
from aadsync_lib.sandbox.faults import STALE

UNAVAILABLE = "Permission assignment APIs are not available for this workspace."
SAME_NAME = (
    "A workspace-local group named {name} already exists in workspace {workspace}, so the account "
    "group of that name cannot be assigned to it."
)
PERMISSIONS = [
    {"permission_level": "USER", "description": "Can use the workspace"},
    {"permission_level": "ADMIN", "description": "Can administer the workspace"},
]


NAMES: dict[str, Kind] = {
    "user_name": "Users",
    "service_principal_name": "ServicePrincipals",
    "group_name": "Groups",
}
KIND_OF: dict[type[Record], Kind] = {
    User: "Users",
    ServicePrincipal: "ServicePrincipals",
    Group: "Groups",
}


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
            _assignment(row, permission)
            for row, permission in rows
            if row.id not in hidden and row.name not in hidden
        ]
    }


def _put(call: Call) -> JsonObject:
    workspace, row = call.workspace, call.principal
    permission = _permission(call.body.get("permissions"))
    return _taken(call, row) if permission is None else _given(workspace, row, permission)


def _given(workspace: WorkspaceState, row: Record, permission: Permission) -> JsonObject:
    if (error := _error(workspace, row)) is not None:
        return {"error": error, "principal": _principal(row)}
    if not is_deaf("assign", row, workspace.switches):
        workspace.assign(row.id, permission)
    return _assignment(row, permission)


def _post(call: Call) -> JsonObject:
    """Assign users by name; admins can be made by id only."""
    items = call.body.get("permission_assignments", ())
    return {"permission_assignments": [_by_name(call.workspace, item) for item in items]}


def _by_name(workspace: WorkspaceState, item: JsonObject) -> JsonObject:
    if _permission(item.get("permissions")) != "USER":
        return {"error": "Only USER can be assigned by name"}
    for field, kind in NAMES.items():
        rows = workspace.account.named(kind, item[field]) if item.get(field) else []
        if rows:
            return _given(workspace, rows[0], "USER")
    return {"error": "There is no such principal in the account"}


def _delete(call: Call) -> JsonObject:
    _taken(call, call.principal)
    return {}


def _taken(call: Call, row: Record) -> JsonObject:
    if not is_deaf("unassign", row, call.workspace.switches):
        call.workspace.unassign(row.id)
    return {"permissions": [], "principal": _principal(row)}


def _permission(wanted: Any) -> Permission | None:
    """The stronger of those that exist; an absent or empty list, and unknown words, are none."""
    words = wanted if isinstance(wanted, list) else []
    return "ADMIN" if "ADMIN" in words else "USER" if "USER" in words else None


def _error(workspace: WorkspaceState, row: Record) -> str | None:
    """Return what a success says in its body of an assignment that was not made."""
    switches = workspace.switches
    named = switches.assignment_error_objects
    if switches.assignment_errors and (not named or row.id in named or row.name in named):
        switches.assignment_errors -= 1 if switches.assignment_errors > 0 else 0
        return f"Could not assign principal {row.id} to workspace {workspace.workspace_id}."
    if not isinstance(row, Group) or not _has_local(workspace, row):
        return None
    error = SAME_NAME.format(name=row.display_name, workspace=workspace.workspace_id)
    if switches.assignment_conflict == "status":
        raise bad_request(error)
    return error


def _has_local(workspace: WorkspaceState, group: Group) -> bool:
    key = name_key(group.display_name, "lower")
    return any(
        name_key(other.display_name, "lower") == key and not workspace.is_copy(other)
        for other in workspace.groups.named(group.display_name)
    )


def _assignment(row: Record, permission: Permission) -> JsonObject:
    return {"permissions": [permission], "principal": _principal(row)}


def _principal(row: Record) -> JsonObject:
    kind = KIND_OF[type(row)]
    name = next(field for field, other in NAMES.items() if other == kind)
    return {"principal_id": int(row.id), "display_name": row.display_name, name: row.name}


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
