"""A workspace to run notebooks in: Contoso on the other end, secrets in a scope, a folder of reports."""

from __future__ import annotations

import json
from pathlib import Path

from databricks.sdk import WorkspaceClient

from tests.workspace.notebook.runner import Result, Way, run_notebook

PEOPLE, SEED = 30, 3


class Stage:
    def __init__(self, sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.reports = str(folder / "reports")

    @property
    def environment(self) -> dict[str, str]:
        """How a notebook reaches its own workspace; on Databricks it need not be told."""
        return {
            "DATABRICKS_HOST": self.sandbox.databricks_url,
            "DATABRICKS_TOKEN": self.sandbox.databricks_token,
        }

    @property
    def parameters(self) -> dict[str, str]:
        """Widgets alone, no file."""
        return {
            "name": "contoso",
            "source.tenant_id": self.sandbox.tenant_id,
            "source.endpoint": self.sandbox.graph_url.removesuffix("/v1.0"),
            "source.auth.method": "access_token",
            "source.auth.access_token": "{secret: aadsync/graph}",
            "scope.groups": "[{prefix: dbx-}]",
            "targets.0.name": "account",
            "targets.0.host": self.sandbox.databricks_url,
            "targets.0.account_id": self.sandbox.account_id,
            "targets.0.auth.method": "pat",
            "targets.0.auth.token": "{secret: aadsync/databricks}",
            "targets.0.pace": "100",
            "store.sqlite": str(self.folder / "aadsync.db"),
        }

    @property
    def client(self) -> WorkspaceClient:
        return WorkspaceClient(
            host=self.sandbox.databricks_url, token=self.sandbox.databricks_token
        )

    def put_secrets(self) -> None:
        client = self.client
        if "aadsync" not in {scope.name for scope in client.secrets.list_scopes()}:
            client.secrets.create_scope("aadsync")
        client.secrets.put_secret("aadsync", "graph", string_value=self.sandbox.graph_token)
        client.secrets.put_secret(
            "aadsync", "databricks", string_value=self.sandbox.databricks_token
        )

    def run(
        self, name: str, *, way: Way = "local", interactive: bool = False, **more: str
    ) -> Result:
        """Run a notebook with the widgets of this stage, and more of them."""
        parameters = {key: value for key, value in {**self.parameters, **more}.items() if value}
        return run_notebook(
            f"notebooks/{name}.py",
            parameters,
            way=way,
            env=self.environment,
            interactive=interactive,
        )

    def alone(self, notebook: str, **parameters: str) -> Result:
        """Run a notebook with these parameters and no others."""
        return run_notebook(
            f"notebooks/{notebook}.py", parameters, way="local", env=self.environment
        )

    def in_job(self, name: str, *, way: Way = "local", **more: str) -> Result:
        """Run a notebook as a task of the job run 7."""
        return self.run(name, way=way, reports=self.reports, run="7", **more)

    @property
    def saved_plan(self) -> Path:
        return Path(self.reports, "run=7", "plan.json")

    def writes(self, after: int) -> list[object]:
        return self.sandbox.log.writes("databricks", after=after)


def result_of(result: Result):
    assert result.exit is not None
    return json.loads(result.exit)
