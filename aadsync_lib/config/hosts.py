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


def console_of(name: str) -> str:
    """Return the host of the accounts console for that of a workspace; any other name as it is."""
    if name.startswith("accounts"):
        return name
    return next((host for end, host in CONSOLES.items() if name.endswith(end)), name)


def not_of_workspace(host: str, workspace_id: int) -> str | None:
    """Return why an address is not that of a workspace; on Azure it holds the id (``adb-123.4.…``)."""
    name = urlsplit(host).hostname or ""
    if name in CONSOLES.values():
        return f"{host} is the accounts console; expected the address of workspace {workspace_id}"
    named = re.match(r"adb-(\d+)\.", name)
    if named and int(named[1]) != workspace_id:
        return f"{host} is the address of workspace {named[1]}, and workspace_id is {workspace_id}"
    return None
