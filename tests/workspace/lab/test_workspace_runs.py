"""Runs of jobs through the SDK: notebooks of the workspace are executed, and call it back."""

import httpx
import pytest
from databricks.sdk.errors import BadRequest, ResourceDoesNotExist
from databricks.sdk.service.jobs import (
    JobParameterDefinition,
    NotebookTask,
    RunJobTask,
    RunLifeCycleState,
    RunResultState,
    Task,
)
from databricks.sdk.service.workspace import ImportFormat

NOTEBOOK = b"""\
# Databricks notebook source
dbutils.widgets.text("scope", "")
dbutils.notebook.exit(dbutils.secrets.get(dbutils.widgets.get("scope"), "key"))
"""
EMPTY = b"# Databricks notebook source\n"
WAITING = b"""\
# Databricks notebook source
import threading
threading.Event().wait()
"""


@pytest.fixture
def job(admin_client):
    admin_client.secrets.create_scope("aadsync")
    admin_client.secrets.put_secret("aadsync", "key", string_value="from the workspace")
    return make_job(admin_client, NOTEBOOK)


def make_job(client, notebook):
    client.workspace.upload("/Shared/read.py", notebook, format=ImportFormat.AUTO, overwrite=True)
    return client.jobs.create(
        name="read",
        tasks=[Task("read", notebook_task=NotebookTask("/Shared/read"))],
        parameters=[JobParameterDefinition("scope", "aadsync")],
    ).job_id


def test_a_run_executes_the_notebook_with_the_workspace_at_hand(hub, admin_client, job):
    run_id = admin_client.jobs.run_now(job).response.run_id
    hub.workspace.runs.wait(run_id)
    run = admin_client.jobs.get_run(run_id)
    assert run.state.result_state == RunResultState.SUCCESS
    output = admin_client.jobs.get_run_output(run.tasks[0].run_id)
    assert output.notebook_output.result == "from the workspace"


def test_the_value_of_a_run_wins_over_the_default(hub, admin_client, job):
    run_id = admin_client.jobs.run_now(job, job_parameters={"scope": "other"}).response.run_id
    hub.workspace.runs.wait(run_id)
    run = admin_client.jobs.get_run(run_id)
    assert run.state.life_cycle_state == RunLifeCycleState.INTERNAL_ERROR
    assert "other does not exist" in admin_client.jobs.get_run_output(run.tasks[0].run_id).error


def test_a_token_starts_one_run(hub, admin_client):
    job = make_job(admin_client, EMPTY)
    first, again = (
        admin_client.jobs.run_now(job, idempotency_token="t").response.run_id for _ in range(2)
    )
    assert first == again
    hub.workspace.runs.wait(first)
    assert [r.run_id for r in admin_client.jobs.list_runs(completed_only=True)] == [first]


def test_a_run_is_listed_and_cancelled(hub, admin_client):
    job = make_job(admin_client, WAITING)
    run_id = admin_client.jobs.run_now(job).response.run_id
    assert [r.run_id for r in admin_client.jobs.list_runs(job_id=job, active_only=True)] == [run_id]
    admin_client.jobs.cancel_run(run_id)
    hub.workspace.runs.wait(run_id)
    assert admin_client.jobs.get_run(run_id).state.result_state == RunResultState.CANCELED
    assert list(admin_client.jobs.list_runs(active_only=True)) == []


def test_a_reset_ends_what_runs(hub, admin_client):
    runs = hub.workspace.runs
    run_id = admin_client.jobs.run_now(make_job(admin_client, WAITING)).response.run_id
    hub.reset(hub.world)
    assert runs.get(run_id)["state"]["result_state"] == "CANCELED"


def test_a_job_runs_another_job_of_the_workspace(hub, admin_client, job):
    jobs = admin_client.jobs
    tasks = [Task("other", run_job_task=RunJobTask(job))]
    run_id = jobs.run_now(jobs.create(name="both", tasks=tasks).job_id).response.run_id
    hub.workspace.runs.wait(run_id)
    (task,) = jobs.get_run(run_id).tasks
    assert (task.state.result_state, task.run_job_task.job_id) == (RunResultState.SUCCESS, job)
    other = jobs.get_run(jobs.get_run_output(task.run_id).run_job_output.run_id)
    assert (other.job_id, other.trigger.value) == (job, "RUN_JOB_TASK")
    assert other.trigger_info.run_id == task.run_id


def test_a_job_that_is_gone_fails_the_task_that_runs_it(hub, admin_client):
    jobs = admin_client.jobs
    tasks = [Task("other", run_job_task=RunJobTask(1))]
    run_id = jobs.run_now(jobs.create(name="both", tasks=tasks).job_id).response.run_id
    hub.workspace.runs.wait(run_id)
    output = jobs.get_run_output(jobs.get_run(run_id).tasks[0].run_id)
    assert (output.error, output.run_job_output) == ("Job 1 does not exist.", None)


def test_what_cannot_be_run_is_refused(hub, admin_client, job):
    with pytest.raises(BadRequest, match="Job 1 does not exist"):
        admin_client.jobs.run_now(1)
    with pytest.raises(BadRequest, match="Unknown task keys: x"):
        admin_client.jobs.run_now(job, only=["x"])
    with pytest.raises(ResourceDoesNotExist):
        admin_client.jobs.get_run(1)
    with pytest.raises(BadRequest, match="limit must be between"):
        list(admin_client.jobs.list_runs(limit=26))
    answer = httpx.post(
        f"{hub.databricks_url}/api/2.2/jobs/run-now",
        json={"job_id": job, "job_parameters": {"scope": 1}},
        headers={"Authorization": f"Bearer {hub.databricks_token}"},
    )
    assert (answer.status_code, "not a string" in answer.json()["message"]) == (400, True)
