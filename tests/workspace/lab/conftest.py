"""A sandbox with a workspace, and clients for it."""

from collections.abc import Iterator

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.config import Config

from aadsync_lib.sandbox import Sandbox
from tests.cli_tool import databricks_cli  # noqa: F401 - a fixture of the tests here
from tests.contract.sandbox.contoso import small_world
from tests.workspace_lab import Workspace


@pytest.fixture(scope="session")
def shared_box() -> Iterator[Sandbox]:
    with Sandbox(small_world(), workspace=Workspace) as sandbox:
        yield sandbox


@pytest.fixture
def hub(shared_box: Sandbox) -> Sandbox:
    """A sandbox with an empty workspace; ``ada`` is a token of one who is no admin."""
    shared_box.reset(small_world())
    account = shared_box.world.databricks
    account.add_user("ada@contoso.com")
    account.add_token("ada", "ada@contoso.com")
    return shared_box


def workspace_client(box: Sandbox, **credentials: str) -> WorkspaceClient:
    return WorkspaceClient(config=Config(host=box.databricks_url, **credentials))


@pytest.fixture
def admin_client(hub: Sandbox) -> WorkspaceClient:
    return workspace_client(hub, token=hub.databricks_token)


@pytest.fixture
def ada_client(hub: Sandbox) -> WorkspaceClient:
    return workspace_client(hub, token="ada")
