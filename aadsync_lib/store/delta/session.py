"""The Spark session as the store uses it, by what Spark Connect and classic Spark have in common.

Values go into SQL as parameters and into tables as data frames, never as text. Names of tables are
quoted once, here.
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from aadsync_lib.errors import StoreError
from aadsync_lib.ports import Clock
from aadsync_lib.store.delta.errors import explained, is_conflict, is_made_by_another
from aadsync_lib.store.reader import Dialect, Fragment
from aadsync_lib.store.records import Row

T = TypeVar("T")

TRIES = 8  # of a statement that another writer was faster than
FIRST_PAUSE = 0.2

DIALECT: Dialect = {
    "seconds": Fragment("unix_micros(?) / 1e6"),
    "time": Fragment("timestamp_micros(CAST(round(:? * 1e6) AS BIGINT))"),
    "listed": Fragment("array_contains(from_json(:ids, 'array<string>'), ?)"),
    "newest": "AND newest",
}

log = logging.getLogger(__name__)


class Writer(Protocol):
    """A ``pyspark.sql.DataFrameWriterV2``."""

    def append(self) -> None: ...


class Frame(Protocol):
    """A ``pyspark.sql.DataFrame``."""

    def collect(self) -> list[Any]: ...

    def coalesce(self, numPartitions: int, /) -> Frame: ...  # noqa: N803  as pyspark calls it

    def writeTo(self, table: str, /) -> Writer: ...  # noqa: N802  as pyspark calls it


class Catalog(Protocol):
    """A ``pyspark.sql.Catalog``."""

    def tableExists(self, tableName: str, /) -> bool: ...  # noqa: N802, N803  as pyspark calls it


class Spark(Protocol):
    """A ``pyspark.sql.SparkSession``, Connect's or the classic one."""

    @property
    def catalog(self) -> Catalog: ...

    def sql(self, sqlQuery: str, args: Any = ...) -> Frame: ...  # noqa: N803  as pyspark calls it

    def createDataFrame(self, data: Any, schema: Any = ...) -> Frame: ...  # noqa: N802  the same


class Tables:
    """The tables of one schema. Statements write ``{journal}`` for the full, quoted name of a table.

    ``parts`` are tables that are put together from others.
    """

    def __init__(
        self,
        spark: Spark,
        schema: str,
        names: Iterable[str],
        parts: Mapping[str, str],
        clock: Clock | None = None,
    ) -> None:
        self.schema = schema
        self._spark = spark
        self._clock = clock
        self._names = {name: quoted(schema, name) for name in names}
        self._names |= {name: text.format_map(self._names) for name, text in parts.items()}
        self._names |= DIALECT

    def query(self, statement: str, **args: object) -> list[Row]:
        """Return the rows of a SELECT; a list among the parameters is JSON for it."""
        return self._guarded(lambda: [tuple(row) for row in self._run(statement, args).collect()])

    def has(self, table: str) -> bool:
        """Return whether a table is there; without the schema none is."""
        return self._guarded(lambda: bool(self._spark.catalog.tableExists(self._names[table])))

    def execute(self, statement: str, **args: object) -> None:
        """Run a statement, again when another writer was faster."""
        self._guarded(lambda: self._run(statement, args).collect())

    def create(self, statement: str) -> None:
        """Run a CREATE, which another process may be running at this moment, too."""
        self._guarded(lambda: self._run(statement, {}).collect(), is_made_by_another)

    def append(self, table: str, columns: str, rows: Sequence[Row]) -> None:
        """Add rows in one commit, all or none; ``columns`` are their names and types."""
        if rows:
            frame = self._spark.createDataFrame(rows, columns).coalesce(1)  # one file each commit
            self._guarded(lambda: frame.writeTo(self._names[table]).append())

    def _run(self, statement: str, args: Mapping[str, object]) -> Frame:
        plain = {k: json.dumps(v) if isinstance(v, list) else v for k, v in args.items()}
        return self._spark.sql(statement.format_map(self._names), args=plain)

    def _guarded(
        self, act: Callable[[], T], also: Callable[[Exception], bool] = lambda _: False
    ) -> T:
        """Act, again after conflicts: these mean that nothing was written. Raises ``StoreError``."""
        tries = TRIES if self._clock else 1
        for left in reversed(range(tries)):
            try:
                return act()
            except Exception as error:  # which classes there are depends on the session
                if not left or not (is_conflict(error) or also(error)):
                    raise explained(self.schema, error) from error
                log.debug("another writer of %s was faster, trying again", self.schema)
            assert self._clock
            self._clock.sleep(jitter(tries - left - 1))
        raise AssertionError("unreachable")


def quoted(schema: str, table: str) -> str:
    """Return the full name of a table as SQL writes it."""
    parts = (*schema.split("."), table)
    return ".".join("`{}`".format(part.replace("`", "``")) for part in parts)


def jitter(attempt: int) -> float:
    """Return how long to wait before the next try, so that two who collided do not meet again."""
    return random.uniform(0.1, 1.0) * FIRST_PAUSE * 2.0**attempt  # noqa: S311  no secret


def moment(seconds: float) -> datetime:
    """Return a time as a data frame takes it."""
    return datetime.fromtimestamp(seconds, UTC)


def micros(seconds: float) -> int:
    """Return a time as ``timestamp_micros`` takes it."""
    return round(seconds * 1_000_000)


def session() -> Spark:
    """Return a session from databricks-connect, for runs outside of Databricks.

    Raises ``StoreError`` where there is none to be had.
    """
    try:
        from databricks.connect import DatabricksSession

        spark: Spark = DatabricksSession.builder.getOrCreate()
    except Exception as error:
        raise StoreError(
            f"store.delta needs Spark, and there is no session ({type(error).__name__}: {error}). Run "
            f"this in a notebook or a job on Databricks, install databricks-connect, or name "
            f"store.sqlite."
        ) from error
    return spark
