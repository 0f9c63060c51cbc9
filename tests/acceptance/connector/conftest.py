"""A connector on the sandbox, and a clock on which nobody waits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aadsync_lib import wiring
from tests.acceptance.connector.gallery import TOKEN, Gallery, client
from tests.acceptance.stage import Stage
from tests.acceptance.worlds import first_day
from tests.clock import FakeClock
from tests.contract.sandbox.connecting import SCIM_TOKEN


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The clock of every command."""
    clock = FakeClock()
    monkeypatch.setattr(wiring, "SystemClock", lambda: clock)
    return clock


@pytest.fixture
def gallery(stage: Stage, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gallery]:
    """A small company, and a sync of it with a connector in its settings that nobody has set up."""
    stage.show(first_day())
    monkeypatch.setenv(TOKEN, SCIM_TOKEN)
    with client(stage) as graph:
        yield Gallery(stage, graph)
