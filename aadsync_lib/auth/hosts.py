"""Host names of Databricks: which are an account's, and which a workspace's."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from aadsync_lib.config.hosts import CONSOLES

ACCOUNT_HOSTS = frozenset(CONSOLES.values())
WORKSPACES = tuple(CONSOLES)


def host_of(host: str) -> Literal["account", "workspace"] | None:
    """Return what a host name says of itself; ``None`` where only trying tells, as on a custom name."""
    name = (urlsplit(host.lower()).hostname or "").rstrip(".")
    if name in ACCOUNT_HOSTS:
        return "account"
    known = name.endswith(WORKSPACES) and not name.startswith("accounts")
    return "workspace" if known else None
