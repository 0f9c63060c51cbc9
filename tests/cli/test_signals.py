"""Ctrl-C and SIGTERM."""

import os
import signal

import pytest

from aadsync_lib.cli.signals import interruptible


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_asks_to_stop_and_second_one_leaves(number, capfd):
    asked, left = [], []
    with interruptible(lambda: asked.append("stop"), left.append):
        os.kill(os.getpid(), number)
        assert (asked, left) == (["stop"], [])
        os.kill(os.getpid(), number)
        assert (asked, left) == (["stop"], [128 + number])
    assert "finishing and recording what is in flight" in capfd.readouterr().err


def test_signals_mean_afterwards_what_they_meant_before():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with interruptible(lambda: None):
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_interrupted_sync_asks_the_engine_to_stop_and_reports(run, engine):
    engine.before = lambda: os.kill(os.getpid(), signal.SIGINT)
    result = run("sync")
    assert engine.asked == [("sync", None), ("stop",)]
    assert result.exit_code == 0
