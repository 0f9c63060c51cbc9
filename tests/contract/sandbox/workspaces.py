"""A sandbox with one federated workspace and one without federation, and clients for both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from databricks.sdk import AccountClient, WorkspaceClient
from databricks.sdk.core import Config

from aadsync_lib.sandbox import Sandbox, World

ADA = "ada@contoso.com"
BOB = "bob@contoso.com"
EVE = "eve@contoso.com"
ETL = "33333333-0000-4000-8000-00000000e71e"
SCIM = "/api/2.0/preview/scim/v2"
PROXY = "/api/2.0/account/scim/v2"
PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def world_with_workspaces() -> World:
    """Data has Ada, the application, and the group Inner with Bob; Eve is in no group."""
    world = World()
    account = world.databricks
    for name in (ADA, BOB, EVE):
        account.add_user(name, name.partition("@")[0].title())
    account.add_service_principal(ETL, "etl")
    account.add_group("Inner", members=[BOB])
    account.add_group("Data", members=[ADA, ETL, "Inner"])
    world.add_workspace("hub", federated=True)
    world.add_workspace("sales")
    return world


def workspace_client(box: Sandbox, name: str, **credentials: str) -> WorkspaceClient:
    host = box.workspaces[name]
    login = credentials or {"token": host.token}
    return WorkspaceClient(config=Config(host=host.url, retry_timeout_seconds=20, **login))


def account_client(box: Sandbox) -> AccountClient:
    return AccountClient(
        config=Config(
            host=box.databricks_url, account_id=box.account_id, token=box.databricks_token
        )
    )


@contextmanager
def http(box: Sandbox, name: str, path: str = SCIM, token: str = "") -> Iterator[httpx.Client]:
    """A client of a workspace's host, relative to a path."""
    host = box.workspaces[name]
    headers = {"Authorization": f"Bearer {token or host.token}"}
    with httpx.Client(base_url=host.url + path, headers=headers, verify=False) as client:
        yield client


def patch(*operations: dict) -> dict:
    return {"schemas": [PATCH_SCHEMA], "Operations": list(operations)}


def names(rows: list[dict], key: str) -> list[str]:
    return [row[key] for row in rows]
