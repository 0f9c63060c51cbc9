"""Schema and tables that ``01_setup`` makes, on real Spark."""

from __future__ import annotations

from typing import Any

from aadsync_lib.clock import SystemClock
from aadsync_lib.config.load import load_settings
from aadsync_lib.doctor.examine import Finding
from aadsync_lib.notebook.setup import _tables
from tests.unit.notebook.test_parameters import ENOUGH

SCHEMA = "spark_catalog.made_by_setup"


def made(spark: Any, schema: str) -> list[Finding]:
    settings = load_settings(None, {**ENOUGH, "store.delta": schema})
    return list(_tables(settings, SystemClock(), spark))


def test_a_schema_that_is_not_there_is_made_with_its_tables(spark: Any) -> None:
    for _ in range(2):
        tables, reports = made(spark, SCHEMA)
        assert (tables.check, tables.status) == ("tables", "ok")
        assert reports.status == "warning"  # volumes are Unity Catalog's
        assert "CREATE VOLUME" in str(reports.remedy)
    assert spark.catalog.tableExists(f"{SCHEMA}.runs")


def test_a_catalog_that_is_not_there_is_a_row(spark: Any) -> None:
    [tables] = made(spark, "nowhere.aadsync")
    assert tables.status == "failed"
    assert "nowhere.aadsync" in tables.detail
