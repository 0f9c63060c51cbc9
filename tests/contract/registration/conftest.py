"""A sandbox for all registrations, and one registration of it for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from azure.keyvault.secrets._shared.http_challenge_cache import clear as forget_challenges

import aadsync_lib.registration
from aadsync_lib.sandbox import Sandbox
from tests.acceptance.cheap import make_clients_cheap
from tests.contract.registration.stage import Stage, new_clock, world

AZ = """#!/bin/sh
echo '{{"accessToken": "{token}", "expires_on": 4102444800, "tokenType": "Bearer"}}'
"""  # Azure CLI, of somebody who is logged in


@pytest.fixture(scope="package")
def running() -> Iterator[Sandbox]:
    with Sandbox(world()) as started, pytest.MonkeyPatch.context() as patch:
        make_clients_cheap(patch)
        yield started


@pytest.fixture
def box(running: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """An empty world, in an environment that reaches it and nothing else of either cloud."""
    running.reset(world())
    for name, value in running.names_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IDENTITY_ENDPOINT", running.identity_endpoint)
    monkeypatch.setenv("IDENTITY_HEADER", running.identity_header)
    monkeypatch.setenv("DATABRICKS_HOST", running.workspaces["sales"].url)
    monkeypatch.setenv("DATABRICKS_TOKEN", running.workspaces["sales"].token)
    forget_challenges()  # the client keeps them for the whole process
    return running


@pytest.fixture
def graph(box: Sandbox) -> Iterator[httpx.Client]:
    """Somebody else at Graph."""
    headers = {"Authorization": f"Bearer {box.graph_token}"}
    with httpx.Client(base_url=box.graph_url, headers=headers, verify=False) as client:
        yield client


@pytest.fixture
def stage(box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A sync whose application is registered by somebody who may."""
    clock = new_clock()
    monkeypatch.setattr(aadsync_lib.registration, "SystemClock", lambda: clock)
    stage = Stage(box, tmp_path, clock)
    for name, value in stage.environment.items():
        monkeypatch.setenv(name, value)
    az = tmp_path / "bin" / "az"
    az.parent.mkdir()
    az.write_text(AZ.format(token=box.graph_token))
    az.chmod(0o755)
    monkeypatch.setenv("PATH", f"{az.parent}{os.pathsep}{os.environ['PATH']}")
    return stage
