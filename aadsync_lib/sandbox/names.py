"""The sandbox under real names: Graph and key vaults over TLS, behind a proxy that leads nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from aadsync_lib.sandbox.vault.state import SUFFIXES

GRAPH = "graph.microsoft.com"
CERTIFIED = (GRAPH, *(f"*.{suffix}" for suffix in SUFFIXES))
"""Names in the sandbox's certificate."""


def is_known(name: str) -> bool:
    return name == GRAPH or name.endswith(tuple(f".{suffix}" for suffix in SUFFIXES))


class ByName:
    """Hands each request to the application of its host's name."""

    def __init__(self, graph: ASGIApp, vaults: ASGIApp) -> None:
        self.graph = graph
        self.vaults = vaults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.graph if _host(scope) == GRAPH else self.vaults
        await app(scope, receive, send)


def environment(proxy: str, ca_file: str) -> Mapping[str, str]:
    """Variables by which clients go through the proxy and trust the certificate."""
    trust = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), ca_file)
    return {"HTTPS_PROXY": proxy, "NO_PROXY": "127.0.0.1,localhost", **trust}


def _host(scope: Scope) -> str:
    headers: dict[bytes, bytes] = dict(scope["headers"])
    return headers.get(b"host", b"").decode("latin-1").partition(":")[0].lower()
