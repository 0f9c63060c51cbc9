"""Threads that are none: work is done where it is handed in, so that a week can be run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Self
from unittest.mock import patch

USERS = ("aadsync_lib.apply.executor", "aadsync_lib.engine.planner", "aadsync_lib.engine.runner")


class Inline:
    """Stands in for ``ThreadPoolExecutor``."""

    def __init__(self, *_: Any) -> None: ...

    def submit(self, work: Callable[..., Any], /, *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args))
        except BaseException as error:  # noqa: BLE001  as a pool does
            future.set_exception(error)
        return future

    def shutdown(self, *, wait: bool = True) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


@contextmanager
def one_thread() -> Iterator[None]:
    """Let planner and runner do everything on this thread."""
    patches = [patch(f"{module}.ThreadPoolExecutor", Inline) for module in USERS]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()
