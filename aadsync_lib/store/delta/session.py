"""The Spark session as the store uses it, by what Spark Connect and classic Spark have in common.

Values go into SQL as parameters and into tables as data frames, never as text. Names of tables are
quoted once, here.
"""

from __future__ import annotations

import json
import logging
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from aadsync_lib.errors import StoreError
from aadsync_lib.ports import Clock
from aadsync_lib.store.reader import Dialect, Fragment
from aadsync_lib.store.records import Row

CONFLICTS = re.compile(
    r"Concurrent(Append|DeleteRead|DeleteDelete|Transaction|Write)Exception"
    r"|MetadataChangedException|ProtocolChangedException"
    r"|DELTA_(CONCURRENT|METADATA_CHANGED|PROTOCOL_CHANGED)"
)
MADE_BY_ANOTHER = re.compile(r"ALREADY_EXISTS|AlreadyExists|already exists|NON_EMPTY_LOCATION")
ABSENT = re.compile(
    r"TABLE_OR_VIEW_NOT_FOUND|SCHEMA_NOT_FOUND|NO_SUCH_(CATALOG|SCHEMA|TABLE)|CATALOG_NOT_FOUND"
    r"|DELTA_(MISSING_DELTA_TABLE|TABLE_NOT_FOUND)|cannot be found"
)
FORBIDDEN = re.compile(
    r"INSUFFICIENT_(PERMISSIONS|PRIVILEGES)|PERMISSION_DENIED|UNAUTHORIZED|Permission denied"
    r"|does not have .*(privilege|permission)",
    re.IGNORECASE,
)

NEEDS = "USE CATALOG, USE SCHEMA, CREATE TABLE, SELECT and MODIFY"


def is_conflict(error: Exception) -> bool:
    """Return whether another writer was faster; nothing was written then."""
    return CONFLICTS.search(_text(error)) is not None


def is_made_by_another(error: Exception) -> bool:
    """Return whether something could not be made because it is there by now."""
    return MADE_BY_ANOTHER.search(_text(error)) is not None


def explained(schema: str, error: Exception) -> StoreError:
    """Return what to raise for an error of Spark, with what to do about it."""
    return StoreError(
        f"{schema}: the store could not be used: {_first_line(error)}. {_remedy(schema, error)}"
    )


def _remedy(schema: str, error: Exception) -> str:
    text = _text(error)
    quoted = ".".join(f"`{part}`" for part in schema.split("."))
    if FORBIDDEN.search(text):
        return (
            f"The identity that runs the sync needs {NEEDS} there: ask the owner of the schema for "
            f"GRANT USE SCHEMA, CREATE TABLE, SELECT, MODIFY ON SCHEMA {quoted}, and for USE CATALOG."
        )
    if ABSENT.search(text):
        return (
            f"Check store.delta, and create the schema if it is not there: CREATE SCHEMA {quoted}. "
            f"The identity that runs the sync needs {NEEDS} in it."
        )
    if CONFLICTS.search(text):
        return "Others kept writing it at the same moment; run again."
    return "What was recorded before is kept. See to the Spark session or cluster, and run again."


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _first_line(error: Exception) -> str:
    """Return the message without its other lines: that is the stack of the JVM."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:500].rstrip(".")


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
