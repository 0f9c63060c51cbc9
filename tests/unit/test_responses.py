"""Parts of HTTP responses: Retry-After in every form, and no login in what is shown."""

from __future__ import annotations

import pytest

from aadsync_lib.responses import retry_after, without_login
from tests.clock import START


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("2.5", 2.5),
        ("2.128", 2.128),
        ("Sun, 15 Jun 2025 15:07:10 GMT", 30.0),
        ("Sun, 15 Jun 2025 15:06:50 GMT", 10.0),
        ("Sun, 15 Jun 2025 15:06:50 -0000", 10.0),
        ("Sun, 15 Jun 2025 15:07:10", 30.0),
        ("Sun, 15 Jun 2025 15:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("inf", None),
        ("nan", None),
        (None, None),
    ],
)
def test_retry_after_may_be_a_number_or_a_date(header, seconds):
    assert retry_after(header, START) == seconds


@pytest.mark.parametrize(
    ("authorization", "shown"),
    [("Bearer t0ken", "got ***, ***"), ("", "got t0ken, t0ken"), ("Bearer ", "got t0ken, t0ken")],
)
def test_a_login_that_comes_back_is_taken_out(authorization, shown):
    assert without_login("got t0ken, t0ken", authorization) == shown
