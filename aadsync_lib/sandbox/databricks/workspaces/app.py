"""One workspace as an application."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from aadsync_lib.sandbox.databricks.auth import Identity
from aadsync_lib.sandbox.databricks.http import http_error
from aadsync_lib.sandbox.databricks.oauth import OAuth
from aadsync_lib.sandbox.databricks.workspaces.assignments import LocalAssignments
from aadsync_lib.sandbox.databricks.workspaces.principal_secrets import workspace_secrets
from aadsync_lib.sandbox.databricks.workspaces.proxy import ProxyScim
from aadsync_lib.sandbox.databricks.workspaces.scim import WorkspaceScim
from aadsync_lib.sandbox.databricks.workspaces.secrets import Secrets
from aadsync_lib.sandbox.databricks.workspaces.state import WorkspaceState


def workspace_app(state: WorkspaceState) -> Starlette:
    """Serve one workspace at a host of its own."""
    proxy = ProxyScim(state)
    families = (
        OAuth(state, state.workspace_id, ("/oidc",)),
        WorkspaceScim(state),
        LocalAssignments(state),
        Secrets(state),
        workspace_secrets(state),
        proxy,
        Identity(state.account, "/api/2.0/identity", proxy.admit),
    )
    routes = [route for family in families for route in family.routes()]
    return Starlette(routes=routes, exception_handlers={HTTPException: http_error(state)})
