"""A sandbox whose Entra azure-identity trusts and logs in to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from aadsync_lib.config.settings import SourceSettings, TargetSettings
from aadsync_lib.sandbox import Sandbox, World


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with Sandbox(World()) as sandbox:
        yield sandbox


@pytest.fixture
def box(running: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox, in an environment that holds its secrets and nothing else of either cloud."""
    for name in (
        "DATABRICKS_HOST",
        "DATABRICKS_TOKEN",
        "DATABRICKS_CONFIG_PROFILE",
        "IDENTITY_ENDPOINT",
    ):
        monkeypatch.delenv(name, raising=False)
    running.reset(World())
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", running.authority_url)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", running.ca_file)
    monkeypatch.setenv("ENTRA_SECRET", running.entra_client_secret)
    monkeypatch.setenv("DATABRICKS_SECRET", running.client_secret)
    return running


@pytest.fixture
def source(box: Sandbox) -> Callable[..., SourceSettings]:
    """Settings of a source that logs in as these keys say."""

    def settings(**auth: object) -> SourceSettings:
        return SourceSettings.model_validate({"tenant_id": box.tenant_id, "auth": auth})

    return settings


@pytest.fixture
def target(box: Sandbox) -> Callable[..., TargetSettings]:
    """Settings of a target that logs in as these keys say."""

    def settings(**auth: object) -> TargetSettings:
        return TargetSettings.model_validate(
            {
                "name": "account",
                "host": box.databricks_url,
                "account_id": box.account_id,
                "auth": auth,
            }
        )

    return settings
