"""Which tasks of a run are executed, how often, and what ends them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aadsync_lib.sandbox.databricks.errors import ApiError
from tests.workspace.lab.job_runs import (
    ROOT,
    Gate,
    Workspace,
    last,
    loop,
    results,
    task,
    when,
    without_notebook,
)


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    made = Workspace()
    yield made
    made.runs.close()


@pytest.fixture
def gate(workspace: Workspace) -> Iterator[Gate]:
    made = Gate(workspace)
    yield made
    made.close()


# Order and conditions


def test_a_failure_skips_what_needs_it_and_a_report_still_runs(workspace: Workspace) -> None:
    run = workspace.run(
        task("report", after=["plan", "apply"], run_if="ALL_DONE"),
        task("apply", after=["plan"]),
        task("plan", "bad"),
    )
    assert results(run) == {"plan": "FAILED", "apply": "UPSTREAM_FAILED", "report": "SUCCESS"}
    assert last(run, "apply")["state"]["life_cycle_state"] == "SKIPPED"
    assert run["state"]["result_state"] == "SUCCESS_WITH_FAILURES"


@pytest.mark.parametrize(("changes", "result"), [(0, "EXCLUDED"), (2, "SUCCESS")])
def test_a_condition_guards_what_depends_on_its_outcome(
    workspace: Workspace, changes: int, result: str
) -> None:
    workspace.notebook("plan", f"dbutils.jobs.taskValues.set('changes', {changes})")
    run = workspace.run(
        task("plan", "plan"),
        when("changed", "{{tasks.plan.values.changes}}", "GREATER_THAN", "0", ["plan"]),
        task("apply", after=[{"task_key": "changed", "outcome": "true"}]),
        task("report", after=["plan", "apply"], run_if="ALL_DONE"),
    )
    expected = {"plan": "SUCCESS", "changed": "SUCCESS", "apply": result, "report": "SUCCESS"}
    assert results(run) == expected
    assert last(run, "changed")["condition_task"]["outcome"] == str(changes > 0).lower()
    assert run["state"]["result_state"] == "SUCCESS"


def test_a_condition_on_a_list_fails(workspace: Workspace) -> None:
    workspace.notebook("plan", "dbutils.jobs.taskValues.set('targets', ['a'])")
    changed = when("changed", "{{tasks.plan.values.targets}}", "NOT_EQUAL", "[]", ["plan"])
    run = workspace.run(task("plan", "plan"), changed)
    assert results(run)["changed"] == "FAILED"
    assert "compares texts, numbers and booleans" in run["state"]["state_message"]


def test_only_some_tasks_can_be_run(workspace: Workspace) -> None:
    settings = {"tasks": [task("plan", "bad"), task("report", after=["plan"])]}
    run = workspace.runs.wait(workspace.runs.start(1, settings, only=["report"]))
    assert results(run) == {"report": "SUCCESS"}
    with pytest.raises(ApiError, match="Unknown task keys: absent"):
        workspace.runs.start(1, settings, only=["absent"])


def test_other_types_of_task_fail_with_a_reason(workspace: Workspace) -> None:
    run = workspace.run(without_notebook("query") | {"sql_task": {}})
    assert "sql_task is not supported here" in run["state"]["state_message"]


# For each


def test_a_failing_iteration_fails_the_loop_and_no_other_iteration(workspace: Workspace) -> None:
    workspace.notebook(
        "apply",
        """
        target = dbutils.widgets.get("target")
        if target == "b":
            raise ValueError(f"{target} failed")
        dbutils.notebook.exit(target)
        """,
    )
    workspace.notebook("plan", "dbutils.jobs.taskValues.set('targets', ['a', 'b', 'c'])")
    run = workspace.run(
        task("plan", "plan"),
        loop("apply", "{{tasks.plan.values.targets}}", "apply", ["plan"]),
        task("report", after=["apply"], run_if="ALL_DONE"),
    )
    assert results(run) == {"plan": "SUCCESS", "apply": "FAILED", "report": "SUCCESS"}
    apply = last(run, "apply")
    stats = apply["for_each_task"]["stats"]
    assert stats["task_run_stats"] == {
        "total_iterations": 3,
        "scheduled_iterations": 3,
        "active_iterations": 0,
        "completed_iterations": 3,
        "succeeded_iterations": 2,
        "failed_iterations": 1,
    }
    message = {"error_message": "ValueError: b failed", "count": 1}
    assert stats["error_message_stats"] == [message]
    output = workspace.runs.output(apply["run_id"])
    assert output["error"] == "1 of 3 iterations failed. The first: ValueError: b failed"
    iterations = workspace.runs.get(apply["run_id"])["iterations"]
    assert sorted(i["state"]["result_state"] for i in iterations) == [
        "FAILED",
        "SUCCESS",
        "SUCCESS",
    ]
    good = next(i for i in iterations if i["state"]["result_state"] == "SUCCESS")
    exited = workspace.runs.output(good["run_id"])["notebook_output"]["result"]
    assert exited == good["resolved_values"]["notebook_task"]["base_parameters"]["target"]


def test_a_loop_takes_fields_of_its_inputs(workspace: Workspace) -> None:
    workspace.notebook("apply", "dbutils.notebook.exit(dbutils.widgets.get('target'))")
    nested = {"base_parameters": {"target": "{{input.name}} {{input.count}}"}}
    spec = {"notebook_path": f"{ROOT}/notebooks/apply", **nested}
    run = workspace.run(loop("apply", '[{"name": "a", "count": 2}]', "apply", notebook_task=spec))
    (iteration,) = workspace.runs.get(last(run, "apply")["run_id"])["iterations"]
    output = workspace.runs.output(iteration["run_id"])
    assert output["notebook_output"]["result"] == "a 2"


def test_an_iteration_sets_no_task_values(workspace: Workspace) -> None:
    workspace.notebook("apply", "dbutils.jobs.taskValues.set('a', 1)")
    run = workspace.run(loop("apply", "[1]", "apply"))
    assert "sets none" in workspace.runs.output(last(run, "apply")["run_id"])["error"]


@pytest.mark.parametrize("inputs", ["[]", "{}", "a, b"])
def test_a_loop_needs_inputs(workspace: Workspace, inputs: str) -> None:
    assert results(workspace.run(loop("apply", inputs, "ok"))) == {"apply": "FAILED"}


def test_a_loop_holds_no_other_loop(workspace: Workspace) -> None:
    run = workspace.run(loop("apply", "[1]", "ok", for_each_task={"inputs": "[1]"}))
    assert "cannot hold another one" in run["state"]["state_message"]


# Retries, time and stopping


def test_a_task_is_tried_again_as_often_as_it_may_be(workspace: Workspace, tmp_path: Path) -> None:
    workspace.notebook(
        "second",
        f"""
        from pathlib import Path
        tried = Path({str(tmp_path)!r}, "tried")
        if not tried.exists():
            tried.touch()
            raise ValueError("the first time")
        """,
    )
    run = workspace.run(task("plan", "second", max_retries=2), task("apply", after=["plan"]))
    attempts = [t for t in run["tasks"] if t["task_key"] == "plan"]
    assert [t["attempt_number"] for t in attempts] == [0, 1]
    assert [t["state"]["result_state"] for t in attempts] == ["FAILED", "SUCCESS"]
    assert run["state"]["result_state"] == "SUCCESS"
    again = workspace.runs.get(attempts[1]["run_id"])
    assert again["original_attempt_run_id"] == attempts[0]["run_id"]


def test_a_task_that_never_succeeds_fails_at_last(workspace: Workspace) -> None:
    run = workspace.run(task("plan", "bad", max_retries=1, min_retry_interval_millis=1))
    assert [t["attempt_number"] for t in run["tasks"]] == [0, 1]
    assert run["state"]["result_state"] == "FAILED"


def test_a_task_over_its_time_is_stopped(workspace: Workspace, gate: Gate) -> None:
    run = workspace.run(task("plan", "gate", timeout_seconds=0.3), task("apply", after=["plan"]))
    assert results(run) == {"plan": "TIMEDOUT", "apply": "UPSTREAM_FAILED"}


def test_a_run_over_its_time_is_stopped_with_all_its_tasks(
    workspace: Workspace, gate: Gate
) -> None:
    run = workspace.run(task("plan", "gate"), task("apply", after=["plan"]), timeout_seconds=0.3)
    assert results(run) == {"plan": "CANCELED", "apply": "CANCELED"}
    assert run["state"]["result_state"] == "TIMEDOUT"


def test_a_canceled_run_ends_its_processes_and_starts_nothing(
    workspace: Workspace, gate: Gate
) -> None:
    report = task("report", after=["plan"], run_if="ALL_DONE")
    run_id = workspace.start(task("plan", "gate", max_retries=3), report)
    gate.reached()
    assert workspace.runs.list(1, active_only=True)[0]["run_id"] == run_id
    workspace.runs.cancel(run_id)
    run = workspace.runs.wait(run_id)
    assert results(run) == {"plan": "CANCELED", "report": "CANCELED"}
    assert run["state"]["life_cycle_state"] == "TERMINATED"
    assert run["state"]["result_state"] == "CANCELED"
    assert run["status"]["termination_details"]["code"] == "USER_CANCELED"


def test_a_canceled_loop_ends_all_iterations(workspace: Workspace, gate: Gate) -> None:
    run_id = workspace.start(loop("apply", "[1, 2, 3, 4, 5]", "gate"))
    gate.reached()
    workspace.runs.cancel(run_id)
    run = workspace.runs.wait(run_id)
    assert results(run) == {"apply": "CANCELED"}


def test_canceling_a_run_that_ended_changes_nothing(workspace: Workspace) -> None:
    run = workspace.run(task("plan"))
    workspace.runs.cancel(run["run_id"])
    assert workspace.runs.get(run["run_id"])["state"]["result_state"] == "SUCCESS"


def test_a_second_run_waits_in_the_queue(workspace: Workspace, gate: Gate) -> None:
    job = {"tasks": [task("plan", "gate")], "queue": {"enabled": True}}
    first = workspace.runs.start(1, job)
    gate.reached()
    second, other_job = workspace.runs.start(1, job), workspace.runs.start(2, {"tasks": []})
    assert workspace.runs.get(second)["status"] == {
        "state": "QUEUED",
        "queue_details": {"code": "MAX_CONCURRENT_RUNS_REACHED"},
    }
    assert workspace.runs.wait(other_job)["state"]["result_state"] == "SUCCESS"
    gate.open()
    workspace.runs.wait(first)
    gate.reached()
    gate.open()
    assert workspace.runs.wait(second)["state"]["result_state"] == "SUCCESS"


def test_a_queued_run_can_be_canceled(workspace: Workspace, gate: Gate) -> None:
    job = {"tasks": [task("plan", "gate")], "queue": {"enabled": True}}
    workspace.runs.start(1, job)
    gate.reached()
    second = workspace.runs.start(1, job)
    workspace.runs.cancel(second)
    assert workspace.runs.wait(second)["state"]["result_state"] == "CANCELED"


def test_a_second_run_without_a_queue_is_skipped(workspace: Workspace, gate: Gate) -> None:
    job = {"tasks": [task("plan", "gate")]}
    workspace.runs.start(1, job)
    gate.reached()
    state = workspace.runs.get(workspace.runs.start(1, job))["state"]
    assert state["life_cycle_state"] == "SKIPPED"
    assert state["result_state"] == "MAXIMUM_CONCURRENT_RUNS_REACHED"


def test_closing_ends_what_goes_on(workspace: Workspace, gate: Gate) -> None:
    run_id = workspace.start(task("plan", "gate"))
    gate.reached()
    workspace.runs.close()
    assert workspace.runs.get(run_id)["state"]["result_state"] == "CANCELED"


def test_the_output_of_a_task_that_goes_on_is_not_there_yet(
    workspace: Workspace, gate: Gate
) -> None:
    run_id = workspace.start(task("plan", "gate"))
    gate.reached()
    with pytest.raises(ApiError, match="has not ended yet"):
        workspace.runs.output(run_id)


def test_a_process_that_dies_fails_its_task(workspace: Workspace) -> None:
    workspace.notebook("die", "import os\nprint('so far')\nos._exit(7)")
    run = workspace.run(task("plan", "die"))
    output = workspace.runs.output(last(run, "plan")["run_id"])
    assert "ended without a result" in output["error"]
