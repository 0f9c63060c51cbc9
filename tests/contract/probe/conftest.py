"""A probe of the sandbox's account over real HTTP, with a clock that nobody waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from aadsync_lib.config.settings import Settings
from aadsync_lib.doctor.probe.answers import Row, TargetProbe
from aadsync_lib.doctor.probe.bench import PREFIX
from aadsync_lib.doctor.probe.run import probe_all
from aadsync_lib.sandbox import Sandbox, World
from aadsync_lib.secrets import SecretResolver
from tests.clock import FakeClock

ADA = "ada.lovelace@contoso.com"


def world() -> World:
    """An account with somebody in it."""
    made = World()
    ada = made.databricks.add_user(ADA, "Ada Lovelace", "e-ada")
    made.databricks.add_group("Data", "e-data", [ada.id])
    return made


@dataclass
class Lab:
    """The sandbox, and the settings of a sync into it."""

    box: Sandbox
    clock: FakeClock = field(default_factory=FakeClock)
    nested: str = "preserve"
    service_principals: bool = True
    level: str = "account"

    @property
    def switches(self):
        return self.box.world.databricks.switches

    @property
    def state(self):
        return self.box.world.databricks

    def settings(self) -> Settings:
        return Settings.model_validate(
            {
                "name": "contoso",
                "source": {"tenant_id": self.box.tenant_id, "auth": {"method": "azure_cli"}},
                "scope": {
                    "groups": [{"prefix": "dbx-"}],
                    "nested": self.nested,
                    "service_principals": self.service_principals,
                },
                "targets": [
                    {
                        "name": "account",
                        "host": self.box.databricks_url,
                        "account_id": self.box.account_id,
                        "pace": 1000,
                        "auth": {"method": "pat", "token": {"env": "DATABRICKS_TOKEN"}},
                    }
                ],
            }
        )

    def probe(self, stopped: Callable[[], bool] = lambda: False) -> TargetProbe:
        """Probe the account and return what came of it."""
        [result] = probe_all(
            self.settings(), secrets=SecretResolver(), clock=self.clock, stopped=stopped
        )
        return result

    def row(self, name: str) -> Row:
        return row(self.probe(), name)

    def objects(self) -> set[str]:
        """Ids of the objects of probes that are there."""
        tables: list[Any] = [self.state.groups, self.state.service_principals]
        return {
            key
            for table in tables
            for key, record in table.items()
            if record.display_name.lower().startswith(PREFIX)
        }


def row(result: TargetProbe, name: str) -> Row:
    [found] = [row for row in result.rows if row.probe == name]
    return found


@pytest.fixture(scope="package")
def running() -> Iterator[Sandbox]:
    with Sandbox(world()) as sandbox:
        yield sandbox


@pytest.fixture
def lab(running, monkeypatch) -> Lab:
    running.reset(world())
    running.limits.speed = None
    monkeypatch.setenv("DATABRICKS_TOKEN", running.databricks_token)
    return Lab(running)
