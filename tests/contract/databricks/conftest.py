"""A target over real HTTP: the sandbox's account, databricks-sdk's client, and a clock that nobody waits for."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from databricks.sdk.core import ApiClient, Config

from aadsync_lib.auth.single_attempt import SINGLE_ATTEMPT
from aadsync_lib.databricks.place import account_place
from aadsync_lib.databricks.target import ScimTarget
from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.faults import Fault
from aadsync_lib.sandbox.server import Sandbox
from aadsync_lib.sandbox.world import World
from tests.clock import FakeClock

SECRET = "dapi-0123456789-never-to-be-seen"


@dataclass(frozen=True)
class Sent:
    method: str
    version: str
    path: str
    query: dict[str, Any] | None
    body: dict[str, Any] | None


class RecordingApi(ApiClient):
    """The SDK's own client, which also remembers what it was asked to send."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.sent: list[Sent] = []

    def do(self, method, path=None, **others):
        version, tail = path.split("/")[2], path.partition("/scim/v2/")[2]
        self.sent.append(Sent(method, version, tail, others.get("query"), others.get("body")))
        return super().do(method, path, **others)

    def bodies(self, method: str) -> list[dict[str, Any]]:
        return [sent.body for sent in self.sent if sent.method == method and sent.body]

    def operations(self) -> list[list[dict[str, Any]]]:
        return [body["Operations"] for body in self.bodies("PATCH")]


@dataclass
class Account:
    """The sandbox's account and one target for it."""

    box: Sandbox
    login: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        login = self.login or {"token": self.box.databricks_token}
        arguments = {"host": self.box.databricks_url, "account_id": self.box.account_id}
        config = Config(**{**SINGLE_ATTEMPT, **arguments, **login})
        self.api = RecordingApi(config)
        self.target = ScimTarget(
            "account",
            self.api,
            account_place(self.box.databricks_url, self.box.account_id),
            clock=self.clock,
            **self.options,
        )
        self.pacer = self.target.pacer

    @property
    def state(self) -> DatabricksState:
        return self.box.world.databricks

    @property
    def sent(self) -> list[Sent]:
        """Every attempt, repeated ones too."""
        return self.api.sent

    def fault(self, kind: str, method: str, path: str = "scim/v2", **others: Any) -> str:
        return self.box.faults.add(Fault(kind, "databricks", method, path, **others))

    def settled(self) -> "Account":
        """Let the first listing pass, so that the test sees its own requests only."""
        self.target._find_version()
        self.api.sent.clear()
        return self

    def unreachable(self) -> "Account":
        """Move the target to an address where nobody listens."""
        self.api._cfg.host = "http://127.0.0.1:9"
        return self

    def other(self, login: dict[str, Any] | None = None, **options: Any) -> "Account":
        return Account(self.box, login or {}, options, FakeClock())


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(World()) as box:
        yield box


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    sandbox.reset(World())
    return Account(sandbox)
