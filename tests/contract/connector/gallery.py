"""A sync with a connector in its settings, and the connector as ``setup`` leaves it in Entra."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from click.testing import CliRunner

from aadsync_lib.cli.app import main
from aadsync_lib.sandbox.entra.applications.gallery import CONNECTOR
from aadsync_lib.sandbox.entra.state import CONNECTOR_PERMISSIONS, EntraState
from tests.acceptance.stage import TARGET, Stage
from tests.contract.sandbox.connecting import SCIM_TOKEN, Setup, with_job

TOKEN = "STAGE_SCIM_TOKEN"  # a name, no value
NAME = "contoso-databricks"
TAG = f"aadsync:contoso/{TARGET}"


@dataclass
class Gallery:
    """A stage whose account has a connector."""

    stage: Stage
    graph: httpx.Client

    def __post_init__(self) -> None:
        self.entra.permissions |= CONNECTOR_PERMISSIONS
        self.stage.box.world.databricks.add_token(SCIM_TOKEN, scim_only=True)
        self.configure()

    @property
    def entra(self) -> EntraState:
        return self.stage.box.world.entra

    def configure(self, **connector: Any) -> None:
        """Set these parts of the connector's settings besides the necessary ones."""
        wanted = {"name": NAME, "token": {"env": TOKEN}, **connector}
        self.stage.configure(targets={"connector": wanted})

    def instantiated(self, *, name: str = NAME, notes: str | None = TAG) -> Setup:
        path = f"/applicationTemplates/{CONNECTOR}/instantiate"
        pair = self._post(path, {"displayName": name})
        if notes is not None:
            application = f"/applications/{pair['application']['id']}"
            self.graph.patch(application, json={"notes": notes}).raise_for_status()
        return Setup(self.stage.box, self.graph, pair["servicePrincipal"]["id"])

    def ready(self, *, started: bool = True) -> Setup:
        """The connector with job and credentials, started or not."""
        setup = with_job(self.instantiated())
        setup.save()
        if started:
            setup.post("start").raise_for_status()
        return setup

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.graph.post(path, json=body).raise_for_status()
        return dict(answer.json())

    def turn(self, **provisioning: Any) -> None:
        """Turn switches of the provisioning service."""
        for name, value in provisioning.items():
            setattr(self.entra.provisioning.switches, name, value)

    def __call__(self, *words: str) -> Any:
        """Run ``aadsync connector`` with these words."""
        config = str(self.stage.settings_file)
        return CliRunner().invoke(main, ["connector", *words, "-c", config])


@contextmanager
def client(stage: Stage) -> Iterator[httpx.Client]:
    """A client of Graph with a token, relative to the version."""
    headers = {"Authorization": f"Bearer {stage.box.graph_token}"}
    with httpx.Client(base_url=stage.box.graph_url, headers=headers, verify=False) as graph:
        yield graph
