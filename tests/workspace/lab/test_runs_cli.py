"""The real Databricks CLI follows runs: what it prints, and how it ends."""

from __future__ import annotations

import pytest

from aadsync_lib.sandbox import Sandbox
from tests.cli_tool import DatabricksCli
from tests.workspace.lab.notebook_cells import write

BUNDLE = """\
bundle: {name: tiny}
resources:
  jobs:
    sync:
      name: sync
      parameters: [{name: policy.mode, default: mirror}]
      tasks:
        - {task_key: plan, notebook_task: {notebook_path: ./plan.py}}
        - task_key: changed
          depends_on: [{task_key: plan}]
          condition_task:
            {left: "{{tasks.plan.values.changes}}", op: GREATER_THAN, right: "0"}
        - task_key: apply
          depends_on: [{task_key: changed, outcome: "true"}]
          for_each_task:
            inputs: "{{tasks.plan.values.targets}}"
            concurrency: 2
            task:
              task_key: one
              notebook_task: {notebook_path: ./apply.py, base_parameters: {target: "{{input}}"}}
        - task_key: report
          depends_on: [{task_key: plan}, {task_key: apply}]
          run_if: ALL_DONE
          notebook_task:
            notebook_path: ./report.py
            base_parameters: {applied: "{{tasks.apply.result_state}}"}
"""
PLAN = """
values = dbutils.jobs.taskValues
values.set("targets", ["a", "b"])
values.set("changes", 2)
"""
APPLY = """
if dbutils.widgets.get("policy.mode") == "mirror" and dbutils.widgets.get("target") == "b":
    raise ValueError("b was refused")
"""
REPORT = """
applied = dbutils.widgets.get("applied")
if applied == "failed":
    raise RuntimeError("one target failed")
dbutils.notebook.exit(applied)
"""


@pytest.fixture
def cli(databricks_cli: DatabricksCli, hub: Sandbox) -> DatabricksCli:
    folder = databricks_cli.folder
    (folder / "databricks.yml").write_text(BUNDLE)
    for name, cell in (("plan", PLAN), ("apply", APPLY), ("report", REPORT)):
        write(folder / f"{name}.py", cell)
    signed_in = databricks_cli.at(hub.databricks_url, hub.databricks_token)
    signed_in("bundle", "deploy")
    return signed_in


def test_a_run_with_a_loop_goes_through(cli: DatabricksCli) -> None:
    done = cli("bundle", "run", "sync", "--params", "policy.mode=additive")
    assert '"sync" TERMINATED SUCCESS' in done.stderr
    assert "Task report:\nsuccess" in done.stdout


def test_a_failed_run_shows_the_errors_of_its_tasks(cli: DatabricksCli) -> None:
    done = cli("bundle", "run", "sync", expect=1)
    assert '"sync" INTERNAL_ERROR FAILED' in done.stderr
    assert "1 of 2 iterations failed. The first: ValueError: b was refused" in done.stderr
    assert "RuntimeError: one target failed" in done.stderr
