"""The Databricks account as an application: one router per API family."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from aadsync_lib.sandbox.databricks.http import http_error
from aadsync_lib.sandbox.databricks.identity import Identity
from aadsync_lib.sandbox.databricks.oauth import OAuth
from aadsync_lib.sandbox.databricks.scim import AccountScim
from aadsync_lib.sandbox.databricks.state import DatabricksState


def databricks_app(state: DatabricksState) -> Starlette:
    """Serve one account. Workspace SCIM and permission assignments will be further families."""
    families = (OAuth(state), AccountScim(state), Identity(state))
    return Starlette(
        routes=[route for family in families for route in family.routes()],
        exception_handlers={HTTPException: http_error(state)},
    )
