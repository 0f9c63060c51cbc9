"""Workspace SCIM, for the principals of one workspace."""

from __future__ import annotations

from starlette.requests import Request

from aadsync_lib.sandbox.databricks import writes
from aadsync_lib.sandbox.databricks.auth import bearer, identity_of
from aadsync_lib.sandbox.databricks.errors import ApiError
from aadsync_lib.sandbox.databricks.records import (
    Group,
    JsonObject,
    Kind,
    Record,
    ServicePrincipal,
)
from aadsync_lib.sandbox.databricks.render import SCHEMAS
from aadsync_lib.sandbox.databricks.scim import Scim, ScimRequest
from aadsync_lib.sandbox.databricks.workspaces.state import WorkspaceState

NAME: dict[Kind, str] = {"Users": "userName", "ServicePrincipals": "applicationId"}


def enter(workspace: WorkspaceState, request: Request) -> Record:
    """Return who calls a workspace: anybody it knows who may enter."""
    token = bearer(workspace, request)
    if token.identity is None:
        raise ApiError(403, "This token does not open a workspace")
    if workspace.federated and workspace.kind_of(token.identity) is None:
        raise ApiError(403, "The caller is not assigned to this workspace")
    return identity_of(workspace, token.identity)


class WorkspaceScim(Scim):
    """Everybody of the workspace may read; its admins may write."""

    base = "/api/2.0/preview/scim/v2"

    def __init__(self, state: WorkspaceState) -> None:
        super().__init__(state)
        self.workspace = state

    def admit(self, request: Request) -> Record:
        return enter(self.workspace, request)

    def allow(self, call: ScimRequest, row: Record | None) -> None:  # noqa: ARG002 - admins may all
        if call.caller is None or not self.workspace.is_admin(call.caller):
            raise ApiError(403, "Only workspace admins can call this API")

    def show_caller(self, caller: Record) -> JsonObject:
        """A service principal has its application id as user name here."""
        shown = super().show_caller(caller)
        if isinstance(caller, ServicePrincipal):
            shown |= {"schemas": [SCHEMAS["Users"]], "userName": shown.pop("applicationId")}
        return shown

    def create(self, call: ScimRequest) -> Record:
        """People and applications new to a federated workspace are made in the account, too."""
        if not self.workspace.federated or call.kind == "Groups":
            return super().create(call)
        known = self._in_account(call)
        if known is not None and known.id not in self.state.table(call.kind):
            self.workspace.assign(known.id)
        else:
            self.workspace.assign(writes.create(self.workspace.account, call.kind, call.body).id)
        return self._entitled(call, known)

    def delete(self, call: ScimRequest, row: Record) -> None:
        """The account keeps its principals: they lose the workspace."""
        if not self.workspace.is_copy(row) or isinstance(row, Group):
            super().delete(call, row)
            return
        self.workspace.unassign(row.id)

    def _in_account(self, call: ScimRequest) -> Record | None:
        name = call.body.get(NAME[call.kind])
        known = self.workspace.account.named(call.kind, name) if isinstance(name, str) else []
        return known[0] if known else None

    def _entitled(self, call: ScimRequest, known: Record | None) -> Record:
        """The newest assigned principal, with the entitlements that the request gives it."""
        record_id = known.id if known is not None else list(self.workspace.assignments)[-1]
        self.workspace.refresh()
        row = self.workspace.record(record_id)
        draft = writes.whole(self.state, call.kind, call.body, row.id)
        self.workspace.settled(row, draft)
        return row
