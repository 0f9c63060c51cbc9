"""Asynchronous work behind a synchronous call."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest

from aadsync_lib.graph.endpoint import Endpoint, origin, redacted
from aadsync_lib.graph.loop import off_loop, run_apart


def test_it_works_in_a_running_loop_as_in_a_notebook_cell(entra, source):
    group = entra.add_group("Data")

    async def cell():
        return source("Data").read()

    assert asyncio.run(cell()).roots == {group}


def test_no_thread_stays_behind(entra, source):
    entra.add_group("Data")
    source("Data").read()
    assert "aadsync-graph" not in {thread.name for thread in threading.enumerate()}


@pytest.fixture
def _interruptible():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_an_interrupt_lets_the_work_close_what_it_opened():
    closed = []

    async def work():
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    with pytest.raises(KeyboardInterrupt):
        run_apart(work)
    assert closed == [True]


def test_work_that_fails_leaves_none_of_its_tasks_running():
    ended = []

    async def forever():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def work():
        task = asyncio.create_task(forever())
        await asyncio.sleep(0)
        raise ValueError(task.get_name())

    with pytest.raises(ValueError):
        run_apart(work)
    assert ended == [True]


def test_a_blocking_call_runs_off_the_loop_and_brings_its_error_back():
    def fail():
        raise LookupError(threading.current_thread().name)

    async def work():
        with pytest.raises(LookupError, match="aadsync-wait"):
            await off_loop(fail)
        return await off_loop(lambda: 7)

    assert run_apart(work) == 7


def test_a_blocking_call_that_nobody_waits_for_any_more_ends_in_silence():
    go, done = threading.Event(), threading.Event()

    def wait():
        go.wait(5)
        done.set()

    async def work():
        task = asyncio.create_task(off_loop(wait))
        await asyncio.sleep(0)
        task.cancel()

    run_apart(work)
    go.set()
    assert done.wait(5)


@pytest.mark.parametrize(
    ("endpoint", "link"),
    [
        ("https://graph.microsoft.com", "https://graph.microsoft.com/v1.0/groups?x"),
        ("https://graph.microsoft.com", "https://GRAPH.microsoft.com:443/v1.0/groups?x"),
        ("https://graph.microsoft.com:443/v1.0", "https://graph.microsoft.com/v1.0/groups?x"),
        ("https://[::1]:8443/beta", "https://[::1]:8443/beta/groups?x"),
    ],
)
def test_a_next_link_of_the_same_scheme_host_and_port_is_followed(endpoint, link):
    assert Endpoint(endpoint).follow(link) == link


def test_a_url_is_shown_without_its_tokens():
    url = "https://h/v1.0/users?%24select=id&%24skiptoken=SECRET&$deltatoken=SECRET2&a=b"
    shown = redacted(url)
    assert "SECRET" not in shown
    assert shown.endswith("&a=b")


def test_an_origin_shows_no_user_info():
    assert origin("https://name:pass@evil.example/x?token=1") == "https://evil.example"
