"""A connector on the sandbox, and a clock on which nobody waits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aadsync_lib import wiring
from aadsync_lib.sandbox import Sandbox, World
from tests.acceptance.cheap import make_clients_cheap
from tests.acceptance.stage import Stage
from tests.acceptance.worlds import first_day
from tests.clock import FakeClock
from tests.contract.connector.gallery import TOKEN, Gallery, client
from tests.contract.sandbox.connecting import SCIM_TOKEN


@pytest.fixture(scope="session")
def box() -> Iterator[Sandbox]:
    with Sandbox(World()) as started, pytest.MonkeyPatch.context() as patch:
        for name, value in Stage.environment_of(started).items():
            patch.setenv(name, value)
        patch.setenv(TOKEN, SCIM_TOKEN)
        make_clients_cheap(patch)
        yield started


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The clock of every command."""
    clock = FakeClock()
    monkeypatch.setattr(wiring, "SystemClock", lambda: clock)
    return clock


@pytest.fixture
def gallery(box: Sandbox, tmp_path: Path, clock: FakeClock) -> Iterator[Gallery]:
    """A small company, and a sync of it with a connector in its settings that nobody has set up."""
    box.faults.clear()
    stage = Stage(box, tmp_path, clock=clock)
    stage.show(first_day())
    with client(stage) as graph:
        yield Gallery(stage, graph)
