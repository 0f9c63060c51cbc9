"""``aadsync install`` and ``uninstall`` with the real CLI: deployed, again, taken away, taken up again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from databricks.sdk import WorkspaceClient

from aadsync_lib.sandbox import Sandbox
from tests.workspace.bundle.conftest import RUNNER
from tests.workspace.bundle.deployed import Bundle

GUID = "5f0a1c1e-0000-4000-8000-00000000000{}"
ANSWERS = {
    "--tenant-id": GUID.format(1), "--account-id": GUID.format(2), "--prefix": "dbx-",
    "--source-client-id": GUID.format(3), "--target-client-id": GUID.format(4),
    "--run-as": RUNNER, "--notify": "identity@contoso.com", "--protect": "breakglass@contoso.com",
}  # fmt: skip


def aadsync(bundle: Bundle, *words: str) -> str:
    """Run the command in the clone, with the CLI on its PATH, and return what it printed."""
    cli = bundle.cli
    path = os.pathsep.join((str(Path(cli.program).parent), os.defpath))
    done = subprocess.run(
        [sys.executable, "-m", "aadsync_lib", *words],
        cwd=cli.folder,
        env={**cli.environment, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def jobs(client: WorkspaceClient) -> dict[str, str]:
    """Return whether each job is paused."""
    return {
        job.settings.name: client.jobs.get(job.job_id).settings.schedule.pause_status.value
        for job in client.jobs.list()
    }


def test_it_is_installed_kept_up_taken_away_and_taken_up_again(
    clone: Callable[..., Bundle], hub: Sandbox
) -> None:
    bundle = clone()
    signed_in = ("DATABRICKS_HOST", "DATABRICKS_TOKEN")
    login = {name: bundle.cli.variables[name] for name in signed_in}
    bundle = Bundle(replace(bundle.cli, variables=login), hub)  # no variable of the bundle is set
    client = WorkspaceClient(host=hub.databricks_url, token=hub.databricks_token)

    told = aadsync(bundle, "install", *(part for pair in ANSWERS.items() for part in pair))
    assert jobs(client) == {"aadsync-sync": "PAUSED", "aadsync-full": "PAUSED"}
    assert f"/#workspace/Users/{RUNNER}/.bundle/aadsync/prod/files/notebooks/00_quickstart" in told
    job = next(job for job in client.jobs.list() if job.settings.name == "aadsync-sync")
    parameters = {p.name: p.default for p in client.jobs.get(job.job_id).settings.parameters}
    with client.workspace.download(parameters["config"].removeprefix("/Workspace")) as file:
        assert file.read() == (bundle.cli.folder / "aadsync.yml").read_bytes()
    client.secrets.put_secret("aadsync", "entra-client-secret", string_value="s")

    mark = hub.log.mark()
    aadsync(bundle, "install")
    assert bundle.writes_since(mark) == []

    gone = aadsync(bundle, "uninstall")
    assert "What stays: aadsync, main.aadsync, main.aadsync.reports." in gone
    assert jobs(client) == {}
    assert client.schemas.get("main.aadsync").name == "aadsync"
    assert client.volumes.read("main.aadsync.reports").name == "reports"

    aadsync(bundle, "install")
    assert set(jobs(client)) == {"aadsync-sync", "aadsync-full"}
    assert [secret.key for secret in client.secrets.list_secrets("aadsync")] == [
        "entra-client-secret"
    ]
