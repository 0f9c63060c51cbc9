"""Host names of Databricks: which are an account's, and which a workspace's."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

# Terraform provider, docs/index.md.
ACCOUNT_HOSTS = frozenset(
    {
        "accounts.cloud.databricks.com",
        "accounts.cloud.databricks.us",
        "accounts-dod.cloud.databricks.mil",
        "accounts.azuredatabricks.net",
        "accounts.azuredatabricks.us",
        "accounts.azuredatabricks.cn",
        "accounts.gcp.databricks.com",
    }
)
WORKSPACES = (
    ".cloud.databricks.com",
    ".cloud.databricks.us",
    ".cloud.databricks.mil",
    ".gcp.databricks.com",
    ".azuredatabricks.net",
    ".azuredatabricks.us",
    ".azuredatabricks.cn",
    ".databricks.azure.us",
    ".databricks.azure.cn",
)


def host_of(host: str) -> Literal["account", "workspace"] | None:
    """Return what a host name says of itself; ``None`` where only trying tells, as on a custom name."""
    name = (urlsplit(host.lower()).hostname or "").rstrip(".")
    if name in ACCOUNT_HOSTS:
        return "account"
    known = name.endswith(WORKSPACES) and not name.startswith("accounts")
    return "workspace" if known else None
