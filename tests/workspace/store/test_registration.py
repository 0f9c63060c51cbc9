"""A registration with its memory in tables: real Spark, real Delta, Entra over HTTP."""

from __future__ import annotations

import json
import sys
from itertools import count
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from aadsync_lib.cli import main
from aadsync_lib.config.load import load_settings
from aadsync_lib.connector.registration.record import JOURNAL
from aadsync_lib.errors import LeaseHeldError
from aadsync_lib.registration import Request, open_registration
from aadsync_lib.sandbox import Fault
from aadsync_lib.wiring import open_reader, open_store
from tests.contract.registration.conftest import box, graph, running, stage  # noqa: F401  fixtures
from tests.contract.registration.stage import STORE, Stage

SCHEMA = "spark_catalog.register"
NUMBERS = count()


@pytest.fixture(scope="module")
def schema(spark: Any) -> str:
    spark.sql(f"CREATE SCHEMA {SCHEMA}").collect()
    return SCHEMA


@pytest.fixture
def there(stage: Stage, schema: str, spark: Any, monkeypatch: pytest.MonkeyPatch) -> Stage:  # noqa: F811
    """A sync of its own with its memory in tables, where databricks-connect has a session."""
    memory = {"name": f"contoso-{next(NUMBERS)}", "store": {"delta": schema}}
    stage.write({**stage.settings(), **memory})
    connect = ModuleType("databricks.connect")
    builder = SimpleNamespace(getOrCreate=lambda: spark)
    connect.DatabricksSession = SimpleNamespace(builder=builder)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "databricks.connect", connect)
    return stage


def history(stage: Stage, *words: str) -> Any:  # noqa: F811
    result = CliRunner().invoke(
        main, ["history", *words, "-c", str(stage.file), "--format", "json"]
    )
    assert result.exit_code == 0, (result.stdout, result.stderr)
    return json.loads(result.stdout)


def test_each_write_is_in_the_tables_and_a_second_run_adds_none(there: Stage) -> None:
    there.done("--store-in", STORE)
    assert there.logs_in()
    there.done("--store-in", STORE)
    (run,) = history(there)["runs"]
    outcomes = history(there, run["run_id"])["outcomes"]
    assert [(each["action"], each["result"]) for each in outcomes] == [
        ("create_application", "done"), ("create_service_principal", "done"),
        ("assign", "done"), ("assign", "done"), ("assign", "done"), ("set_credentials", "done"),
    ]  # fmt: skip


def test_a_notebook_gives_its_own_session(
    there: Stage, spark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "databricks.connect")
    settings = load_settings(there.file)
    given = {"clock": there.clock, "spark": spark}
    with open_registration(settings, Request(store_in=STORE), **given) as registering:
        done = registering.run()
    reader = open_reader(settings, spark=spark)
    (run,) = reader.runs()
    assert (run.status, len(done.steps)) == ("succeeded", 6)


def test_one_registers_at_a_time(there: Stage, spark: Any) -> None:
    settings, request = load_settings(there.file), Request(store_in=STORE)
    with (
        open_registration(settings, request, clock=there.clock, spark=spark) as registering,
        open_store(settings, there.clock, spark=spark) as store,
        store.lease(JOURNAL, "theirs"),
        pytest.raises(LeaseHeldError, match="has held the lease"),
    ):
        registering.run()
    assert there.applications == []


def test_a_lost_answer_is_one_that_nobody_knows_until_the_next_run(there: Stage) -> None:
    there.done()
    there.box.faults.add(Fault("lost", path="addPassword"))
    there.command("--store-in", STORE)
    newest = history(there)["runs"][0]
    (outcome,) = history(there, newest["run_id"])["outcomes"]
    assert (newest["status"], outcome["result"]) == ("failed", "unknown")
    there.done("--store-in", STORE)
    assert there.logs_in()
