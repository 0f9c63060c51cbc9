"""The Databricks account as an application: one router per API family."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from aadsync_lib.sandbox.databricks.auth import Identity
from aadsync_lib.sandbox.databricks.http import http_error
from aadsync_lib.sandbox.databricks.oauth import OAuth
from aadsync_lib.sandbox.databricks.principal_secrets import PrincipalSecrets
from aadsync_lib.sandbox.databricks.scim import AccountScim
from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.databricks.workspaces.assignments import Assignments
from aadsync_lib.sandbox.databricks.workspaces.state import WorkspaceState


class Workspace(Protocol):
    """Served on the account's host besides it."""

    @property
    def workspace_id(self) -> int: ...

    def routes(self) -> list[Route]: ...

    def close(self) -> None:
        """End what goes on in it."""


OpenWorkspace = Callable[[DatabricksState, Callable[[], Mapping[str, str]]], Workspace]
"""Makes the workspace of an account; the second argument is the environment of its tasks."""


def databricks_app(
    state: DatabricksState,
    workspace: Workspace | None = None,
    workspaces: Sequence[WorkspaceState] = (),
) -> Starlette:
    """Serve one account with assignments to ``workspaces``; ``workspace`` is on the same host."""
    workspace_id = workspace.workspace_id if workspace is not None else None
    families = (
        OAuth(state, workspace_id),
        AccountScim(state),
        Identity(state),
        PrincipalSecrets(state),
        Assignments(state, workspaces),
    )
    routes = [route for family in families for route in family.routes()]
    if workspace is not None:
        routes += workspace.routes()
    return Starlette(routes=routes, exception_handlers={HTTPException: http_error(state)})
