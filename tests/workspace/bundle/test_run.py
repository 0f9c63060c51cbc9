"""The deployed job, run by the real CLI: real notebooks, real Spark, real tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient

from aadsync_lib.sandbox import Sandbox, company
from tests.spark import connect
from tests.unit.bundle.files import ROOT
from tests.workspace.bundle.conftest import SEED
from tests.workspace.bundle.deployed import Bundle
from tests.workspace.bundle.sql import dataset
from tests.workspace_lab import Workspace

FEW = 8  # people; each write is recorded in two commits, and those take their time
SCHEMA = "spark_catalog.aadsync"
SHOWN = re.MULTILINE | re.DOTALL
SETTINGS = """
name: contoso
source:
  tenant_id: {tenant}
  endpoint: {graph}
  auth: {{method: access_token, access_token: {{secret: aadsync/entra}}}}
scope: {{groups: [{{prefix: dbx-}}]}}
targets:
  - name: account
    host: {databricks}
    account_id: {account}
    pace: 100.0
    auth: {{method: pat, token: {{secret: aadsync/databricks}}}}
"""


@pytest.fixture(scope="module")
def hub(spark_url: str) -> Iterator[Sandbox]:
    """A sandbox whose jobs have Spark."""
    with Sandbox(company(FEW, SEED), workspace=partial(Workspace, spark=spark_url)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def tables(spark_url: str) -> Iterator[Any]:
    """Spark as somebody has it who looks at the tables afterwards."""
    session = connect(spark_url)
    session.sql(
        f"CREATE SCHEMA {SCHEMA}"
    ).collect()  # of the bundle's schema the sandbox has the name
    session.sql(f"USE {SCHEMA}").collect()
    yield session
    session.sql(f"DROP SCHEMA {SCHEMA} CASCADE").collect()


@pytest.fixture(scope="module")
def prod(clone: Callable[..., Bundle], hub: Sandbox, tables: Any) -> Bundle:
    """Deployed as an operator does it: a settings file beside the bundle, secrets into its scope."""
    bundle = clone()
    text = SETTINGS.format(
        tenant=hub.tenant_id,
        graph=hub.graph_url.removesuffix("/v1.0"),
        databricks=hub.databricks_url,
        account=hub.account_id,
    )
    (bundle.cli.folder / "aadsync.yml").write_text(text, encoding="utf-8")
    catalog = {"BUNDLE_VAR_run_as_sp": hub.client_id, "BUNDLE_VAR_catalog": "spark_catalog"}
    bundle.cli.variables.update(catalog)
    bundle("deploy", "prod")
    for key, value in (("entra", hub.graph_token), ("databricks", hub.databricks_token)):
        bundle.cli("secrets", "put-secret", "aadsync", key, "--string-value", value)
    return bundle


@pytest.fixture(scope="module")
def client(hub: Sandbox) -> WorkspaceClient:
    return WorkspaceClient(host=hub.databricks_url, token=hub.databricks_token)


@pytest.fixture(scope="module")
def printed(prod: Bundle) -> str:
    """What the CLI shows of the first run."""
    return prod("run", "prod", "sync").stdout


@pytest.fixture(scope="module")
def first(printed: str, client: WorkspaceClient) -> dict[str, str]:
    """How the tasks of the first run ended."""
    assert printed
    return _ended(client)


def _transcript(command: str) -> str:
    """Return what docs/bundle.md shows of a command."""
    text = (ROOT / "docs" / "bundle.md").read_text(encoding="utf-8")
    (block,) = re.findall(rf"^```console\n\$ {re.escape(command)}\n(.*?)^```$", text, SHOWN)
    return str(block)


def _like(shown: str) -> str:
    """Return a pattern for what a page shows: shortened, and with the numbers of another company."""
    pieces = re.split(r"(\[…\]\n?|[0-9a-f]+…|\d+)", shown)
    return "".join(
        re.escape(piece) if number % 2 == 0 else r"\d+" if piece.isdigit() else r"(?:.|\n)*?"
        for number, piece in enumerate(pieces)
    )


def _ended(client: WorkspaceClient) -> dict[str, str]:
    """Return how the tasks of the newest run of job sync ended."""
    job = next(one for one in client.jobs.list() if one.settings.name == "aadsync-sync")
    run_id = next(iter(client.jobs.list_runs(job_id=job.job_id))).run_id
    tasks: Any = client.jobs.get_run(run_id).tasks
    return {task.task_key: task.state.result_state.value for task in tasks}


def _syncs(hub: Sandbox, mark: int) -> list[str]:
    """Return the writes to the account since then; the job's own workspace is written, too."""
    found = hub.log.writes("databricks", after=mark)
    return [f"{one.method} {one.path}" for one in found if "/scim/" in one.path]


def test_every_task_of_the_job_succeeds(first: dict[str, str], hub: Sandbox) -> None:
    done = dict.fromkeys(("plan", "changed", "apply", "watched", "report"), "SUCCESS")
    assert first == {**done, "connector": "EXCLUDED"}  # nobody has asked to watch one
    assert len(_syncs(hub, 0)) > 5


def test_the_run_is_in_the_tables_and_its_reports_on_the_volume(
    first: dict[str, str], tables: Any, client: WorkspaceClient
) -> None:
    [account] = dataset(tables, "targets")
    assert account["status"] in {"succeeded", "partial"}
    assert dataset(tables, "changes")
    [folder] = client.files.list_directory_contents("/Volumes/spark_catalog/aadsync/reports")
    names = {one.name for one in client.files.list_directory_contents(folder.path)}
    assert names == {"plan.json", "account.run.json", "summary.html", "report.html"}


def test_a_second_run_has_nothing_to_apply(
    first: dict[str, str], prod: Bundle, client: WorkspaceClient, hub: Sandbox
) -> None:
    mark = hub.log.mark()
    prod("run", "prod", "sync")
    ended = _ended(client)
    assert {task for task, state in ended.items() if state == "EXCLUDED"} == {"apply", "connector"}
    assert set(ended.values()) == {"SUCCESS", "EXCLUDED"}
    assert _syncs(hub, mark) == []


def test_the_page_shows_what_the_cli_prints_of_a_run(printed: str) -> None:
    shown = _transcript("databricks bundle run sync -t prod")
    assert re.fullmatch(_like(shown), printed), printed


def test_the_page_shows_that_a_second_deploy_changes_nothing(
    first: dict[str, str], prod: Bundle
) -> None:
    assert prod("plan", "prod").stdout == _transcript("databricks bundle plan -t prod")


def test_the_full_job_starts_a_full_run_of_the_sync_job(
    first: dict[str, str], prod: Bundle, client: WorkspaceClient
) -> None:
    prod("run", "prod", "full")
    job = next(one for one in client.jobs.list() if one.settings.name == "aadsync-sync")
    run = client.jobs.get_run(next(iter(client.jobs.list_runs(job_id=job.job_id))).run_id)
    assert {one.name: one.value for one in run.job_parameters or ()}["full"] == "true"
