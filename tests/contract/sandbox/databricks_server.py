"""One Databricks account over real HTTP, with a fresh state for each test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import uvicorn
from databricks.sdk import AccountClient
from databricks.sdk.config import Config

from aadsync_lib.sandbox.databricks.app import databricks_app
from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.fault_middleware import FaultMiddleware
from aadsync_lib.sandbox.faults import Faults
from aadsync_lib.sandbox.limits import LimitMiddleware, Limits
from aadsync_lib.sandbox.requestlog import RequestLog, RequestLogMiddleware

ACCOUNT = "c0117050-0000-4000-8000-00000000da7a"
TOKEN = "pat-of-the-admin"
SCIM_TOKEN = "scim-provisioning-token"
CLIENT_ID = "5f1b6c1e-0000-4000-8000-0000000c11e0"
PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SIDE = "databricks"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Loopback:
    """A server whose application is swapped between tests, since starting one takes long."""

    def __init__(self) -> None:
        self.app = None
        config = uvicorn.Config(
            self._serve,
            interface="asgi3",
            host="127.0.0.1",
            port=0,
            log_level="warning",
            lifespan="off",
            ws="none",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    async def _serve(self, scope, receive, send) -> None:
        await self.app(scope, receive, send)

    @property
    def url(self) -> str:
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    @contextmanager
    def running(self) -> Iterator["Loopback"]:
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.005)
        yield self
        self._server.should_exit = True
        self._thread.join()


@dataclass
class Account:
    """A state with its server, its faults, limits and log, and clients for it."""

    loopback: Loopback
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.state = DatabricksState(ACCOUNT, clock=self.clock)
        self.state.add_client(CLIENT_ID, "s3cret/+ :")
        self.state.add_token(TOKEN, CLIENT_ID)
        self.state.add_token(SCIM_TOKEN, scim_only=True)
        self.faults = Faults()
        self.limits = Limits(None, clock=self.clock)
        self.log = RequestLog()
        app = LimitMiddleware(databricks_app(self.state), self.limits)
        app = FaultMiddleware(app, self.faults, SIDE)
        self.loopback.app = RequestLogMiddleware(app, self.log, SIDE)
        self._clients: list[httpx.Client] = []

    @property
    def url(self) -> str:
        return self.loopback.url

    def http(self, version: str = "2.0", token: str | None = TOKEN) -> httpx.Client:
        client = httpx.Client(
            base_url=f"{self.url}/api/{version}/accounts/{ACCOUNT}/scim/v2",
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
        self._clients.append(client)
        return client

    def sdk(self, **credentials: str) -> AccountClient:
        credentials = credentials or {"token": TOKEN}
        config = Config(host=self.url, account_id=ACCOUNT, retry_timeout_seconds=20, **credentials)
        return AccountClient(config=config)

    def close(self) -> None:
        for client in self._clients:
            client.close()


def patch_body(*operations: dict) -> dict:
    return {"schemas": [PATCH_SCHEMA], "Operations": list(operations)}
