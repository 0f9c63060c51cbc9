"""OAuth secrets of service principals, at a workspace's host."""

from __future__ import annotations

from starlette.requests import Request

from aadsync_lib.sandbox.databricks.errors import ApiError, not_found
from aadsync_lib.sandbox.databricks.principal_secrets import PrincipalSecrets
from aadsync_lib.sandbox.databricks.workspaces.scim import enter
from aadsync_lib.sandbox.databricks.workspaces.state import WorkspaceState


def workspace_secrets(workspace: WorkspaceState) -> PrincipalSecrets:
    """Return the listing at a workspace's host, for its admins, of the principals that it has."""

    def admit(request: Request) -> None:
        workspace.refresh()
        if not workspace.is_admin(enter(workspace, request)):
            raise ApiError(403, "Only workspace admins can call this API")
        if workspace.kind_of(request.path_params["id"]) is None:
            raise not_found("Service principal", request.path_params["id"])

    state = workspace.account if workspace.federated else workspace
    return PrincipalSecrets(state, "/api/2.0/accounts", admit)
