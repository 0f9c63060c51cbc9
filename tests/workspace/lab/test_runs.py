"""Runs of jobs as the Jobs API has them, every notebook task executed for real."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import pytest

from aadsync_lib.sandbox.databricks.errors import ApiError
from tests.workspace.lab.job_runs import (
    ROOT,
    Gate,
    Json,
    Workspace,
    last,
    results,
    task,
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


# What the API shows


def test_a_run_starts_at_once_and_ends_with_the_results_of_its_tasks(workspace: Workspace) -> None:
    run_id = workspace.start(task("plan"))
    first = workspace.runs.get(run_id)
    assert first["state"]["life_cycle_state"] == "RUNNING"
    assert first["status"] == {"state": "RUNNING"}
    run = workspace.runs.wait(run_id)
    assert run["state"]["life_cycle_state"] == "TERMINATED"
    assert run["state"]["result_state"] == "SUCCESS"
    assert run["status"]["termination_details"]["code"] == "SUCCESS"
    assert run["run_page_url"] == f"http://127.0.0.1:1/?o=7#job/1/run/{run_id}"
    assert 0 < run["start_time"] <= run["end_time"]
    assert last(run, "plan")["attempt_number"] == 0


def test_a_failed_run_names_the_task_and_its_output_has_the_traceback(workspace: Workspace) -> None:
    run = workspace.run(task("plan", "bad"))
    assert run["state"]["life_cycle_state"] == "INTERNAL_ERROR"
    assert run["state"]["result_state"] == "FAILED"
    assert run["state"]["state_message"] == (
        "Task plan failed with message: Workload failed, see run output for details."
    )
    failed = last(run, "plan")
    assert failed["state"]["life_cycle_state"] == "TERMINATED"
    assert failed["status"]["termination_details"]["code"] == "RUN_EXECUTION_ERROR"
    output = workspace.runs.output(failed["run_id"])
    assert output["error"] == "ValueError: no"
    assert "execution.py" not in output["error_trace"]
    assert "line 2" in output["error_trace"]
    assert output["metadata"]["job_run_id"] == run["run_id"]


def test_the_output_of_a_notebook_is_what_it_exits_with(workspace: Workspace) -> None:
    workspace.notebook("exit", 'dbutils.notebook.exit(\'{"status": "ok"}\')')
    run = workspace.run(task("plan", "exit"))
    output = workspace.runs.output(last(run, "plan")["run_id"])
    assert output["notebook_output"] == {"result": '{"status": "ok"}', "truncated": False}


def test_the_output_of_a_run_with_several_tasks_is_refused(workspace: Workspace) -> None:
    run = workspace.run(task("plan"), task("apply"))
    with pytest.raises(ApiError, match="each individual task run instead"):
        workspace.runs.output(run["run_id"])


def test_an_unknown_run_is_an_error(workspace: Workspace) -> None:
    with pytest.raises(ApiError, match="Run 5 does not exist"):
        workspace.runs.get(5)


def test_runs_are_listed_by_job_and_activity(workspace: Workspace) -> None:
    run = workspace.run(task("plan"))
    assert [item["run_id"] for item in workspace.runs.list(1)] == [run["run_id"]]
    assert workspace.runs.list(2) == []
    assert workspace.runs.list(active_only=True) == []


# Notebooks, parameters and values


def test_a_path_without_the_mount_is_the_same_notebook(workspace: Workspace) -> None:
    plain = task("plan", spec={"notebook_path": "/Users/me/files/notebooks/ok"})
    assert results(workspace.run(plain)) == {"plan": "SUCCESS"}


def test_a_missing_notebook_fails_its_task_with_a_reason(workspace: Workspace) -> None:
    run = workspace.run(task("plan", "absent"))
    assert "Unable to access the notebook" in run["state"]["state_message"]


def test_job_parameters_reach_every_notebook_and_win_over_its_own(workspace: Workspace) -> None:
    workspace.notebook(
        "show", "import json\ndbutils.notebook.exit(json.dumps(dbutils.widgets.getAll()))"
    )
    base = {"base_parameters": {"mode": "task", "own": "{{task.name}} of {{job.name}}"}}
    run = workspace.run(
        task("plan", "show", spec=base),
        parameters=[
            {"name": "mode", "default": "default"},
            {"name": "run", "default": "{{job.run_id}}"},
        ],
        given={"mode": "run now"},
    )
    assert json.loads(workspace.exit(run, "plan")) == {
        "mode": "run now",
        "own": "plan of sync",
        "run": str(run["run_id"]),
    }
    assert run["job_parameters"][0] == {"name": "mode", "default": "default", "value": "run now"}


def test_task_values_reach_later_tasks_both_ways(workspace: Workspace) -> None:
    workspace.notebook("set", "dbutils.jobs.taskValues.set('targets', ['a', 'b'])")
    workspace.notebook(
        "get",
        """
        value = dbutils.jobs.taskValues.get("plan", "targets")
        dbutils.notebook.exit(f"{value} {dbutils.widgets.get('given')}")
        """,
    )
    base = {"base_parameters": {"given": "{{tasks.plan.values.targets}}"}}
    run = workspace.run(task("plan", "set"), task("apply", "get", ["plan"], spec=base))
    assert workspace.exit(run, "apply") == "['a', 'b'] [\"a\", \"b\"]"


def test_an_unknown_reference_fails_the_task_with_a_message(workspace: Workspace) -> None:
    base = {"base_parameters": {"given": "{{tasks.plan.values.absent}}"}}
    run = workspace.run(task("plan"), task("apply", after=["plan"], spec=base))
    assert results(run) == {"plan": "SUCCESS", "apply": "FAILED"}
    assert "{{tasks.plan.values.absent}} does not exist" in run["state"]["state_message"]


def test_the_result_of_a_task_can_be_referred_to(workspace: Workspace) -> None:
    workspace.notebook("show", "dbutils.notebook.exit(dbutils.widgets.get('given'))")
    base = {"base_parameters": {"given": "{{tasks.plan.result_state}} {{job.trigger.type}}"}}
    report = task("report", "show", ["plan"], run_if="ALL_DONE", spec=base)
    run = workspace.run(task("plan", "bad"), report)
    assert workspace.exit(run, "report") == "failed onetime"


def test_a_task_sees_nothing_of_this_process(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "not for tasks")
    code = "import json, os\ndbutils.notebook.exit(json.dumps(dict(os.environ)))"
    workspace.notebook("show", code)
    workspace.environment["DATABRICKS_TOKEN"] = "a token"
    run = workspace.run(task("plan", "show"))
    seen = json.loads(workspace.exit(run, "plan"))
    own = {"PATH", "HOME", "TMPDIR", "LANG", "LC_CTYPE"}
    names = {name for name in seen if not name.startswith("COVERAGE_")} - own
    assert names == {"DATABRICKS_HOST", "DATABRICKS_TOKEN"}


def test_a_deployment_during_a_run_does_not_reach_it(workspace: Workspace, gate: Gate) -> None:
    workspace.notebook("late", "dbutils.notebook.exit('old')")
    run_id = workspace.start(task("plan", "gate"), task("report", "late", ["plan"]))
    gate.reached()
    workspace.notebook("late", "dbutils.notebook.exit('new')")
    gate.open()
    assert workspace.exit(workspace.runs.wait(run_id), "report") == "old"


def test_a_run_whose_files_cannot_be_written_fails_with_a_reason(workspace: Workspace) -> None:
    workspace.files["/Workspace/../etc/a"] = b""
    run = workspace.run(task("plan"))
    assert results(run) == {"plan": "CANCELED"}
    assert run["state"]["result_state"] == "FAILED"
    assert "/Workspace/../etc/a is not an absolute path" in run["state"]["state_message"]


def test_a_default_that_refers_to_nothing_starts_no_run(workspace: Workspace) -> None:
    with pytest.raises(ApiError, match=r"job\.naem"):
        workspace.start(task("plan"), parameters=[{"name": "a", "default": "{{job.naem}}"}])


# The library


LIBRARY = "NAME = {name!r}\n\ndef greet():\n    import sys\n    print(NAME, *sys.argv[1:])\n"


def wheel(name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("aadsync_lib/__init__.py", LIBRARY.format(name=name))
        info = "aadsync-9.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: aadsync\nVersion: 9\n")
        archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\nhello=aadsync_lib:greet\n")
    return packed.getvalue()


SHOW_LIBRARY = "import aadsync_lib\ndbutils.notebook.exit(aadsync_lib.NAME)"


def test_the_installed_library_is_out_of_reach(workspace: Workspace) -> None:
    workspace.notebook("show", SHOW_LIBRARY)
    run = workspace.run(task("plan", "show"))
    error = workspace.runs.output(last(run, "plan")["run_id"])["error"]
    assert error == "ModuleNotFoundError: No module named 'aadsync_lib'"


def test_files_of_a_bundle_are_found_by_the_notebook_itself(workspace: Workspace) -> None:
    workspace.files[f"{ROOT}/aadsync_lib/__init__.py"] = b"NAME = 'files'"
    workspace.notebook("show", "import sys\nsys.path.append('..')\n" + SHOW_LIBRARY)
    assert workspace.exit(workspace.run(task("plan", "show")), "plan") == "files"


def test_a_wheel_of_a_task_beats_the_files(workspace: Workspace) -> None:
    workspace.files[f"{ROOT}/aadsync_lib/__init__.py"] = b"NAME = 'files'"
    workspace.files[f"{ROOT}/dist/aadsync-9-py3-none-any.whl"] = wheel("wheel")
    workspace.notebook("show", "import sys\nsys.path.append('..')\n" + SHOW_LIBRARY)
    libraries = [{"whl": f"{ROOT}/dist/aadsync-9-py3-none-any.whl"}]
    run = workspace.run(task("plan", "show", libraries=libraries))
    assert workspace.exit(run, "plan") == "wheel"


def environments(*dependencies: str) -> list[Json]:
    return [{"environment_key": "default", "spec": {"dependencies": list(dependencies)}}]


def test_a_wheel_task_runs_the_entry_point_of_its_environments_wheel(workspace: Workspace) -> None:
    path = f"{ROOT}/dist/aadsync-9-py3-none-any.whl"
    workspace.files[path] = wheel("wheel")
    spec = {"package_name": "aadsync", "entry_point": "hello", "named_parameters": {"run": "1"}}
    greet = without_notebook("greet") | {"python_wheel_task": spec, "environment_key": "default"}
    run = workspace.run(
        greet,
        environments=environments(f"{path}[keyvault]", "pydantic>=2", "-r ../requirements.txt"),
        parameters=[{"name": "mode", "default": "full"}],
    )
    output = workspace.runs.output(last(run, "greet")["run_id"])
    assert output["logs"] == "wheel --run=1 --mode=full\n"


def test_a_file_that_is_no_wheel_fails_its_task(workspace: Workspace) -> None:
    workspace.files[f"{ROOT}/a.whl"] = b"text"
    run = workspace.run(task("plan", libraries=[{"whl": f"{ROOT}/a.whl"}]))
    assert "a.whl is no wheel" in run["state"]["state_message"]


def test_a_missing_wheel_fails_its_task(workspace: Workspace) -> None:
    run = workspace.run(task("plan", libraries=[{"whl": "/Users/me/absent.whl"}]))
    message = run["state"]["state_message"]
    assert "Library installation failed: /Users/me/absent.whl does not exist" in message
