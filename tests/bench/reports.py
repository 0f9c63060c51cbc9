"""How long it takes until a plan is read: as text, as a page, as rows."""

from __future__ import annotations

import time
from collections.abc import Callable

from aadsync_lib.report.html import plan_page
from aadsync_lib.sandbox import company
from tests.bench.table import Row, Section, section
from tests.unit.model.test_frames import hundred_thousand_memberships
from tests.unit.report.pages import big_plan
from tests.unit.report.written import plan_text

TIMES = 3
NOTE = f"One thread, CPU, best of {TIMES}."


def measure() -> list[Section]:
    plan, members = big_plan(), hundred_thousand_memberships()
    _ = plan.digest  # not what is measured
    rows = [
        _row("10,000 changes as text", 1.0, lambda: plan_text(plan)),
        _row("10,000 changes as a page", 2.0, lambda: plan_page(plan)),
        _row("100,000 memberships as a frame", 2.0, members.to_frame),
        _row("the sandbox's company of 10,000", 3.0, lambda: company(10_000)),
    ]
    return [section("Reports", NOTE, rows)]


def _row(what: str, bound: float, make: Callable[[], object]) -> Row:
    took = min(_seconds(make) for _ in range(TIMES))
    return Row(what, f"{took:.2f} s", f"< {bound:g} s", took < bound)


def _seconds(make: Callable[[], object]) -> float:
    began = time.process_time()
    make()
    return time.process_time() - began
