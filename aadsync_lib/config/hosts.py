"""Host names of Databricks' workspaces, and the accounts console of each cloud."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# Terraform provider, docs/index.md.
CONSOLES = {
    ".cloud.databricks.com": "accounts.cloud.databricks.com",
    ".cloud.databricks.us": "accounts.cloud.databricks.us",
    ".cloud.databricks.mil": "accounts-dod.cloud.databricks.mil",
    ".gcp.databricks.com": "accounts.gcp.databricks.com",
    ".azuredatabricks.net": "accounts.azuredatabricks.net",
    ".azuredatabricks.us": "accounts.azuredatabricks.us",
    ".azuredatabricks.cn": "accounts.azuredatabricks.cn",
    ".databricks.azure.us": "accounts.azuredatabricks.us",
    ".databricks.azure.cn": "accounts.azuredatabricks.cn",
}

AZURE = {
    "public": ".azuredatabricks.net",
    "usgov": ".azuredatabricks.us",
    "usgov-dod": ".azuredatabricks.us",
    "china": ".azuredatabricks.cn",
}


def console_of(name: str) -> str:
    """Return the host of the accounts console for that of a workspace; any other name as it is."""
    if name.startswith("accounts"):
        return name
    return next((host for end, host in CONSOLES.items() if name.endswith(end)), name)


def console_for(cloud: str | None, workspace: str | None) -> str:
    """Return the accounts console for a cloud of Entra's, or beside a workspace whose host is known.

    Azure's public one where neither says anything.
    """
    name = console_of(workspace or "")
    if cloud is None and name in CONSOLES.values():
        return name
    return CONSOLES[AZURE.get(cloud or "public", AZURE["public"])]


def cloud_of(workspace: str | None) -> str | None:
    """Return the cloud of Entra's that the host of a workspace tells; ``None`` for all others."""
    console = console_of(workspace or "")
    return next(
        (cloud for cloud, end in AZURE.items() if cloud != "public" and CONSOLES[end] == console),
        None,
    )


def not_of_workspace(host: str, workspace_id: int) -> str | None:
    """Return why an address is not that of a workspace; on Azure it holds the id (``adb-123.4.…``)."""
    name = urlsplit(host).hostname or ""
    if name in CONSOLES.values():
        return f"{host} is the accounts console; expected the address of workspace {workspace_id}"
    named = re.match(r"adb-(\d+)\.", name)
    if named and int(named[1]) != workspace_id:
        return f"{host} is the address of workspace {named[1]}, and workspace_id is {workspace_id}"
    return None
