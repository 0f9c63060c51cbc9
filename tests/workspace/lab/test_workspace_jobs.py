"""Jobs through the SDK: settings as they were sent, with the defaults of the server."""

import pytest
from databricks.sdk.errors import BadRequest, ResourceDoesNotExist
from databricks.sdk.service.jobs import (
    CronSchedule,
    ForEachTask,
    JobEnvironment,
    JobParameterDefinition,
    JobRunAs,
    JobSettings,
    NotebookTask,
    RunIf,
    Task,
    TaskDependency,
)


def task(key, *needs, **more):
    notebook = NotebookTask(f"/Workspace/Shared/{key}")
    return Task(key, depends_on=[TaskDependency(n) for n in needs], notebook_task=notebook, **more)


@pytest.fixture
def jobs(admin_client):
    return admin_client.jobs


def test_settings_come_back_with_defaults(hub, jobs):
    made = jobs.create(name="sync", tasks=[task("plan"), task("apply", "plan")])
    job = jobs.get(made.job_id)
    assert (job.creator_user_name, job.run_as_user_name) == (hub.client_id, hub.client_id)
    assert (job.settings.max_concurrent_runs, job.settings.timeout_seconds) == (1, 0)
    plan, apply = job.settings.tasks
    assert (plan.run_if, plan.notebook_task.source.value) == (RunIf.ALL_SUCCESS, "WORKSPACE")
    assert apply.depends_on == [TaskDependency("plan")]


def test_a_schedule_runs_unless_paused(jobs):
    cron = CronSchedule("0 0 * * * ?", "UTC")
    job = jobs.get(jobs.create(name="j", schedule=cron).job_id)
    assert job.settings.schedule.pause_status.value == "UNPAUSED"


def test_a_loop_has_defaults_inside_too(jobs):
    loop = Task("loop", for_each_task=ForEachTask("[]", task("each")))
    made = jobs.get(jobs.create(name="j", tasks=[loop]).job_id)
    assert made.settings.tasks[0].for_each_task.task.run_if == RunIf.ALL_SUCCESS


def test_a_reset_replaces_everything_but_who_it_runs_as(jobs):
    runner = JobRunAs(user_name="ada@contoso.com")
    made = jobs.create(name="j", description="d", run_as=runner)
    jobs.reset(made.job_id, JobSettings(name="k"))
    job = jobs.get(made.job_id)
    assert (job.settings.name, job.settings.description) == ("k", None)
    assert job.run_as_user_name == "ada@contoso.com"


def test_an_update_changes_what_it_names(jobs):
    made = jobs.create(name="j", description="d", tasks=[task("a"), task("b")])
    new = JobSettings(name="k", tasks=[task("b", "a"), task("c")])
    jobs.update(made.job_id, new_settings=new, fields_to_remove=["description"])
    settings = jobs.get(made.job_id).settings
    assert (settings.name, settings.description) == ("k", None)
    assert [(t.task_key, len(t.depends_on or [])) for t in settings.tasks] == [
        ("a", 0), ("b", 1), ("c", 0)
    ]  # fmt: skip
    jobs.update(made.job_id, fields_to_remove=["tasks/c"])
    assert [t.task_key for t in jobs.get(made.job_id).settings.tasks] == ["a", "b"]


def test_jobs_are_listed_in_pages_and_found_by_name(jobs):
    made = [jobs.create(name=f"j{i}", tasks=[task("a")]).job_id for i in range(5)]
    assert [j.job_id for j in jobs.list(limit=2)] == made
    assert [j.job_id for j in jobs.list(name="J3")] == [made[3]]
    assert not next(iter(jobs.list())).settings.tasks
    assert next(iter(jobs.list(expand_tasks=True))).settings.tasks[0].task_key == "a"
    with pytest.raises(BadRequest, match="limit must be between"):
        list(jobs.list(limit=101))


def test_what_is_deleted_is_gone(jobs):
    made = jobs.create(name="j").job_id
    jobs.delete(made)
    with pytest.raises(ResourceDoesNotExist):
        jobs.get(made)
    with pytest.raises(BadRequest, match="does not exist"):
        jobs.delete(made)


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([task("a"), task("a")], "task_key of its own"),
        ([task("a", "b")], "'a' depends on unknown task 'b'"),
        ([task("a", "b"), task("b", "a")], "depend on each other: a, b"),
        ([task("a", environment_key="e")], "unknown environment 'e'"),
    ],
)
def test_tasks_that_cannot_run_are_refused(jobs, tasks, said):
    with pytest.raises(BadRequest, match=said):
        jobs.create(name="j", tasks=tasks)


def test_environments_and_parameters_are_kept(jobs):
    made = jobs.create(
        name="j",
        tasks=[task("a", environment_key="e")],
        environments=[JobEnvironment("e")],
        parameters=[JobParameterDefinition(name="target", default="")],
    )
    settings = jobs.get(made.job_id).settings
    assert settings.environments == [JobEnvironment("e")]
    assert settings.parameters == [JobParameterDefinition(name="target", default="")]
