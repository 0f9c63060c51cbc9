"""Ctrl-C and SIGTERM."""

import os
import signal
from queue import SimpleQueue
from threading import Event

import pytest

from aadsync_lib.cli.signals import interruptible


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_asks_to_stop_and_second_one_leaves(number, capfd):
    asked, left = SimpleQueue(), SimpleQueue()
    with interruptible(lambda: asked.put("stop"), left.put):
        os.kill(os.getpid(), number)
        assert asked.get(timeout=10) == "stop"
        assert left.empty()
        os.kill(os.getpid(), number)
        assert left.get(timeout=10) == 128 + number
    assert asked.empty()
    assert "finishing and recording what is in flight" in capfd.readouterr().err


def test_signals_mean_afterwards_what_they_meant_before():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with interruptible(lambda: None):
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_interrupted_sync_asks_the_engine_to_stop_and_reports(run, engine):
    stopped = Event()
    engine.stop = stopped.set

    def work():
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped.wait(timeout=10)

    engine.before = work
    result = run("sync")
    assert result.exit_code == 0
    assert result.stdout.startswith("Run of contoso: done\n")
