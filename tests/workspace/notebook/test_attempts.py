"""One folder of a job run, several attempts: what is told is never of an attempt before."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from aadsync_lib.sandbox.faults import Fault
from tests.workspace.notebook.stage import result_of
from tests.workspace.notebook.test_notebooks import everybody_leaves, runs

pytestmark = pytest.mark.any_version


def folder(stage):
    return stage.saved_plan.parent


def applied(stage, **more):
    stage.in_job("02_plan").succeeded()
    return stage.in_job("03_apply", plan=str(stage.saved_plan), **more)


def test_a_repaired_run_whose_plan_fails_reports_nothing_of_the_attempt_before(stage):
    applied(stage, target="account").succeeded()
    stage.in_job("90_report").succeeded()
    failed = stage.in_job("02_plan", **{"source.auth.access_token": "{secret: aadsync/none}"})
    assert failed.error.name == "CredentialError"
    assert "the plan was not made" in stage.in_job("90_report").error.message
    assert "account" not in (folder(stage) / "summary.html").read_text()


def test_a_repaired_run_whose_target_dies_reports_nothing_of_the_attempt_before(stage):
    applied(stage, target="account").succeeded()
    everybody_leaves(stage)
    refused = stage.in_job("02_plan")
    approve = refused.error.message.split("approve = ")[1].split()[0]
    stage.in_job("02_plan", approve=approve).succeeded()
    totals = stage.in_job("90_report", approve=approve)
    assert "account: its task ended without a report" in totals.error.message


def test_an_apply_that_cannot_keep_its_report_sends_nothing(stage):
    stage.in_job("02_plan").succeeded()
    (folder(stage) / "account.run.json").mkdir()
    mark = stage.sandbox.log.mark()
    done = stage.in_job("03_apply", target="account", plan=str(stage.saved_plan))
    assert "account.run.json cannot be written" in done.error.message
    assert not stage.writes(mark)


def test_a_plan_that_was_applied_to_all_targets_at_once_is_reported_by_target(stage):
    done = applied(stage).succeeded()
    totals = stage.in_job("90_report").succeeded()
    assert result_of(totals)["targets"][0]["applied"] == result_of(done)["targets"][0]["applied"]


def test_a_plan_that_was_saved_of_one_target_is_applied_to_it_alone(stage):
    second = {"name": "second", "host": "https://accounts.example", "account_id": str(UUID(int=7))}
    more = {f"targets.1.{key}": value for key, value in second.items()}
    more["targets.1.auth"] = "{method: pat, token: {env: NOWHERE}}"
    stage.in_job("02_plan", target="account", **more).succeeded()
    done = stage.in_job("03_apply", plan=str(stage.saved_plan), **more).succeeded()
    assert [each["target"] for each in result_of(done)["targets"]] == ["account"]


def test_a_report_that_broke_off_is_an_error_of_its_target_alone(stage):
    stage.in_job("02_plan").succeeded()
    (folder(stage) / "account.run.json").write_text('{"kind": "run", "targ')
    totals = stage.in_job("90_report")
    assert totals.error.name == "PartialError"
    assert "account: its report is damaged" in totals.error.message


def test_a_token_that_a_server_repeats_is_in_no_output_report_or_record(stage):
    token = stage.sandbox.databricks_token
    body = {"status": "403", "detail": f"not with Authorization: Bearer {token}"}
    stage.sandbox.faults.add(Fault("403", "databricks", "POST", "/Users", count=2, body=body))
    done = applied(stage, target="account")
    stage.sandbox.faults.clear()
    totals = stage.in_job("90_report")
    assert "not with Authorization: Bearer ***" in done.error.message
    kept = [file.read_text() for file in folder(stage).iterdir()]
    told = json.dumps([done.outputs, totals.outputs, done.error.trace, kept, runs(stage)])
    assert "not with Authorization" in told
    assert token not in told
    assert token.encode() not in Path(stage.parameters["store.sqlite"]).read_bytes()


def test_a_plan_of_an_earlier_attempt_is_not_taken_for_this_one(stage):
    stage.in_job("02_plan").succeeded()
    stage.in_job("03_apply", target="account", plan=str(stage.saved_plan)).succeeded()
    stage.in_job("90_report", planned="success").succeeded()
    died = stage.in_job("90_report", planned="timedout")
    assert "The plan was not made: its task ended as timedout" in died.error.message


def test_a_part_of_entra_that_could_not_be_read_fails_the_job(stage):
    stage.run("04_sync").succeeded()
    entra = stage.sandbox.world.entra
    group = next(g for g in entra.ids("group") if len(entra.members[g]) > 1)
    entra.remove_member(group, next(iter(entra.members[group])))
    stage.sandbox.faults.add(Fault("403", "graph", path="/members", count=None))
    stage.in_job("02_plan").succeeded()
    report = stage.in_job("90_report")
    assert "could not be read" in report.error.message
