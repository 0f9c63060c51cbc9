"""The tables of a Delta store, as numbered migrations (``migrations/*.sql``).

A migration is CREATE statements only: a change of a table's columns or properties would break off
every writer that runs meanwhile. What is new gets a table of its own, and views change their text.
They tell the state: of what concerns one object, the row of the journal with the highest ``seq`` holds.
"""

from __future__ import annotations

from pathlib import Path

from aadsync_lib.errors import StoreError
from aadsync_lib.ports import Clock
from aadsync_lib.store.delta.session import Spark, Tables, moment
from aadsync_lib.store.sql import migrations_in

TABLES = (
    "version", "journal", "runs", "run_numbers", "leases", "checkpoints", "connector_states", "mirrors",
)  # fmt: skip
VIEWS = (
    "links", "pending", "outcomes",
    "places", "roots",
    "member_events", "memberships", "members", "former", "missing", "retries", "quarantine", "drift",
)  # fmt: skip

VERSION_TABLE = """
CREATE TABLE IF NOT EXISTS {version} (
  version INT COMMENT 'the highest holds',
  made_at TIMESTAMP
) USING DELTA COMMENT 'aadsync: version of the tables of this schema'
"""

TARGETS = """
(SELECT sync, target FROM {journal} WHERE event IN
  ('announced', 'settled', 'linked', 'member_added', 'member_noted'))
"""

RUNS_IN_ORDER = """
(SELECT r.*, n.number FROM {runs} r LEFT JOIN {run_numbers} n USING (sync, run_id))
"""

MIGRATIONS = migrations_in(Path(__file__).parent / "migrations")
VERSION = len(MIGRATIONS)


def tables_of(spark: Spark, schema: str, clock: Clock | None = None) -> Tables:
    """Return the tables of a schema, there or not."""
    parts = {"targets": TARGETS, "runs_in_order": RUNS_IN_ORDER}
    return Tables(spark, schema, (*TABLES, *VIEWS), parts, clock)


def version_of(tables: Tables) -> int:
    """Return the version of the schema, 0 without tables. Raises ``StoreError`` for a newer one."""
    if not tables.has("version"):
        return 0
    version = int(tables.query("SELECT max(version) FROM {version}")[0][0] or 0)
    if version > VERSION:
        raise StoreError(
            f"{tables.schema}: the store has schema version {version}, this aadsync knows versions up "
            f"to {VERSION}. It was not changed. Install the aadsync that wrote it, or a newer one."
        )
    return version


def migrate(tables: Tables, clock: Clock) -> None:
    """Make what is missing. Each statement may be run twice, because two processes may open a new schema at once."""
    version = version_of(tables)
    if version == VERSION:
        return
    tables.create(VERSION_TABLE)
    for migration in MIGRATIONS[version:]:
        for statement in migration:
            tables.create(statement)
    tables.append("version", "version INT, made_at TIMESTAMP", [(VERSION, moment(clock.now()))])
