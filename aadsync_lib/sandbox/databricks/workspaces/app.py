"""One workspace as an application."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from aadsync_lib.sandbox.databricks.http import http_error
from aadsync_lib.sandbox.databricks.oauth import OAuth
from aadsync_lib.sandbox.databricks.workspaces.scim import WorkspaceScim
from aadsync_lib.sandbox.databricks.workspaces.state import WorkspaceState


def workspace_app(state: WorkspaceState) -> Starlette:
    """Serve one workspace at a host of its own."""
    families = (OAuth(state, state.workspace_id, ("/oidc",)), WorkspaceScim(state))
    routes = [route for family in families for route in family.routes()]
    return Starlette(routes=routes, exception_handlers={HTTPException: http_error(state)})
