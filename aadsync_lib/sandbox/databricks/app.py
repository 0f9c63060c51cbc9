"""The Databricks account as an application: one router per API family."""

from __future__ import annotations

from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from aadsync_lib.sandbox.databricks.http import http_error
from aadsync_lib.sandbox.databricks.identity import Identity
from aadsync_lib.sandbox.databricks.oauth import OAuth
from aadsync_lib.sandbox.databricks.scim import AccountScim
from aadsync_lib.sandbox.databricks.state import DatabricksState


class Tenant(Protocol):
    """What is served on the account's host besides it: a workspace."""

    @property
    def workspace_id(self) -> int: ...

    def routes(self) -> list[Route]: ...


def databricks_app(state: DatabricksState, workspace: Tenant | None = None) -> Starlette:
    """Serve one account, and a workspace of it on the same host."""
    workspace_id = workspace.workspace_id if workspace is not None else None
    families = (OAuth(state, workspace_id), AccountScim(state), Identity(state))
    routes = [route for family in families for route in family.routes()]
    if workspace is not None:
        routes += workspace.routes()
    return Starlette(routes=routes, exception_handlers={HTTPException: http_error(state)})
