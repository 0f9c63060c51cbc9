"""The SQL of dashboard and alerts, run as Databricks would: one query at a time, in one schema."""

from __future__ import annotations

import re
from typing import Any

from tests.unit.bundle.files import alerts, datasets

AGGREGATE = re.compile(r"^(COUNT|SUM|MAX|MIN|AVG)\(")
PLACE = "`${var.catalog}`.`${resources.schemas.store.name}`."


def rows(spark: Any, query: str) -> list[dict[str, Any]]:
    """Run a query and return its rows."""
    return [row.asDict(recursive=True) for row in spark.sql(query).collect()]


def dataset(spark: Any, name: str) -> list[dict[str, Any]]:
    """Run a dataset of the dashboard in the current schema, which ``dataset_schema`` is for it."""
    return rows(spark, datasets()[name])


def shown(spark: Any, widget: dict[str, Any]) -> list[dict[str, Any]]:
    """Run what a widget asks of its datasets; a filter asks several for its choices."""
    return [row for one in widget["queries"] for row in _asked(spark, one["query"])]


def _asked(spark: Any, query: dict[str, Any]) -> list[dict[str, Any]]:
    fields = query["fields"]
    columns = ", ".join(f"{one['expression']} AS `{one['name']}`" for one in fields)
    groups = [one["expression"] for one in fields if not AGGREGATE.match(one["expression"])]
    grouped = f" GROUP BY {', '.join(groups)}" if groups and not query["disaggregated"] else ""
    return rows(spark, f"SELECT {columns} FROM ({datasets()[query['datasetName']]}){grouped}")


def alert(spark: Any, key: str, schema: str = "") -> float:
    """Return the number that an alert compares; its tables are those of a schema, or the current ones."""
    one = alerts()[key]
    place = "".join(f"`{part}`." for part in schema.split(".") if part)
    assert PLACE in one["query_text"]
    [row] = rows(spark, one["query_text"].replace(PLACE, place))
    return float(row[one["evaluation"]["source"]["name"]])
