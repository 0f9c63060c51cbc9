"""The settings file of a running sandbox, and the variables that it refers to."""

from __future__ import annotations

import re
from pathlib import Path

from aadsync_lib.sandbox.hosts import WorkspaceHost
from aadsync_lib.sandbox.server import Sandbox

GRAPH_VARIABLE = "SANDBOX_GRAPH_TOKEN"
DATABRICKS_VARIABLE = "SANDBOX_DATABRICKS_TOKEN"
WORKSPACE_VARIABLE = "SANDBOX_{name}_TOKEN"
UNLIMITED_PACE = 100.0
FILE_NAME = "aadsync.yml"
COMPANY = "contoso"
MARK = "# Written by aadsync sandbox --init"


def environment(sandbox: Sandbox) -> dict[str, str]:
    """Variables that the settings refer to."""
    local = [host for host in sandbox.workspaces.values() if not host.state.federated]
    return {
        GRAPH_VARIABLE: sandbox.graph_token,
        DATABRICKS_VARIABLE: sandbox.databricks_token,
        **{_variable(host): host.token for host in local},
    }


def exports(variables: dict[str, str]) -> str:
    return "\n".join(f"export {name}={value}" for name, value in variables.items())


def config(sandbox: Sandbox, name: str = "sandbox", store: str = "sandbox.db") -> str:
    """A settings file for this sandbox: federated workspaces by assignment, others as targets."""
    pace = f"{sandbox.limits.speed or UNLIMITED_PACE:g}"
    hosts = sandbox.workspaces.values()
    return f"""\
version: 1
name: {name}
source:
  tenant_id: {sandbox.tenant_id}
  endpoint: {sandbox.graph_url.removesuffix("/v1.0")}
  auth: {{method: access_token, access_token: {{env: {GRAPH_VARIABLE}}}}}
scope:
  groups:
    - prefix: dbx-
targets:
  - name: account
    level: account
    host: {sandbox.databricks_url}
    account_id: {sandbox.account_id}
    auth: {{method: pat, token: {{env: {DATABRICKS_VARIABLE}}}}}
    pace: {pace}
{_assigned([host for host in hosts if host.state.federated])}\
{"".join(_target(host, pace) for host in hosts if not host.state.federated)}\
store:
  sqlite: ./{store}
"""


def write_settings(sandbox: Sandbox, folder: Path) -> Path:
    """Write the settings into a folder, over none but those of another sandbox.

    ``FileExistsError`` where the folder has settings that somebody wrote.
    """
    path = folder / FILE_NAME
    if path.exists() and not path.read_text(encoding="utf-8").startswith(MARK):
        raise FileExistsError(f"{path} was not written by a sandbox, and is left as it is")
    folder.mkdir(parents=True, exist_ok=True)
    needed = "".join(f"#   {line}\n" for line in exports(environment(sandbox)).splitlines())
    text = f"{MARK}, for the sandbox that runs now. It needs:\n{needed}"
    text += config(sandbox, COMPANY, f"{path.stem}.db")
    path.write_text(text, encoding="utf-8")
    return path


def _assigned(hosts: list[WorkspaceHost]) -> str:
    return "".join(["    workspaces:\n", *map(_assignment, hosts)]) if hosts else ""


def _assignment(host: WorkspaceHost) -> str:
    return f"""\
      - workspace_id: {host.workspace_id}
        host: {host.url}
        assign:
          - {{groups: ["dbx-*"], permission: user, entitlements: [workspace-access]}}
          - {{groups: [dbx-admins], permission: admin}}
"""


def _target(host: WorkspaceHost, pace: str) -> str:
    return f"""\
  - name: {host.name}
    level: workspace
    host: {host.url}
    auth: {{method: pat, token: {{env: {_variable(host)}}}}}
    pace: {pace}
    scope: {{groups: [{{name: dbx-data-platform}}]}}
    entitlements:
      - {{groups: ["*"], entitlements: [workspace-access]}}
"""


def _variable(host: WorkspaceHost) -> str:
    return WORKSPACE_VARIABLE.format(name=re.sub(r"\W+", "_", host.name).upper())
