"""The rules by which a workspace takes assignments, and how it shows them."""

from __future__ import annotations

from typing import Any

from aadsync_lib.sandbox.databricks.deaf import is_deaf
from aadsync_lib.sandbox.databricks.errors import bad_request
from aadsync_lib.sandbox.databricks.names import name_key
from aadsync_lib.sandbox.databricks.records import (
    Group,
    JsonObject,
    Kind,
    Record,
    ServicePrincipal,
    User,
)
from aadsync_lib.sandbox.databricks.workspaces.directory import Permission
from aadsync_lib.sandbox.databricks.workspaces.state import WorkspaceState

SAME_NAME = (
    "A workspace-local group named {name} already exists in workspace {workspace}, so the account "
    "group of that name cannot be assigned to it."
)

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


def permission_of(wanted: Any) -> Permission | None:
    """The stronger of those that exist; an absent or empty list, and unknown words, are none."""
    words = wanted if isinstance(wanted, list) else []
    return "ADMIN" if "ADMIN" in words else "USER" if "USER" in words else None


def give(workspace: WorkspaceState, row: Record, permission: Permission) -> JsonObject:
    if (error := _error(workspace, row)) is not None:
        return {"error": error, "principal": _principal(row)}
    if not is_deaf("assign", row, workspace.switches):
        workspace.assign(row.id, permission)
    return shown_assignment(row, permission)


def give_by_name(workspace: WorkspaceState, item: JsonObject) -> JsonObject:
    if permission_of(item.get("permissions")) != "USER":
        return {"error": "Only USER can be assigned by name"}
    for field, kind in NAMES.items():
        rows = workspace.account.named(kind, item[field]) if item.get(field) else []
        if rows:
            return give(workspace, rows[0], "USER")
    return {"error": "There is no such principal in the account"}


def take(workspace: WorkspaceState, row: Record) -> JsonObject:
    """Take all permissions of a principal away."""
    if not is_deaf("unassign", row, workspace.switches):
        workspace.unassign(row.id)
    return {"permissions": [], "principal": _principal(row)}


def shown_assignment(row: Record, permission: Permission) -> JsonObject:
    return {"permissions": [permission], "principal": _principal(row)}


def _principal(row: Record) -> JsonObject:
    kind = KIND_OF[type(row)]
    name = next(field for field, other in NAMES.items() if other == kind)
    return {"principal_id": int(row.id), "display_name": row.display_name, name: row.name}


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
