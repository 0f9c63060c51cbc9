"""The clocks: the real one, and the one that tests move."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from aadsync_lib.clock import SystemClock
from tests.clock import START, FakeClock


def test_the_real_clock_tells_the_time_of_the_system():
    clock = SystemClock()
    assert time.time() <= clock.now() <= time.time()
    assert time.monotonic() <= clock.monotonic() <= time.monotonic()
    clock.sleep(0)


def test_time_stands_still_until_somebody_sleeps():
    clock = FakeClock()
    assert (clock.now(), clock.monotonic()) == (START, 0)
    clock.sleep(2.5)
    clock.advance(10)
    assert (clock.now(), clock.monotonic()) == (START + 12.5, 12.5)
    assert clock.sleeps == (2.5,)
    assert clock.slept == 2.5


def test_setting_the_time_of_day_leaves_the_monotonic_time_alone():
    clock = FakeClock()
    clock.set_wall(START - 3600)
    assert (clock.now(), clock.monotonic()) == (START - 3600, 0)


def test_time_does_not_go_back():
    with pytest.raises(ValueError, match="time does not go back"):
        FakeClock().sleep(-1)


def test_sleeps_of_many_threads_are_all_counted():
    clock = FakeClock()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: clock.sleep(1), range(200)))
    assert clock.monotonic() == 200
    assert len(clock.sleeps) == 200
