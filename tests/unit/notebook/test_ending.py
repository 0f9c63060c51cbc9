"""How notebooks end, without a notebook."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from aadsync_lib.config.policy import Limits
from aadsync_lib.errors import PartialError, UsageError
from aadsync_lib.model.plan import Plan, Quarantined, TargetPlan
from aadsync_lib.model.run import Requests, RunReport, Status, TargetReport
from aadsync_lib.notebook.display import kept, page_of
from aadsync_lib.notebook.job_folder import RunFolder
from aadsync_lib.notebook.job_report import total
from aadsync_lib.notebook.past import _about, check_confirmed
from aadsync_lib.notebook.results import check_run, held_back
from aadsync_lib.reconcile.guard import judge
from tests.unit.report import samples
from tests.unit.report.written import plan_summary
from tests.unit.world import World

HELD = (Quarantined("e-1", "Data\x1b[2J", "failed 2 times, last: 500"),)


def report(undoes=None):
    target = TargetReport("account", Status.PARTIAL, on_hold=HELD)
    return RunReport("r1", "contoso", "sha256:d", True, (target,), Requests(1, 1), 1.0, undoes)


def test_what_waits_is_named_with_its_reason_and_cannot_steer_a_terminal():
    with pytest.raises(PartialError, match="failed 2 times, last: 500") as error:
        check_run(report())
    assert "\x1b" not in str(error.value)


def test_an_undo_that_left_alone_what_changed_since_is_no_error():
    check_run(report(undoes="r0"))


def test_of_many_that_wait_the_first_are_named():
    text = held_back([Quarantined(None, f"group {number}", "unread") for number in range(30)])
    assert text.startswith("30 changes are held back")
    assert "group 9: unread" in text
    assert "group 10" not in text
    assert "and 20 more" in text


def test_a_refusal_is_recorded_as_it_is_shown():
    [target, _] = samples.full_plan().targets
    plan = samples.plan(replace(target, protected=frozenset({"t-eve"})))
    verdict = judge(plan, Limits())
    with World() as world:
        totals = total(plan, {}, world.store, world.clock, verdict)
        [run] = world.store.runs()
    protected, emptied = json.loads(run.report)["over"]
    assert protected == "account: protected is 1, allowed 0: eve@contoso.com"
    assert emptied.startswith("account: groups_emptied is 1, allowed 0")
    for page in (page_of(totals), plan_summary(plan, verdict)):
        assert protected in page
        assert emptied in page


def test_only_the_whole_digest_of_the_plan_confirms():
    plan = Plan("contoso", (TargetPlan("account"),), True, "sha256:s", undoes="r1")
    check_confirmed(plan, plan.digest)
    for wrong in (plan.digest[:-1], plan.digest.upper(), "yes"):
        with pytest.raises(UsageError, match=plan.digest):
            check_confirmed(plan, wrong)


def test_a_full_report_that_cannot_be_kept_is_a_warning(tmp_path, caplog):
    (tmp_path / "report.html").mkdir()
    assert kept(RunFolder(str(tmp_path)), lambda: "<html>") is None
    assert "the full report was not kept" in caplog.text
    assert kept(None, lambda: pytest.fail("not asked for")) is None


def test_a_full_report_is_told_from_one_of_an_earlier_attempt(tmp_path):
    folder = RunFolder(str(tmp_path))
    assert folder.report_page is None
    path = folder.save_report_page("<html>")
    assert folder.report_page == path
    folder.clear()
    assert folder.report_page is None


def test_memberships_of_nobody_are_an_empty_frame_with_its_columns():
    columns = ["member", "member_external_id", "member_target_id", "group", "group_external_id"]
    frame = pd.DataFrame([["Ada", "e", "t", "Data", "g"]], columns=columns, dtype="string")
    assert len(_about(frame, "ADA", "g")) == 1
    empty = _about(frame, "bob", "Data")
    assert (len(empty), list(empty.columns)) == (0, columns)
