"""Names made safe to show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aadsync_lib.report.escape import label, visible, visible_lines


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Zoë 李 محمد", "Zoë 李 محمد"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eevil\u2066", "\\u202eevil\\u2066"),
        ("no\u00a0break", "no\u00a0break"),
        ("क\u200dष", "क\u200dष"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_a_terminal_acts_on_is_written_out(name, shown):
    assert visible(name) == shown


@given(st.text())
def test_no_name_brings_a_control_character(name):
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in visible(name))


def test_ends_of_lines_are_kept_where_a_text_has_lines():
    assert visible_lines("one\ntwo\x07") == "one\ntwo\\x07"


@pytest.mark.parametrize(("name", "shown"), [("a ", '"a "'), ("", '""'), ("a b", "a b")])
def test_name_whose_ends_cannot_be_seen_is_quoted(name, shown):
    assert label(name) == shown
