"""Account SCIM at a workspace's host, for workspace admins and group managers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.requests import Request

from aadsync_lib.sandbox.databricks.auth import groups_of, is_admin
from aadsync_lib.sandbox.databricks.errors import ApiError
from aadsync_lib.sandbox.databricks.records import Group, Record
from aadsync_lib.sandbox.databricks.scim import Scim, ScimRequest
from aadsync_lib.sandbox.databricks.workspaces.scim import enter
from aadsync_lib.sandbox.databricks.workspaces.state import WorkspaceState


class ProxyScim(Scim):
    """What account admins may, they may here. Workspace admins create; managers change members."""

    base = "/api/2.0/account/scim/v2"

    def __init__(self, workspace: WorkspaceState) -> None:
        super().__init__(workspace.account)
        self.workspace = workspace

    def admit(self, request: Request) -> Record:
        caller = account_caller(self.workspace, request)
        if not self._is_anybody(caller):
            raise ApiError(403, "Only admins and group managers can call this API")
        return caller

    def allow(self, call: ScimRequest, row: Record | None) -> None:
        caller = call.caller
        assert caller is not None
        if is_admin(self.state, caller):
            return
        if row is None and self.workspace.is_admin(caller):
            return
        if isinstance(row, Group) and self._manages(caller, row) and _is_of_managers(call):
            return
        raise ApiError(403, f"The caller may not {call.request.method} this {call.kind[:-1]}")

    def create(self, call: ScimRequest) -> Record:
        """Who creates a group is its manager."""
        row = super().create(call)
        if isinstance(row, Group) and call.caller is not None:
            row.managers = [call.caller.id]
        return row

    def _is_anybody(self, caller: Record) -> bool:
        if is_admin(self.state, caller) or self.workspace.is_admin(caller):
            return True
        return any(self._manages(caller, group) for group in self.state.groups.values())

    def _manages(self, caller: Record, group: Group) -> bool:
        return not {caller.id, *groups_of(self.state, caller)}.isdisjoint(group.managers)


def account_caller(workspace: WorkspaceState, request: Request) -> Record:
    """Return who calls a workspace as the account knows them."""
    workspace.refresh()
    row = enter(workspace, request)
    if workspace.is_copy(row):
        return workspace.account.record(row.id)
    kind = workspace.kind_of(row.id)
    known = workspace.account.named(kind, row.name) if kind is not None else []
    if not known:
        raise ApiError(403, "The caller is not known to the account")
    caller: Record = known[0]
    return caller


def _is_of_managers(call: ScimRequest) -> bool:
    """Whether a request deletes the group or changes nothing of it but its members."""
    if call.request.method == "DELETE":
        return True
    return call.request.method == "PATCH" and set(_touched(call.body)) == {"members"}


def _touched(body: dict[str, Any]) -> Iterator[str]:
    for operation in body.get("Operations", ()):
        path, value = operation.get("path"), operation.get("value")
        names = [path] if path else value if isinstance(value, dict) else ["value"]
        yield from (str(name).partition("[")[0].lower() for name in names)
