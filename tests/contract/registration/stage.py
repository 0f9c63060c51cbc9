"""A registration over real HTTP: its settings, runs of the command, and what came of it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientSecretCredential
from click.testing import CliRunner, Result

from aadsync_lib.cli.app import main
from aadsync_lib.sandbox import Sandbox, World
from aadsync_lib.sandbox.databricks.workspaces.secret_store import Scope
from aadsync_lib.sandbox.requestlog import Entry
from tests.clock import FakeClock

SCOPE = "https://graph.microsoft.com/.default"
STORE = "secret: aadsync/entra"
URL = "https://contoso.vault.azure.net/secrets/entra"
MAKER = {"Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"}
NEEDED = ["GroupMember.Read.All", "User.Read.All", "Application.Read.All"]
DAY = 86_400


def world() -> World:
    made = World()
    made.entra.permissions |= MAKER
    made.entra.add_group("dbx-data", members=[made.entra.add_user("ada@contoso.com")])
    made.add_workspace("sales").secrets.create("aadsync", "admins")
    made.add_vault("contoso")
    return made


def new_clock() -> FakeClock:
    """The sandbox's own time goes on, so this begins with it."""
    return FakeClock(float(int(time.time())))  # whole: tables round to microseconds


@dataclass
class Stage:
    """One sync. ``auth`` is its ``source.auth``; ``more`` is laid over its settings."""

    box: Sandbox
    folder: Path
    clock: FakeClock
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.folder / "aadsync.yml"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "GRAPH_TOKEN": self.box.graph_token,
            "SCIM_TOKEN": self.box.databricks_token,
            "AZURE_AUTHORITY_HOST": self.box.authority_url,
            "REQUESTS_CA_BUNDLE": self.box.ca_file,
        }

    def settings(self, **auth: Any) -> dict[str, Any]:
        usual = {"method": "access_token", "access_token": {"env": "GRAPH_TOKEN"}}
        return {
            "name": "contoso",
            "source": {
                "tenant_id": self.box.tenant_id,
                "endpoint": self.box.graph_url.removesuffix("/v1.0"),
                "auth": auth or usual,
            },
            "scope": {"groups": [{"prefix": "dbx-"}]},
            "targets": [
                {
                    "name": "account",
                    "host": self.box.databricks_url,
                    "account_id": self.box.account_id,
                    "auth": {"method": "pat", "token": {"env": "SCIM_TOKEN"}},
                }
            ],
        }

    def write(self, settings: dict[str, Any]) -> None:
        self.file.write_text(yaml.safe_dump(settings), encoding="utf-8")

    def command(self, *words: str) -> Result:
        if not self.file.exists():
            self.write(self.settings())
        return CliRunner().invoke(main, ["register", "-c", str(self.file), *words])

    def done(self, *words: str, code: int = 0) -> dict[str, Any]:
        """Run it with JSON and return the document."""
        result = self.command(*words, "--format", "json")
        assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
        self.check_nothing_shown(result)
        return json.loads(result.stdout)

    def failed(self, *words: str, code: int = 1) -> str:
        """Run it to its failure and return the message."""
        result = self.command(*words)
        assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
        self.check_nothing_shown(result)
        assert result.stderr.strip().count("\n") == 0
        return result.stderr

    def check_nothing_shown(self, result: Result) -> None:
        for secret in self.secrets:
            assert secret not in result.stdout + result.stderr

    @property
    def secrets(self) -> list[str]:
        """Everything that may never be shown."""
        return [
            *self.box.world.entra.applications.secrets.values(),
            *([self.stored] if self.stored else []),
        ]

    @property
    def applications(self) -> list[dict[str, Any]]:
        entra = self.box.world.entra
        return [entra.objects[key] for key in entra.ids("application")]

    @property
    def application(self) -> dict[str, Any]:
        (only,) = self.applications
        return only

    @property
    def granted(self) -> list[str]:
        """What the application was granted, each as often as it was."""
        entra = self.box.world.entra
        principal = entra.find(self.application["appId"])
        roles = {
            role["id"]: role["value"]
            for item in entra.objects.values()
            for role in item.get("appRoles") or ()
        }
        rows = [e for e in entra.assignments.values() if e["principalId"] == principal]
        return sorted(roles[row["appRoleId"]] for row in rows)

    @property
    def scope(self) -> Scope:
        """The secret scope that is written."""
        return self.box.world.workspace("sales").secrets.scopes["aadsync"]

    @property
    def stored(self) -> str | None:
        """What is in it."""
        value = self.scope.secrets.get("entra")
        return value and value[0].decode()

    def writes(self, mark: int) -> list[str]:
        return [f"{e.method} {e.path}" for e in self.box.log.since(mark) if wrote(e)]

    def token(self, value: str | None = None) -> str:
        """Log in as the application, with what is stored."""
        value = value or self.stored or ""
        options: dict[str, Any] = {
            "authority": self.box.authority_url,
            "disable_instance_discovery": True,
            "connection_verify": self.box.ca_file,
        }
        place = (self.box.tenant_id, self.application["appId"])
        if "BEGIN" in value:
            given = {"certificate_data": value.encode()}
            credential: Any = CertificateCredential(*place, **given, **options)
        else:
            credential = ClientSecretCredential(*place, value, **options)
        with credential:
            return credential.get_token(SCOPE).token

    def logs_in(self, value: str | None = None) -> bool:
        """Whether the application logs in and reads what a sync reads."""
        try:
            token = self.token(value)
        except ClientAuthenticationError:
            return False
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(headers=headers, verify=False) as client:
            codes = [client.get(f"{self.box.graph_url}/{path}").status_code
                     for path in ("groups", "users", "servicePrincipals")]  # fmt: skip
        return codes == [200, 200, 200]


def wrote(entry: Entry) -> bool:
    return entry.method != "GET" and not entry.is_auth
