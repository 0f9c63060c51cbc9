"""azure_dbr_scim_sync, a sync in the field: Graph by its real name, then the account's SCIM."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from aadsync_lib.sandbox import Sandbox, World, company
from tests.peers.outcome import Outcome

PEOPLE = 60
NAME = "azure_dbr_scim_sync"
ROUNDS = (
    ("first full sync", ("--full-sync",)),
    ("second full sync", ("--full-sync",)),
    ("incremental sync", ("--graph-change-feed-grace-time", "0")),
)


def try_scim_sync(program: Path) -> list[Outcome]:
    """Run the program's own command over a company: the first sync writes, those after it do not."""
    world = _company()
    outcomes: list[Outcome] = []
    with TemporaryDirectory() as folder, Sandbox(world, real_names=True) as box:
        groups = [name for name in _names(world) if name.startswith("dbx-")]
        Path(folder, "groups.json").write_text(json.dumps(groups), encoding="utf-8")
        for what, options in ROUNDS:
            mark = box.log.mark()
            command = [program, "--groups-json-file", "groups.json", "--group-search-depth", "9"]
            done = subprocess.run(
                [*command, *options],
                cwd=folder,
                env=_environment(box, folder),
                capture_output=True,
                text=True,
                check=False,
            )
            writes = len(box.log.writes("databricks", after=mark))
            refused = [e for e in box.log.since(mark) if e.status >= 400]
            expected = done.returncode == 0 and bool(writes) == (what == ROUNDS[0][0])
            said = "" if expected else (done.stdout + done.stderr)[-2000:]
            good = expected and not refused
            outcomes.append(
                Outcome(NAME, what, good, f"{writes} writes, {len(refused)} refused", said)
            )
    return outcomes


def _company() -> World:
    """Without names that hold a quote, which this client sends as they are."""
    world = company(PEOPLE)
    for group in list(world.entra.ids("group")):
        if set("'&") & set(world.entra.objects[group]["displayName"]):
            world.entra.delete_group(group)
    return world


def _names(world: World) -> list[str]:
    objects = [world.entra.objects[group] for group in world.entra.ids("group")]
    return [item["displayName"] for item in objects if not item["mailEnabled"]]


def _environment(box: Sandbox, folder: str) -> dict[str, str]:
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("DATABRICKS_", "AZURE_", "ARM_"))
    }
    return {
        **kept,
        **box.names_environment,
        "HOME": folder,
        "IDENTITY_ENDPOINT": box.identity_endpoint,
        "IDENTITY_HEADER": box.identity_header,
        "DATABRICKS_HOST": box.databricks_url,
        "DATABRICKS_TOKEN": box.databricks_token,
        "DATABRICKS_ACCOUNT_ID": box.account_id,
    }
