"""A sandbox on a small hand-made world, and clients for it."""

import asyncio
import warnings
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from azure.core.credentials import AccessToken
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph import GraphRequestAdapter, GraphServiceClient

from aadsync_lib.sandbox import Sandbox
from tests.clock import FakeClock
from tests.contract.sandbox.connecting import Setup, instantiated, with_job
from tests.contract.sandbox.contoso import small_world


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(small_world()) as sandbox:
        yield sandbox


@pytest.fixture
def graph(box: Sandbox) -> Iterator[httpx.Client]:
    """A client with a token, relative to the version."""
    headers = {"Authorization": f"Bearer {box.graph_token}"}
    # Plain http: loading the trusted authorities would take longer than the test.
    with httpx.Client(base_url=box.graph_url, headers=headers, verify=False) as client:
        yield client


@pytest.fixture
def admin(box: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{box.databricks_url}/_sandbox", verify=False) as client:
        yield client


@pytest.fixture
def bare(box: Sandbox, graph: httpx.Client) -> Setup:
    """A connector that was just instantiated."""
    return instantiated(box, graph)


@pytest.fixture
def setup(bare: Setup) -> Setup:
    """A connector with a job, and no secrets yet."""
    return with_job(bare)


@pytest.fixture
def running(setup: Setup) -> Setup:
    """A connector whose job was started, with the credentials of the account."""
    setup.save()
    setup.post("start").raise_for_status()
    return setup


@pytest.fixture
def clock(box: Sandbox) -> FakeClock:
    """The time of the tenant, which tests move by hand."""
    hands = FakeClock()
    box.world.entra.clock = lambda: datetime.fromtimestamp(hands.now(), UTC)
    return hands


@pytest.fixture
def turn(admin: httpx.Client) -> Callable[..., None]:
    """Sets switches of the provisioning service."""

    def switch(**provisioning: Any) -> None:
        answer = admin.post("/switches", json={"provisioning": provisioning})
        assert answer.status_code == 204, answer.text

    return switch


class StaticCredential:
    """A token got elsewhere."""

    def __init__(self, token: str) -> None:
        self.token = token

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken(self.token, 4102444800)


@pytest.fixture
def msgraph(box: Sandbox) -> Callable[[Callable[[GraphServiceClient], Coroutine]], Any]:
    """Runs a function of the SDK's client against the box."""

    def run(use: Callable[[GraphServiceClient], Coroutine]) -> Any:
        async def main() -> Any:
            provider = AzureIdentityAuthenticationProvider(StaticCredential(box.graph_token))
            adapter = GraphRequestAdapter(provider)
            adapter.base_url = box.graph_url
            try:
                return await use(GraphServiceClient(request_adapter=adapter))
            finally:
                # Closing the client leaves open what its middleware wraps.
                await adapter._http_client._transport.transport.aclose()

        with warnings.catch_warnings():
            # The SDK's modules warn of their own classes when they are imported.
            warnings.simplefilter("ignore", DeprecationWarning)
            return asyncio.run(main())

    return run
