"""Asynchronous work behind a synchronous call, in a notebook cell, too."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import closing
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """A loop of its own in a daemon thread, until it is closed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="aadsync-graph", daemon=True
        )
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` to its end and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Cancel what is still running, wait until it has closed what it opened, and end the thread."""
        self.run(_wind_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def run_apart(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run ``work`` to its end on a loop of its own, in a daemon thread, and return what it returns.

    A caller that is interrupted cancels the work and waits until it has closed what it opened.
    """
    with closing(LoopThread()) as loop:
        return loop.run(work())


async def off_loop(call: Callable[[], T]) -> T:
    """Await a blocking call.

    It runs on a daemon thread and not in an executor: the interpreter waits for executors at its
    end, and nobody who presses Ctrl-C wants to wait for a pause of five minutes.
    """
    outcome: Future[T] = Future()
    outcome.set_running_or_notify_cancel()  # from here on it cannot be cancelled, only ignored

    def run() -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - handed to whoever awaits
            outcome.set_exception(error)
        else:
            outcome.set_result(result)

    threading.Thread(target=run, name="aadsync-wait", daemon=True).start()
    return await asyncio.wrap_future(outcome)


async def _wind_up() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    loop = asyncio.get_running_loop()
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()
