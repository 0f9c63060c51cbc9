"""How many requests a sync takes: the first one, one with nothing to do, and one after a day."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from math import ceil

import pytest

from aadsync_lib.model.plan import Plan
from aadsync_lib.report.outcomes import exit_code
from aadsync_lib.sandbox import Sandbox, company, day
from tests.acceptance.stage import Stage

PAGE = 100


@pytest.mark.parametrize("users", [300, 10_000])
def test_a_first_sync_creates_everything_and_the_second_writes_nothing(
    stage: Stage, users: int
) -> None:
    stage.show(company(users))
    start = _pages(stage)

    first = stage.sync()

    assert exit_code(first) == 0
    made = Counter(first.targets[0].applied)
    groups, people = made["create_group"], made["create_user"] + made["create_service_principal"]
    assert groups + people > users * 0.9
    sent = stage.counts()
    assert sent["list"] == start
    assert sent["write"] == people + groups
    assert sent["get"] <= groups  # the check after the writes reads those that got members
    assert sent["patch"] == made["adopt_group"] + made["adopt_user"] + made["update_user"]
    assert first.requests.databricks == sent.total() - sent["graph"]

    mark = stage.box.log.mark()
    second = stage.sync()

    assert exit_code(second) == 0
    assert stage.box.log.writes("databricks", after=mark) == ()
    again = stage.counts(after=mark)
    assert again == {
        "graph": sent["graph"],
        "list": _pages(stage),
        "get": groups + made["adopt_group"],
        "other": 1,  # Me
    }
