"""Serves a sandbox until it is interrupted, and prints its addresses and tokens."""

import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from aadsync_lib.sandbox.company import company
from aadsync_lib.sandbox.databricks.app import OpenWorkspace
from aadsync_lib.sandbox.server import Sandbox
from aadsync_lib.sandbox.settings import config, environment, exports, write_settings
from aadsync_lib.sandbox.world import World

__all__ = ["config", "describe", "serve"]


def serve(
    world_path: Path | None,
    users: int,
    seed: int,
    speed: float | None,
    echo: Callable[[str], None],
    as_json: bool,
    *,
    save: bool = False,
    workspace: OpenWorkspace | None = None,
    workspaces: int = 0,
    port: int | None = None,
    init: Path | None = None,
) -> None:
    """Serve a world, or a company of ``users`` without one, until SIGINT or SIGTERM.

    With ``save``, the world is written back to its file at the end. ``port`` is the first of the
    ports in a row; without one they are any that are free. Settings for the sandbox are written into
    the folder ``init``. Call it on the main thread. ``OSError`` where a port or file cannot be had.
    """
    if save and world_path is None:
        raise ValueError("there is no world file to save to")
    is_new = world_path is None or (save and not world_path.exists())
    world = (
        company(users, seed, workspaces=workspaces)
        if is_new or world_path is None
        else World.load(world_path)
    )
    box = Sandbox(world, speed=speed, seed=seed, workspace=workspace, port=port)
    with _interrupted() as stop, box as sandbox:
        settings = write_settings(sandbox, init) if init is not None else None
        echo(_json(sandbox, settings) if as_json else _text(sandbox, settings))
        stop.wait()
        world = sandbox.world
    if save and world_path is not None:
        world.save(world_path)
        if not as_json:
            echo(f"World saved to {world_path}")


def _json(sandbox: Sandbox, settings: Path | None) -> str:
    written = {} if settings is None else {"settings": str(settings)}
    return json.dumps(describe(sandbox) | written, indent=2)


def describe(sandbox: Sandbox) -> dict[str, object]:
    """Everything a client needs, for a program to read."""
    return {
        "graph_url": sandbox.graph_url,
        "graph_token": sandbox.graph_token,
        "tenant_id": sandbox.tenant_id,
        "authority_url": sandbox.authority_url,
        "ca_file": sandbox.ca_file,
        "entra_client_id": sandbox.entra_client_id,
        "entra_client_secret": sandbox.entra_client_secret,
        "entra_certificate": sandbox.entra_certificate,
        "identity_endpoint": sandbox.identity_endpoint,
        "identity_header": sandbox.identity_header,
        "databricks_url": sandbox.databricks_url,
        "databricks_token": sandbox.databricks_token,
        "account_id": sandbox.account_id,
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        **_workspace(sandbox),
        "workspaces": [
            {
                "name": host.name,
                "workspace_id": host.workspace_id,
                "federated": host.state.federated,
                "url": host.url,
                "token": host.token,
            }
            for host in sandbox.workspaces.values()
        ],
        "users": len(sandbox.world.entra.ids("user")),
        "groups": len(sandbox.world.entra.ids("group")),
        "config": config(sandbox),
        "environment": environment(sandbox),
        **({"cli_environment": cli_environment(sandbox)} if sandbox.workspace else {}),
    }


def _workspace(sandbox: Sandbox) -> dict[str, object]:
    if sandbox.workspace is None:
        return {}
    return {"workspace_url": sandbox.databricks_url, "workspace_id": sandbox.workspace.workspace_id}


def cli_environment(sandbox: Sandbox) -> dict[str, str]:
    """Variables that point the Databricks CLI and SDKs at the workspace."""
    return {"DATABRICKS_HOST": sandbox.databricks_url, "DATABRICKS_TOKEN": sandbox.databricks_token}


def _text(sandbox: Sandbox, settings: Path | None = None) -> str:
    about = describe(sandbox)
    needed = exports(environment(sandbox))
    line, section = _workspace_text(sandbox)
    admin = sandbox.graph_url.removesuffix("/v1.0") + "/_sandbox/"
    ending = f"As aadsync.yml:\n\n{config(sandbox)}" if settings is None else _written(settings)
    return f"""\
Contoso: {about["users"]} users, {about["groups"]} groups. Serving until interrupted.

Microsoft Graph   {sandbox.graph_url}
  token           {sandbox.graph_token}
Entra tokens      {sandbox.authority_url}  (tenant {sandbox.tenant_id})
  client          {sandbox.entra_client_id}
  secret          {sandbox.entra_client_secret}
  certificate     {sandbox.entra_certificate}
  authority       {sandbox.ca_file}
Managed identity  {sandbox.identity_endpoint}  (header {sandbox.identity_header})
Databricks        {sandbox.databricks_url}  (account {sandbox.account_id})
  token           {sandbox.databricks_token}
  client          {sandbox.client_id}
  secret          {sandbox.client_secret}
{line}{_workspaces_text(sandbox)}{_vaults_text(sandbox)}Faults and more   {admin}  (faults, log, day, world, limits, switches)

In a shell:

{needed}

{_vaults_section(sandbox)}{section}{ending}"""


def _written(settings: Path) -> str:
    return (
        f"Settings: {settings}\n"
        f"Next, in a second terminal: cd {settings.parent}, the exports above, and aadsync plan"
    )


def _vaults_text(sandbox: Sandbox) -> str:
    return "".join(f"Key vault         {vault.url}\n" for vault in sandbox.world.vaults)


def _vaults_section(sandbox: Sandbox) -> str:
    """Variables by which clients log in here and find the vaults by their real names."""
    if not sandbox.world.vaults:
        return ""
    variables = {"AZURE_AUTHORITY_HOST": sandbox.authority_url, **sandbox.names_environment}
    return f"For the key vaults:\n\n{exports(variables)}\n\n"


def _workspaces_text(sandbox: Sandbox) -> str:
    """Two lines for each workspace at a host of its own."""
    return "".join(
        f"Workspace         {host.url}  ({host.name}, id {host.workspace_id}, "
        f"{'federated' if host.state.federated else 'not federated'})\n"
        f"  token           {host.token}\n"
        for host in sandbox.workspaces.values()
    )


def _workspace_text(sandbox: Sandbox) -> tuple[str, str]:
    """A line of the addresses and a section of the variables, each empty without a workspace."""
    if sandbox.workspace is None:
        return "", ""
    place = (
        f"{sandbox.databricks_url}  (id {sandbox.workspace.workspace_id}, same token and client)"
    )
    needed = exports(cli_environment(sandbox))
    return (
        f"Workspace         {place}\n",
        f"For the Databricks CLI, as in `databricks bundle deploy`:\n\n{needed}\n\n",
    )


@contextmanager
def _interrupted() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set, in place of what they do otherwise."""
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
