"""A sandbox for one test at a time, a clock that nobody waits for, and a reader of the scope."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from azure.core.credentials import AccessToken

from aadsync_lib.config.scope import GroupSelector, Scope
from aadsync_lib.entra.source import EntraSource
from aadsync_lib.sandbox import Sandbox, World
from aadsync_lib.sandbox.entra.state import EntraState
from tests.clock import FakeClock

ENDLESS = 4102444800


class StaticCredential:
    """A token got elsewhere; remembers what it was asked for."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.asked: list[tuple[Any, ...]] = []

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.asked.append((scopes, options))
        return AccessToken(self.token, ENDLESS)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(World()) as started:
        yield started


@pytest.fixture
def box(sandbox: Sandbox) -> Sandbox:
    """The sandbox with an empty world, and nothing wrong with it."""
    sandbox.reset(World())
    return sandbox


@pytest.fixture
def entra(box: Sandbox) -> EntraState:
    return box.world.entra


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of two, so that a few objects make many."""
    monkeypatch.setattr("aadsync_lib.entra.directory.PAGE", 2)


Reader = Callable[..., EntraSource]


@pytest.fixture
def source(box: Sandbox, clock: FakeClock) -> Reader:
    """Builds a source over selectors (a text is a name) and further keys of the scope."""

    def build(*selectors: str | dict[str, Any], **scope: Any) -> EntraSource:
        return EntraSource(
            scope_of(selectors, **scope),
            StaticCredential(box.graph_token),
            endpoint=box.graph_url,
            clock=clock,
        )

    return build


def scope_of(selectors: Sequence[str | dict[str, Any]], **scope: Any) -> Scope:
    given = [{"name": s} if isinstance(s, str) else s for s in selectors]
    return Scope(groups=tuple(GroupSelector(**s) for s in given), **scope)
