"""Asynchronous work behind a synchronous call, in a notebook cell, too."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


def run_apart(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run ``work`` to its end on a loop of its own, in a daemon thread, and return what it returns.

    A caller that is interrupted cancels the work and waits until it has closed what it opened.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="aadsync-graph", daemon=True)
    thread.start()
    try:
        return asyncio.run_coroutine_threadsafe(work(), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(_wind_up(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


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
