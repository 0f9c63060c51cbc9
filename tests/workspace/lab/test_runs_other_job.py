"""Tasks that run another job: when it starts, what it is given, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.workspace.lab.job_runs import (
    Gate,
    Json,
    Workspace,
    last,
    results,
    task,
    without_notebook,
)

OTHER = 2


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


def run_job(job_id: Any = OTHER, given: Any = (), **more: Any) -> Json:
    spec = {"job_id": job_id, "job_parameters": dict(given)}
    return without_notebook("other") | {"run_job_task": spec, **more}


def job(notebook: str, **more: Any) -> Json:
    return {"name": "other", "tasks": [task("plan", notebook)], **more}


def other_run(workspace: Workspace, run: Json) -> Json:
    output = workspace.runs.output(last(run, "other")["run_id"])
    return workspace.runs.get(output["run_job_output"]["run_id"])


def started(workspace: Workspace) -> Json:
    (run,) = workspace.runs.list(OTHER, active_only=True)
    return run


def queued(workspace: Workspace) -> Json:
    """The run of the other job that waits, once there is one."""
    changed = workspace.runs._changed

    def waiting() -> list[Json]:
        return [one for one in workspace.runs.list(OTHER) if one["status"]["state"] == "QUEUED"]

    with changed:
        assert changed.wait_for(waiting, 30)
        (run,) = waiting()
        return run


@pytest.mark.parametrize("job_id", [OTHER, str(OTHER), "{{job.parameters.which}}"])
def test_the_other_job_is_run_with_the_parameters_of_the_task(
    workspace: Workspace, job_id: Any
) -> None:
    workspace.notebook(
        "show",
        "get = dbutils.widgets.get\ndbutils.notebook.exit(get('full') + get('by') + get('which'))",
    )
    workspace.jobs[OTHER] = job("show", parameters=[{"name": "full", "default": "false"}])
    given = {"full": "true", "by": " {{job.run_id}} ", "which": "the job's own wins"}
    which = [{"name": "which", "default": str(OTHER)}]
    run = workspace.run(run_job(job_id, given), parameters=which)
    assert results(run) == {"other": "SUCCESS"}
    other = other_run(workspace, run)
    assert workspace.exit(other, "plan") == f"true {run['run_id']} {OTHER}"
    assert other["job_parameters"][0] == {"name": "full", "default": "false", "value": "true"}


def test_both_runs_tell_of_each_other(workspace: Workspace) -> None:
    workspace.notebook("show", "dbutils.notebook.exit(dbutils.widgets.get('by'))")
    by = {"base_parameters": {"by": "{{job.trigger.type}}"}}
    workspace.jobs[OTHER] = {"name": "other", "tasks": [task("plan", "show", spec=by)]}
    run = workspace.run(run_job(given={"full": "true"}))
    shown, other = last(run, "other"), other_run(workspace, run)
    assert shown["run_job_task"] == {"job_id": OTHER, "job_parameters": {"full": "true"}}
    assert shown["resolved_values"] == {"run_job_task": {"job_parameters": {"full": "true"}}}
    assert (other["job_id"], other["trigger"]) == (OTHER, "RUN_JOB_TASK")
    assert other["trigger_info"] == {"run_id": shown["run_id"]}
    assert workspace.exit(other, "plan") == "run_job_task"


def test_a_failure_of_the_other_job_fails_the_task(workspace: Workspace) -> None:
    workspace.jobs[OTHER] = job("bad")
    run = workspace.run(run_job(max_retries=1))
    assert [one["state"]["result_state"] for one in run["tasks"]] == ["FAILED", "FAILED"]
    assert run["state"]["result_state"] == "FAILED"
    other = other_run(workspace, run)
    error = workspace.runs.output(last(run, "other")["run_id"])["error"]
    assert error.startswith(f"Run {other['run_id']} of job other is FAILED: Task plan failed")
    assert len(workspace.runs.list(OTHER)) == 2


def test_a_failure_that_the_other_job_survives_fails_nothing(workspace: Workspace) -> None:
    workspace.jobs[OTHER] = job("bad")
    workspace.jobs[OTHER]["tasks"].append(task("report", after=["plan"], run_if="ALL_DONE"))
    run = workspace.run(run_job())
    assert other_run(workspace, run)["state"]["result_state"] == "SUCCESS_WITH_FAILURES"
    assert results(run) == {"other": "SUCCESS"}


def test_a_run_of_the_other_job_waits_in_its_queue(workspace: Workspace, gate: Gate) -> None:
    workspace.jobs[OTHER] = job("gate", queue={"enabled": True})
    first = workspace.runs.start(OTHER, workspace.jobs[OTHER])
    gate.reached()
    run_id = workspace.start(run_job())
    other = queued(workspace)
    gate.open()
    workspace.runs.wait(first)
    gate.reached()
    gate.open()
    run = workspace.runs.wait(run_id)
    assert results(run) == {"other": "SUCCESS"}
    assert other_run(workspace, run)["run_id"] == other["run_id"]


def test_a_run_that_the_other_job_skips_fails_the_task(workspace: Workspace, gate: Gate) -> None:
    workspace.jobs[OTHER] = job("gate")
    workspace.runs.start(OTHER, workspace.jobs[OTHER])
    gate.reached()
    run = workspace.run(run_job())
    assert results(run) == {"other": "FAILED"}
    assert other_run(workspace, run)["state"]["life_cycle_state"] == "SKIPPED"
    assert "too many runs" in workspace.runs.output(last(run, "other")["run_id"])["error"]


def test_canceling_reaches_the_other_run(workspace: Workspace, gate: Gate) -> None:
    workspace.jobs[OTHER] = job("gate")
    run_id = workspace.start(run_job())
    gate.reached()
    other = started(workspace)["run_id"]
    workspace.runs.cancel(run_id)
    assert results(workspace.runs.wait(run_id)) == {"other": "CANCELED"}
    assert workspace.runs.get(other)["state"]["result_state"] == "CANCELED"


def test_canceling_reaches_a_run_in_the_queue(workspace: Workspace, gate: Gate) -> None:
    workspace.jobs[OTHER] = job("gate", queue={"enabled": True})
    first = workspace.runs.start(OTHER, workspace.jobs[OTHER])
    gate.reached()
    run_id = workspace.start(run_job())
    other = queued(workspace)["run_id"]
    workspace.runs.cancel(run_id)
    assert results(workspace.runs.wait(run_id)) == {"other": "CANCELED"}
    assert workspace.runs.get(other)["state"]["result_state"] == "CANCELED"
    assert [one["run_id"] for one in workspace.runs.list(OTHER, active_only=True)] == [first]


def test_an_other_run_that_somebody_cancels_cancels_the_task(
    workspace: Workspace, gate: Gate
) -> None:
    workspace.jobs[OTHER] = job("gate")
    run_id = workspace.start(run_job(max_retries=1))
    gate.reached()
    workspace.runs.cancel(started(workspace)["run_id"])
    assert workspace.runs.wait(run_id)["state"]["result_state"] == "CANCELED"


@pytest.mark.parametrize(
    ("of_task", "of_run", "result"),
    [(0.3, 0, "FAILED"), (0, 0.3, "TIMEDOUT")],
)
def test_a_timeout_ends_the_other_run(
    workspace: Workspace, gate: Gate, of_task: float, of_run: float, result: str
) -> None:
    workspace.jobs[OTHER] = job("gate")
    run = workspace.run(run_job(timeout_seconds=of_task), timeout_seconds=of_run)
    assert results(run) == {"other": "TIMEDOUT" if of_task else "CANCELED"}
    assert run["state"]["result_state"] == result
    assert other_run(workspace, run)["state"]["result_state"] == "CANCELED"


def test_an_other_run_over_its_own_time_is_over_the_tasks_time(
    workspace: Workspace, gate: Gate
) -> None:
    workspace.jobs[OTHER] = job("gate", timeout_seconds=0.3)
    assert results(workspace.run(run_job())) == {"other": "TIMEDOUT"}


def test_a_loop_runs_the_other_job_for_every_input(workspace: Workspace) -> None:
    workspace.jobs[OTHER] = job("ok", max_concurrent_runs=3)
    each = run_job(given={"target": "{{input}}"})
    spec = {"inputs": '["a", "b", "c"]', "task": each, "concurrency": 3}
    run = workspace.run(without_notebook("apply") | {"for_each_task": spec})
    assert results(run) == {"apply": "SUCCESS"}
    given = [one["job_parameters"][0]["value"] for one in workspace.runs.list(OTHER)]
    assert sorted(given) == ["a", "b", "c"]


def test_closing_ends_the_other_run_too(workspace: Workspace, gate: Gate) -> None:
    workspace.jobs[OTHER] = job("gate")
    workspace.start(run_job())
    gate.reached()
    workspace.runs.close()
    assert workspace.runs.list(active_only=True) == []


# What cannot be run


def test_jobs_that_run_each_other_fail_instead_of_waiting_forever(workspace: Workspace) -> None:
    queued = {"queue": {"enabled": True}}
    workspace.jobs[OTHER] = {"name": "other", "tasks": [run_job(1)], **queued}
    run = workspace.run(run_job(), **queued)
    assert results(run) == {"other": "FAILED"}
    error = workspace.runs.output(last(run, "other")["run_id"])["error"]
    assert "is itself a part of a run of job 1" in error


@pytest.mark.parametrize(
    ("other", "settings", "reason"),
    [
        ("aadsync-sync", {}, "'aadsync-sync' is no id of a job"),
        (OTHER, {"parameters": [{"name": "a", "default": "{{job.naem}}"}]}, "{{job.naem}}"),
    ],
)
def test_what_cannot_be_started_fails_the_task_with_a_reason(
    workspace: Workspace, other: Any, settings: Json, reason: str
) -> None:
    workspace.jobs[OTHER] = job("ok", **settings)
    run = workspace.run(run_job(other))
    output = workspace.runs.output(last(run, "other")["run_id"])
    assert reason in output["error"]
    assert "run_job_output" not in output
    assert workspace.runs.list(OTHER) == []
