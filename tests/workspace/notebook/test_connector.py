"""Entra's connector in its notebook, against Contoso over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from aadsync_lib.sandbox.entra.applications.gallery import CONNECTOR as TEMPLATE
from aadsync_lib.sandbox.entra.state import CONNECTOR_PERMISSIONS
from tests.contract.sandbox.connecting import SCIM_TOKEN, Setup, with_job
from tests.workspace.notebook.runner import Result
from tests.workspace.notebook.stage import Stage, result_of

NAME = "contoso-databricks"
CONNECTOR = "targets.0.connector"
SETTINGS = {
    f"{CONNECTOR}.name": NAME,
    f"{CONNECTOR}.token": "{secret: aadsync/scim}",
    f"{CONNECTOR}.assign.groups": "[{name: dbx-data-platform}]",
}


class Desk:
    """A workspace in which the settings name a connector that nobody has set up."""

    def __init__(self, stage: Stage, graph: httpx.Client) -> None:
        self.stage, self.graph = stage, graph
        self.entra = stage.sandbox.world.entra
        self.entra.permissions |= CONNECTOR_PERMISSIONS
        stage.sandbox.world.databricks.add_token(SCIM_TOKEN, scim_only=True)
        stage.client.secrets.put_secret("aadsync", "scim", string_value=SCIM_TOKEN)

    def run(self, **more: str) -> Result:
        return self.stage.run("07_connector", **{**SETTINGS, **more})

    def writes(self, after: int) -> list[object]:
        log = self.stage.sandbox.log.select("graph", after=after, auth=False)
        return [entry for entry in log if entry.method != "GET"]

    def ready(self) -> Setup:
        """The connector as a setup leaves it, with nobody assigned."""
        path = f"/applicationTemplates/{TEMPLATE}/instantiate"
        pair = self.graph.post(path, json={"displayName": NAME}).raise_for_status().json()
        notes = {"notes": "aadsync:contoso/account"}
        path = f"/applications/{pair['application']['id']}"
        self.graph.patch(path, json=notes).raise_for_status()
        setup = Setup(self.stage.sandbox, self.graph, pair["servicePrincipal"]["id"])
        setup = with_job(setup)
        setup.save()
        setup.post("start").raise_for_status()
        return setup


@pytest.fixture
def desk(stage: Stage) -> Iterator[Desk]:
    box = stage.sandbox
    headers = {"Authorization": f"Bearer {box.graph_token}"}
    with httpx.Client(base_url=box.graph_url, headers=headers, verify=False) as graph:
        yield Desk(stage, graph)


def part(done: Result) -> dict[str, Any]:
    (target,) = result_of(done)["targets"]
    return dict(target)


def test_what_nobody_has_set_up_is_shown_and_fails_the_notebook(desk: Desk) -> None:
    mark = desk.stage.sandbox.log.mark()
    done = desk.run()
    assert done.error is not None
    assert done.error.name == "PartialError"
    assert "account: the application is not there" in done.error.message
    (states,) = done.tables
    assert [(row["target"], row["state"]) for row in states.records] == [("account", "absent")]
    assert set(states.types) == {"string"}
    assert "Connector of contoso" in done.html
    assert not desk.writes(mark)
    assert not Path(desk.stage.parameters["store.sqlite"]).exists()


def test_setup_is_a_plan_until_its_digest_is_typed_and_is_then_carried_out_once(desk: Desk) -> None:
    mark = desk.stage.sandbox.log.mark()
    planned = desk.run(do="setup").succeeded()
    digest = result_of(planned)["digest"]
    assert digest in planned.html
    assert "type this digest into confirm" in planned.html
    (changes,) = planned.tables
    assert {"create_application", "create_job", "set_credentials", "assign", "start"} <= {
        row["action"] for row in changes.records
    }
    wrong = desk.run(do="setup", confirm=digest[:-1])
    assert f"set confirm to {digest}" in wrong.error.message
    assert digest in wrong.html
    only = desk.run(do="setup", confirm=digest, plan_only="true")
    assert "plan_only: is true" in only.error.message
    assert not desk.writes(mark)
    done = desk.run(do="setup", confirm=digest).succeeded()
    assert part(done)["applied"]["create_application"] == 1
    assert {row["result"] for row in done.tables[0].records} == {"done"}
    after = desk.stage.sandbox.log.mark()
    again = desk.run(do="setup", confirm=digest).succeeded()
    assert part(again)["changes"] == []
    assert "Entra is as the settings want it" in again.html
    assert not desk.writes(after)
    seen = desk.run().succeeded()
    assert part(seen)["state"] == "not_run"
    text = json.dumps([done.outputs, planned.outputs, seen.outputs]) + done.stdout + done.stderr
    assert SCIM_TOKEN not in text


def test_compare_shows_who_is_on_one_side_only_and_why(desk: Desk) -> None:
    desk.ready()
    done = desk.run(do="compare").succeeded()
    (differences,) = done.tables
    assert {row["side"] for row in differences.records} == {"sync"}
    assert all(row["why"] for row in differences.records)
    assert part(done)["both"] == 0
    assert "Connector and sync contoso" in done.html


def test_a_quarantine_is_shown_with_its_remedy(desk: Desk) -> None:
    desk.ready().cycle(quarantine="EncounteredQuarantineException")
    done = desk.run()
    assert "the job is in quarantine" in done.error.message
    row = done.tables[0].records[0]
    assert row["state"] == "quarantine"
    assert row["remedy"][:60] in done.html
    warned = desk.run(watch_connector="warn").succeeded()
    assert part(warned)["state"] == "quarantine"
    failed = desk.run(watch_connector="fail")
    assert "the job is in quarantine" in failed.error.message
    looks = next(table for table in failed.tables if table.columns[0] == "seen_at")
    assert [row["state"] for row in looks.records] == ["quarantine", "quarantine"]
