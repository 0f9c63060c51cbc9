"""The real Databricks CLI against the workspace: a bundle from its first check to its end."""

import json

import pytest

BUNDLE = """\
bundle: {name: tiny}
resources:
  schemas:
    state: {catalog_name: main, name: tiny, grants: [{principal: ops, privileges: [USE_SCHEMA]}]}
  volumes:
    reports: {catalog_name: main, schema_name: "${resources.schemas.state.name}", name: reports}
  secret_scopes:
    credentials:
      name: tiny
      lifecycle: {prevent_destroy: true}
      permissions: [{level: READ, group_name: ops}]
  jobs:
    hello:
      name: hello
      permissions: [{level: CAN_VIEW, group_name: ops}]
      parameters: [{name: whom, default: nobody}]
      tasks:
        - task_key: greet
          notebook_task: {notebook_path: ./greet.py}
  dashboards:
    runs:
      display_name: runs
      file_path: ./runs.lvdash.json
      warehouse_id: ${var.warehouse}
      dataset_schema: ${resources.schemas.state.name}
  alerts:
    stale:
      display_name: stale
      query_text: select 1 as n
      warehouse_id: ${var.warehouse}
      evaluation: {source: {name: n}, comparison_operator: GREATER_THAN}
      schedule: {quartz_cron_schedule: "0 0 * * * ?", timezone_id: UTC}
variables:
  warehouse:
    lookup: {warehouse: Serverless Starter Warehouse}
"""
NOTEBOOK = """\
# Databricks notebook source
dbutils.notebook.exit("hello " + dbutils.widgets.get("whom"))
"""
DASHBOARD = {"datasets": [{"name": "runs", "queryLines": ["select 1"]}], "pages": [{"name": "p"}]}
APPROVED = "--auto-approve"
RESOURCE = r"/(unity-catalog|secrets|jobs|lakeview|alerts|permissions)\b"


@pytest.fixture
def cli(databricks_cli, hub):
    """A CLI in a folder with a tiny bundle, signed in to the sandbox."""
    folder = databricks_cli.folder
    (folder / "databricks.yml").write_text(BUNDLE)
    (folder / "greet.py").write_text(NOTEBOOK)
    (folder / "runs.lvdash.json").write_text(json.dumps(DASHBOARD))
    return databricks_cli.at(hub.databricks_url, hub.databricks_token)


def resource_writes(box, mark):
    """Requests since then that create, change or delete what the bundle describes."""
    found = box.log.select(path=RESOURCE, after=mark)
    return [f"{e.method} {e.path}" for e in found if e.is_write]


def test_a_bundle_passes_the_strict_check_and_changes_nothing(cli, hub):
    assert "Validation OK!" in cli("bundle", "validate", "--strict").stdout
    assert resource_writes(hub, 0) == []


def test_a_bundle_is_deployed_once(cli, hub, admin_client):
    cli("bundle", "deploy")
    assert admin_client.volumes.read("main.tiny.reports").owner == hub.client_id
    assert [s.name for s in admin_client.secrets.list_scopes()] == ["tiny"]
    (job,) = admin_client.jobs.list(expand_tasks=True)
    path = job.settings.tasks[0].notebook_task.notebook_path
    assert admin_client.workspace.get_status(path).object_type.value == "NOTEBOOK"
    (dashboard,) = admin_client.lakeview.list()
    assert admin_client.lakeview.get_published(dashboard.dashboard_id).display_name == "runs"

    mark = hub.log.mark()
    plan = cli("bundle", "plan").stdout
    assert "0 to add, 0 to change, 0 to delete" in plan
    cli("bundle", "deploy")
    assert resource_writes(hub, mark) == []


def test_a_change_of_the_bundle_changes_that_resource_alone(cli, hub, admin_client):
    cli("bundle", "deploy")
    file = cli.folder / "databricks.yml"
    file.write_text(file.read_text().replace("default: nobody", "default: world"))
    mark = hub.log.mark()
    cli("bundle", "deploy")
    assert resource_writes(hub, mark) == ["POST /api/2.2/jobs/reset"]
    (job,) = admin_client.jobs.list()
    assert admin_client.jobs.get(job.job_id).settings.parameters[0].default == "world"


def test_a_deployed_job_runs(cli, admin_client):
    cli("bundle", "deploy")
    assert "hello Ada" in cli("bundle", "run", "hello", "--params", "whom=Ada").stdout
    (run,) = admin_client.jobs.list_runs()
    assert run.state.result_state.value == "SUCCESS"


def test_what_is_protected_is_not_destroyed_and_the_rest_is_once_it_is_not(cli, hub, admin_client):
    cli("bundle", "deploy")
    mark = hub.log.mark()
    refused = cli("bundle", "destroy", APPROVED, expect=1)
    assert "secret_scopes.credentials has lifecycle.prevent_destroy set" in refused.stderr
    assert resource_writes(hub, mark) == []

    file = cli.folder / "databricks.yml"
    file.write_text(file.read_text().replace("prevent_destroy: true", "prevent_destroy: false"))
    cli("bundle", "destroy", APPROVED)
    assert list(admin_client.secrets.list_scopes()) == []
    assert list(admin_client.jobs.list()) == []
    assert list(admin_client.schemas.list("main")) == []
    home = admin_client.workspace.list(f"/Users/{hub.client_id}/.bundle", recursive=True)
    assert list(home) == []


def test_secrets_are_put_and_listed(cli, admin_client):
    cli("secrets", "create-scope", "tiny")
    cli("secrets", "put-secret", "tiny", "key", "--string-value", "s3cret")
    assert [s["key"] for s in cli.json("secrets", "list-secrets", "tiny")] == ["key"]
    assert "does not exist" in cli("secrets", "list-secrets", "other", expect=1).stderr
    assert admin_client.secrets.get_secret("tiny", "key").value == "czNjcmV0"


def test_files_are_imported_and_listed(cli, hub):
    home = f"/Users/{hub.client_id}"
    cli("workspace", "import", f"{home}/greet.py", "--file", "greet.py", "--format", "AUTO")
    (found,) = cli.json("workspace", "list", home)
    assert (found["path"], found["object_type"]) == (f"{home}/greet", "NOTEBOOK")
    assert cli("workspace", "export", f"{home}/greet").stdout == NOTEBOOK


def test_an_unknown_token_is_refused(databricks_cli, hub):
    refused = databricks_cli.at(hub.databricks_url, "unknown")("current-user", "me", expect=1)
    assert "Invalid access token" in refused.stderr
