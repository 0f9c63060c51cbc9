"""What reading Entra costs the client."""

from __future__ import annotations

import time

from aadsync_lib.wiring import open_planner
from tests.bench.served import Served, served
from tests.bench.table import Row, Section, section
from tests.bench.worlds import one_group

USERS = 9_990
LONGEST = 1.0  # seconds of CPU


def measure() -> list[Section]:
    with served(one_group(USERS)) as sandbox:
        _read(sandbox)  # imports
        seconds, cpu, requests = min(_read(sandbox) for _ in range(3))
    rows = [
        Row(
            f"{USERS:,} users of one group",
            f"{cpu:.2f} s of CPU",
            f"< {LONGEST:.0f} s",
            cpu < LONGEST,
        ),
        Row("the same, in all", f"{seconds:.2f} s"),
        Row("requests, batches of 20 as one", f"{requests}"),
    ]
    note = "Members page by page, then the attributes of each; the sandbox works in another process. Best of 3."
    return [section("Reading Entra", note, rows)]


def _read(sandbox: Served) -> tuple[float, float, int]:
    source = open_planner(sandbox.settings, secrets=sandbox.secrets).source
    began, cpu = time.perf_counter(), time.process_time()
    snapshot = source.read()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    assert len(snapshot.users) == USERS
    assert snapshot.complete
    return seconds, cpu, source.requests
