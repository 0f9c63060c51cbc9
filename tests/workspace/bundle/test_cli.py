"""The bundle through the real CLI: checked, deployed, deployed again, and not destroyed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from jsonschema.exceptions import best_match
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for

from aadsync_lib.sandbox import Sandbox
from tests.runtimes import ENVIRONMENT
from tests.unit.bundle.files import EVERY, OPTIONS, load
from tests.workspace.bundle.conftest import PROD, RUNNER
from tests.workspace.bundle.deployed import Bundle

Clone = Callable[..., Bundle]
TARGETS = ("dev", "prod")


@pytest.fixture(scope="module")
def plain(clone: Clone) -> Bundle:
    return clone()


@pytest.fixture(scope="module")
def whole(clone: Clone) -> Bundle:
    """With dashboard, alerts and the environment; deployed to both targets."""
    bundle = clone("monitoring", "environment")
    bundle("deploy", "dev")
    bundle("deploy", "prod")
    return bundle


@pytest.fixture
def client(hub: Sandbox) -> WorkspaceClient:
    return WorkspaceClient(host=hub.databricks_url, token=hub.databricks_token)


@pytest.mark.parametrize("target", TARGETS)
def test_the_strict_check_finds_nothing(plain: Bundle, target: str) -> None:
    assert "Validation OK!" in plain("validate", target, "--strict").stdout


@pytest.mark.parametrize("option", [path.stem for path in OPTIONS])
def test_the_strict_check_finds_nothing_in_an_option(clone: Clone, option: str) -> None:
    bundle = clone(option)
    for target in TARGETS:
        assert "Validation OK!" in bundle("validate", target, "--strict").stdout


def test_dev_is_paused_plans_only_and_has_names_of_its_own(plain: Bundle) -> None:
    dev, user = plain.resolved("dev"), _user(plain)
    jobs = dev["resources"]["jobs"]
    assert {job["schedule"]["pause_status"] for job in jobs.values()} == {"PAUSED"}
    assert {job["max_concurrent_runs"] for job in jobs.values()} == {1}
    assert all(user in job["name"] for job in jobs.values())
    assert _parameters(jobs["sync"])["plan_only"] == "true"
    assert dev["resources"]["schemas"]["store"]["name"] == f"dev_{user}_aadsync"
    assert dev["resources"]["secret_scopes"]["secrets"]["name"] == f"aadsync-{user}"


def test_prod_runs_as_a_service_principal_and_tells_somebody(plain: Bundle) -> None:
    jobs = plain.resolved("prod")["resources"]["jobs"]
    assert {job["run_as"]["service_principal_name"] for job in jobs.values()} == {RUNNER}
    for job in jobs.values():
        assert job["email_notifications"]["on_failure"] == [PROD["notify_email"]]
        assert job["tags"] == {"app": "aadsync", "target": "prod"}
    assert _parameters(jobs["sync"])["plan_only"] == "false"


def test_prod_is_paused_until_somebody_says_otherwise(plain: Bundle) -> None:
    for words, expected in (((), "PAUSED"), (("--var=schedule_status=UNPAUSED",), "UNPAUSED")):
        jobs = plain.resolved("prod", *words)["resources"]["jobs"]
        assert {job["schedule"]["pause_status"] for job in jobs.values()} == {expected}


@pytest.mark.parametrize("missing", PROD)
def test_prod_without_one_of_its_values_stops_before_the_deploy(
    plain: Bundle, hub: Sandbox, missing: str
) -> None:
    mark, variables = hub.log.mark(), dict(plain.cli.variables)
    del variables[f"BUNDLE_VAR_{missing}"]
    lacking = Bundle(replace(plain.cli, variables=variables), hub)
    refused = lacking("deploy", "prod", expect=1).stderr
    assert f"no value assigned to required variable {missing}" in refused
    assert [entry for entry in hub.log.select(after=mark) if entry.is_write] == []
    assert "Validation OK!" in lacking("validate", "dev", "--strict").stdout


@pytest.mark.parametrize("name", ["notify_email", "config"])
@pytest.mark.parametrize("value", ["", " "])
def test_prod_with_an_empty_value_stops_before_the_deploy(
    plain: Bundle, hub: Sandbox, name: str, value: str
) -> None:
    mark, variables = hub.log.mark(), {**plain.cli.variables, f"BUNDLE_VAR_{name}": value}
    lacking = Bundle(replace(plain.cli, variables=variables), hub)
    refused = lacking("deploy", "prod", expect=1)
    assert "prod was not deployed" in refused.stderr
    assert name in refused.stderr
    assert [entry for entry in hub.log.select(after=mark) if entry.is_write] == []


def test_prod_takes_settings_without_a_file_and_an_apostrophe_in_an_address(plain: Bundle) -> None:
    given = {"config": "", "tenant_id": RUNNER, "notify_email": "o'brien@contoso.com"}
    variables = {f"BUNDLE_VAR_{name}": value for name, value in given.items()}
    Bundle(replace(plain.cli, variables={**plain.cli.variables, **variables}), plain.hub)(
        "deploy", "prod"
    )


def test_operators_look_at_runs_reports_and_tables_and_at_no_secret(clone: Clone) -> None:
    resources = clone("operators").resolved("prod")["resources"]
    may = {"group_name": "identity-operators", "level": "CAN_VIEW"}
    for job in resources["jobs"].values():
        assert [each for each in job["permissions"] if "group_name" in each] == [may]
    assert "identity-operators" not in json.dumps(resources["secret_scopes"])
    granted = {
        kind: [each["privileges"] for each in found["grants"] if each["principal"] != RUNNER]
        for kind in ("schemas", "volumes")
        for found in resources[kind].values()
    }
    assert granted == {"schemas": [["USE_SCHEMA", "SELECT"]], "volumes": [["READ_VOLUME"]]}


@pytest.fixture(scope="module")
def cli_schema(plain: Bundle) -> Validator:
    """The JSON schema that the CLI has of its files; Python knows no classes of Unicode letters."""
    text = plain.cli("bundle", "schema").stdout
    for letters, same in ((r"[\\p{L}\\p{N}]", r"[^\\W_]"), (r"\\p{L}", r"[^\\W\\d_]")):
        text = text.replace(letters, same)
    schema = json.loads(text)
    return validator_for(schema)(schema)


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.name)
def test_the_schema_of_the_cli_takes_every_file(path: Path, cli_schema: Validator) -> None:
    problem = best_match(cli_schema.iter_errors(load(path)))
    assert problem is None, (list(problem.absolute_path), problem.message)


def test_an_option_changes_every_notebook_task_and_adds_none(clone: Clone) -> None:
    for option, key in (("environment", "environment_key"), ("classic", "job_cluster_key")):
        for target in TARGETS:
            tasks = clone(option).resolved(target)["resources"]["jobs"]["sync"]["tasks"]
            keys = {task["task_key"] for task in tasks}
            assert keys == {"plan", "changed", "apply", "watched", "connector", "report"}
            inner = [task["for_each_task"]["task"] for task in tasks if "for_each_task" in task]
            assert {task[key] for task in (*tasks, *inner) if "notebook_task" in task} == {
                "aadsync"
            }


def test_tables_reports_and_scope_of_the_deployed_job_are_those_of_the_bundle(
    whole: Bundle, client: WorkspaceClient
) -> None:
    found = {
        job.settings.name.rpartition(" ")[2]
        + ("" if "[dev" not in job.settings.name else "-dev"): {
            one.name: one.default for one in client.jobs.get(job.job_id).settings.parameters or ()
        }
        for job in client.jobs.list()
    }
    user = _user(whole)
    assert found["aadsync-sync"]["store.delta"] == "main.aadsync"
    assert found["aadsync-sync"]["reports"] == "/Volumes/main/aadsync/reports"
    assert found["aadsync-sync-dev"]["store.delta"] == f"main.dev_{user}_aadsync"
    assert found["aadsync-sync-dev"]["reports"] == f"/Volumes/main/dev_{user}_aadsync/reports"
    assert client.volumes.read(f"main.dev_{user}_aadsync.reports").name == "reports"


def test_the_principal_of_the_job_reads_the_scope_and_nobody_else(
    whole: Bundle, client: WorkspaceClient, hub: Sandbox
) -> None:
    held = {one.principal: one.permission.value for one in client.secrets.list_acls("aadsync")}
    assert held == {hub.client_id: "MANAGE", RUNNER: "READ"}


def test_the_principal_of_the_job_may_use_schema_volume_and_job_and_own_none(
    whole: Bundle, client: WorkspaceClient
) -> None:
    schema = client.grants.get("schema", "main.aadsync").privilege_assignments
    volume = client.grants.get("volume", "main.aadsync.reports").privilege_assignments
    assert {one.principal: {p.value for p in one.privileges} for one in schema} == {
        RUNNER: {"USE_SCHEMA", "CREATE_TABLE", "SELECT", "MODIFY"}
    }
    assert {one.principal: {p.value for p in one.privileges} for one in volume} == {
        RUNNER: {"READ_VOLUME", "WRITE_VOLUME"}
    }
    job = next(one for one in client.jobs.list() if one.settings.name == "aadsync-sync")
    acl = client.jobs.get_permissions(str(job.job_id)).access_control_list
    levels = {
        one.service_principal_name: {p.permission_level.value for p in one.all_permissions}
        for one in acl
        if one.service_principal_name
    }
    assert levels[RUNNER] == {"CAN_MANAGE_RUN"}


def test_the_full_job_runs_the_sync_job_of_its_own_target(
    whole: Bundle, client: WorkspaceClient
) -> None:
    ids = {job.settings.name: job.job_id for job in client.jobs.list()}
    for name, job_id in ids.items():
        if name.endswith("aadsync-full"):
            [task] = client.jobs.get(job_id).settings.tasks
            assert task.run_job_task.job_id == ids[name.replace("-full", "-sync")]
            assert task.run_job_task.job_parameters == {"full": "true"}


def test_the_job_installs_the_uploaded_lock_and_nothing_else(
    whole: Bundle, client: WorkspaceClient
) -> None:
    job = next(one for one in client.jobs.list() if one.settings.name == "aadsync-sync")
    [environment] = client.jobs.get(job.job_id).settings.environments
    [line] = environment.spec.dependencies
    option, _, path = line.partition(" ")
    assert option == "-r"
    with client.workspace.download(path.removeprefix("/Workspace")) as file:
        assert file.read() == ENVIRONMENT.read_bytes()


def test_nothing_is_built_or_uploaded_as_a_library(whole: Bundle) -> None:
    resolved = whole.resolved("prod")
    assert not resolved.get("artifacts")
    assert "libraries" not in json.dumps(resolved["resources"]["jobs"])


def test_tests_and_documents_are_not_uploaded(whole: Bundle, hub: Sandbox) -> None:
    names = {path.partition("/files/")[2].partition("/")[0] for path in hub.workspace.sources()}
    assert {"aadsync_lib", "notebooks", "requirements.txt"} <= names
    assert not names & {
        "tests",
        "docs",
        ".ci",
        ".tools",
        "dist",
        "requirements.lock",
        "requirements.in",
    }


def test_deploying_prod_again_changes_nothing(whole: Bundle, hub: Sandbox) -> None:
    assert "0 to add, 0 to change, 0 to delete" in whole("plan", "prod").stdout
    mark = hub.log.mark()
    whole("deploy", "prod")
    assert whole.writes_since(mark) == []


def test_deploying_dev_again_changes_nothing(whole: Bundle, hub: Sandbox) -> None:
    mark = hub.log.mark()
    whole("deploy", "dev")
    assert whole.writes_since(mark) == []


@pytest.mark.parametrize("target", TARGETS)
def test_secrets_tables_and_reports_are_not_destroyed(
    whole: Bundle, hub: Sandbox, target: str
) -> None:
    mark = hub.log.mark()
    refused = whole("destroy", target, "--auto-approve", expect=1).stderr
    assert "prevent_destroy" in refused
    assert whole.writes_since(mark) == []


def _user(bundle: Bundle) -> str:
    name: str = bundle.resolved("dev")["workspace"]["current_user"]["short_name"]
    return name


def _parameters(job: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["default"] for one in job["parameters"]}
