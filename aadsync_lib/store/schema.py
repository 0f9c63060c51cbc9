"""The tables of a store, as numbered migrations (``migrations/*.sql``)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from aadsync_lib.errors import StoreError
from aadsync_lib.store.sql import migrations_in

APPLICATION = 0x61616473  # "aads" in the file's header tells our files from other programs'

MIGRATIONS = migrations_in(Path(__file__).parent / "migrations")
VERSION = len(MIGRATIONS)


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """Return the schema version, 0 for an empty file.

    Belongs inside a transaction, because another process may be making the file. Raises ``StoreError`` for the file of another program and for one of a newer aadsync.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if owner != APPLICATION and (version or not empty):
        raise StoreError(
            f"{path}: this SQLite database belongs to another program. It was not changed. "
            f"Name another file in store.sqlite."
        )
    if version > VERSION:
        raise StoreError(
            f"{path}: the store has schema version {version}, this aadsync knows versions up to "
            f"{VERSION}. It was not changed. Install the aadsync that wrote it, or a newer one."
        )
    return version


def migrate(connection: sqlite3.Connection, path: Path, *, to: int = VERSION) -> None:
    """Bring the tables to a version, all migrations or none.

    The version is read under the write lock, because two processes may open a new file at once.
    """
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for migration in MIGRATIONS[version_of(connection, path) : to]:
            for statement in migration:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {to}")
