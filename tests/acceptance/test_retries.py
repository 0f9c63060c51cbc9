"""What the account refuses is tried again with growing distance, over HTTP on both sides."""

from __future__ import annotations

import pytest

from aadsync_lib.model.run import Status
from aadsync_lib.sandbox.faults import Fault
from tests.acceptance.small import A, B, company
from tests.acceptance.stage import Stage


@pytest.fixture
def refusing(stage: Stage) -> Stage:
    """An account that refuses to make one group."""
    stage.show(company())
    stage.box.faults.add(Fault("400", side="databricks", method="POST", path="Groups", count=None))
    return stage


def posts(stage: Stage) -> int:
    return len([one for one in stage.box.log.writes("databricks") if one.method == "POST"])


def test_the_distance_grows_and_the_rest_goes_on(refusing: Stage) -> None:
    tried = []
    for run in range(1, 10):
        before = posts(refusing)
        assert refusing.sync().status is Status.PARTIAL
        if posts(refusing) > before:
            tried.append(run)
    assert tried == [1, 2, 4, 8]
    assert refusing.picture()["users"].keys() >= {A, B}
    held = refusing.plan().targets[0].on_hold
    assert {one.name for one in held} == {"dbx-data", "dbx-ops"}
    assert "failed 4 times" in held[0].reason


def test_after_so_many_failures_a_person_has_to_look_and_a_full_run_tries(refusing: Stage) -> None:
    refusing.configure(policy={"quarantine_after": 2})
    for _ in range(3):
        report = refusing.sync()
    assert [one.name for one in report.targets[0].quarantined] == ["dbx-data", "dbx-ops"]
    refusing.box.faults.clear()
    before = posts(refusing)
    refusing.sync()
    assert posts(refusing) == before
    with refusing.runner() as runner:
        assert runner.sync(full=True).status is Status.SUCCEEDED
    assert refusing.picture()["groups"]["dbx-data"]["members"] == [A, B]
    assert refusing.sync().status is Status.SUCCEEDED
