"""A sandbox for all tests here, a sync of it for each, and a line on how much was swept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aadsync_lib.sandbox import Sandbox, World
from tests.acceptance.cheap import make_clients_cheap
from tests.acceptance.stage import Stage, WorkspaceStage, with_workspace

SWEPT = pytest.StashKey[dict[str, int]]()


@pytest.fixture(scope="session")
def box() -> Iterator[Sandbox]:
    with Sandbox(World()) as started, pytest.MonkeyPatch.context() as patch:
        for name, value in Stage.environment_of(started).items():
            patch.setenv(name, value)
        make_clients_cheap(patch)
        yield started


@pytest.fixture
def stage(box: Sandbox, tmp_path: Path) -> Stage:
    """A sync without limits of any kind, over an empty world."""
    box.reset(World())
    return Stage(box, tmp_path)


@pytest.fixture
def workspace(box: Sandbox, tmp_path: Path) -> WorkspaceStage:
    """A sync without limits of any kind into an empty workspace."""
    box.reset(with_workspace(World()))
    return WorkspaceStage(box, tmp_path)


@pytest.fixture
def swept(request: pytest.FixtureRequest) -> Callable[[str, int], None]:
    """Adds to the number of cases of a sweep, printed at the end."""
    counts = request.config.stash.setdefault(SWEPT, {})

    def add(what: str, cases: int) -> None:
        counts[what] = counts.get(what, 0) + cases

    return add


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for what, cases in config.stash.get(SWEPT, {}).items():
        terminalreporter.write_line(f"{what}: {cases} cases")
