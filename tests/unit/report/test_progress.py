"""Progress on a terminal and elsewhere."""

import io

import pytest

from aadsync_lib.report.progress import LineProgress, progress_on
from aadsync_lib.report.terminal_page import Look


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    def __init__(self):
        self.time = 0.0

    def __call__(self):
        return self.time


def test_terminal_gets_a_bar_with_the_time_left():
    stream = Terminal()
    progress = progress_on(stream)
    progress.start(10, "applying")
    progress.advance(10)
    progress.done()
    assert "applying" in stream.getvalue()
    assert "left" in stream.getvalue()


def test_targets_that_are_written_at_the_same_time_share_one_bar():
    stream = Terminal()
    progress = progress_on(stream)
    progress.start(10, "applying")
    progress.start(30, "applying")
    progress.advance(10)
    progress.done()
    progress.advance(30)
    progress.done()
    assert "/40" in stream.getvalue()
    assert stream.getvalue().endswith("\r")


def test_targets_that_are_written_at_the_same_time_share_the_lines():
    stream, clock = io.StringIO(), Clock()
    progress = LineProgress(stream, clock)
    progress.start(10, "applying")
    clock.time = 10.0
    progress.start(30, "applying")
    progress.advance(20)
    assert stream.getvalue() == "applying: 20/40, about 10 s left\n"


def test_bar_that_was_never_started_counts_nothing():
    stream = Terminal()
    progress = progress_on(stream)
    progress.advance(1)
    progress.done()
    assert stream.getvalue() == ""


def test_elsewhere_a_line_is_written_at_most_every_ten_seconds():
    stream, clock = io.StringIO(), Clock()
    progress = LineProgress(stream, clock)
    progress.start(100, "applying")
    for clock.time in (1.0, 9.0, 10.0, 11.0, 20.0):
        progress.advance(10)
    progress.done()
    assert stream.getvalue().splitlines() == [
        "applying: 30/100, about 23 s left",
        "applying: 50/100, about 20 s left",
    ]


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_quiet_says_nothing(stream):
    progress = progress_on(stream, quiet=True)
    progress.start(1, "applying")
    progress.advance(1)
    progress.done()
    assert stream.getvalue() == ""


def test_stream_that_is_no_terminal_gets_lines():
    assert isinstance(progress_on(io.StringIO()), LineProgress)


def test_file_is_written_plain_and_terminal_in_its_own_width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "72")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert Look.of(io.StringIO()) == Look(100, color=False)
    assert Look.of(Terminal()) == Look(72, color=True)


def test_terminal_is_plain_where_colours_are_not_wanted(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Look.of(Terminal()).color
