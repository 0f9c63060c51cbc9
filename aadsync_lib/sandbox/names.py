"""The sandbox under real names: Graph, account and key vaults over TLS, by a proxy that leads nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from aadsync_lib.sandbox.vault.state import SUFFIXES

GRAPH = "graph.microsoft.com"
ACCOUNTS = (
    "accounts.azuredatabricks.net",
    "accounts.azuredatabricks.us",
    "accounts.azuredatabricks.cn",
    "accounts.cloud.databricks.com",
    "accounts.cloud.databricks.us",
    "accounts-dod.cloud.databricks.mil",
    "accounts.gcp.databricks.com",
)
"""Hosts of accounts: Azure and its sovereign clouds, AWS and its GovCloud, Google Cloud."""
CERTIFIED = (GRAPH, *ACCOUNTS, *(f"*.{suffix}" for suffix in SUFFIXES))
"""Names in the sandbox's certificate."""


def is_known(name: str) -> bool:
    vault = name.endswith(tuple(f".{suffix}" for suffix in SUFFIXES))
    return name == GRAPH or name in ACCOUNTS or vault


class ByName:
    """Hands each request to the application of its host's name."""

    def __init__(self, graph: ASGIApp, account: ASGIApp, vaults: ASGIApp) -> None:
        self.graph = graph
        self.account = account
        self.vaults = vaults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match _host(scope):
            case host if host == GRAPH:
                app = self.graph
            case host if host in ACCOUNTS:
                app = self.account
            case _:
                app = self.vaults
        await app(scope, receive, send)


def environment(proxy: str, ca_file: str) -> Mapping[str, str]:
    """Variables by which clients go through the proxy and trust the certificate."""
    trust = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), ca_file)
    return {"HTTPS_PROXY": proxy, "NO_PROXY": "127.0.0.1,localhost", **trust}


def _host(scope: Scope) -> str:
    headers: dict[bytes, bytes] = dict(scope["headers"])
    return headers.get(b"host", b"").decode("latin-1").partition(":")[0].lower()
