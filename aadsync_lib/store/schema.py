"""The tables of a store, as numbered migrations.

Times are seconds since the epoch, UTC. ``links.run_id`` names the run that made the link and
outlives the row of that run, so it is no foreign key. ``memberships`` are intervals: the journal
would tell who was added and removed, too, but may be cut off by age. ``former`` are target objects
that an Entra object left for another one.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from aadsync_lib.errors import StoreError

APPLICATION = 0x61616473  # "aads" in the file's header tells our files from other programs'

RUNNING = """
CREATE TABLE links (
  sync TEXT NOT NULL, target TEXT NOT NULL, kind TEXT NOT NULL,
  external_id TEXT NOT NULL, target_id TEXT NOT NULL,
  origin TEXT NOT NULL, name TEXT NOT NULL,
  linked_at REAL NOT NULL, run_id TEXT,
  PRIMARY KEY (sync, target, external_id),
  UNIQUE (sync, target, target_id)
) WITHOUT ROWID;
CREATE TABLE runs (
  run_id TEXT PRIMARY KEY, sync TEXT NOT NULL,
  digest TEXT NOT NULL, settings_digest TEXT NOT NULL, "full" INTEGER NOT NULL,
  host TEXT NOT NULL, "user" TEXT NOT NULL,
  started_at REAL NOT NULL, ended_at REAL,
  status TEXT NOT NULL, report TEXT
);
CREATE INDEX runs_by_time ON runs (sync, started_at);
CREATE TABLE journal (
  entry INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (run_id),
  sync TEXT NOT NULL, target TEXT NOT NULL, action TEXT NOT NULL,
  external_id TEXT, target_id TEXT, name TEXT NOT NULL,
  change TEXT NOT NULL, announced_at REAL NOT NULL,
  result TEXT, error TEXT, settled_at REAL
);
CREATE INDEX journal_by_run ON journal (run_id, entry);
CREATE INDEX journal_pending ON journal (sync, target, entry) WHERE result IS NULL;
CREATE TABLE leases (
  sync TEXT NOT NULL, target TEXT NOT NULL,
  fence INTEGER NOT NULL, run_id TEXT,
  holder TEXT NOT NULL, since REAL NOT NULL, renewed_at REAL NOT NULL, expires_at REAL NOT NULL,
  PRIMARY KEY (sync, target)
);
"""

REMEMBERING = """
ALTER TABLE links ADD COLUMN missing_since REAL;
CREATE TABLE members (
  sync TEXT NOT NULL, target TEXT NOT NULL, group_external_id TEXT NOT NULL,
  member_target_id TEXT NOT NULL, added_at REAL NOT NULL, run_id TEXT NOT NULL,
  PRIMARY KEY (sync, target, group_external_id, member_target_id)
) WITHOUT ROWID;
CREATE TABLE quarantine (
  sync TEXT NOT NULL, target TEXT NOT NULL, external_id TEXT NOT NULL,
  name TEXT NOT NULL, reason TEXT NOT NULL,
  first_seen REAL NOT NULL, last_seen REAL NOT NULL, times INTEGER NOT NULL,
  PRIMARY KEY (sync, target, external_id)
);
CREATE TABLE cursors (
  sync TEXT NOT NULL, kind TEXT NOT NULL, settings_digest TEXT NOT NULL,
  delta_link TEXT NOT NULL, saved_at REAL NOT NULL, run_id TEXT,
  PRIMARY KEY (sync, kind)
);
"""

# Nothing ever wrote to the first ``quarantine``, which had no place for who has no external id.
KNOWING = """
ALTER TABLE runs ADD COLUMN undoes TEXT;
CREATE TABLE memberships (
  sync TEXT NOT NULL, target TEXT NOT NULL,
  group_external_id TEXT NOT NULL, member_target_id TEXT NOT NULL, since REAL NOT NULL,
  group_name TEXT NOT NULL, member_external_id TEXT, member_name TEXT NOT NULL, type TEXT NOT NULL,
  how TEXT NOT NULL, run_id TEXT NOT NULL,
  until REAL, ending TEXT, ended_by TEXT,
  PRIMARY KEY (sync, target, group_external_id, member_target_id, since)
) WITHOUT ROWID;
CREATE INDEX memberships_open ON memberships (sync, target, member_target_id)
  WHERE until IS NULL OR ending = 'lost';
INSERT INTO memberships
SELECT m.sync, m.target, m.group_external_id, m.member_target_id, m.added_at,
  coalesce(g.name, m.group_external_id), l.external_id, coalesce(l.name, m.member_target_id),
  coalesce(l.kind, 'user'), 'added', m.run_id, NULL, NULL, NULL
FROM members m
LEFT JOIN links g ON g.sync = m.sync AND g.target = m.target AND g.external_id = m.group_external_id
LEFT JOIN links l ON l.sync = m.sync AND l.target = m.target AND l.target_id = m.member_target_id;
DROP TABLE members;
CREATE TABLE former (
  sync TEXT NOT NULL, target TEXT NOT NULL, target_id TEXT NOT NULL,
  kind TEXT NOT NULL, external_id TEXT NOT NULL, origin TEXT NOT NULL, name TEXT NOT NULL,
  PRIMARY KEY (sync, target, target_id)
) WITHOUT ROWID;
CREATE TABLE retries (
  sync TEXT NOT NULL, target TEXT NOT NULL, key TEXT NOT NULL, external_id TEXT,
  name TEXT NOT NULL, error TEXT NOT NULL, failures INTEGER NOT NULL, waited INTEGER NOT NULL,
  first REAL NOT NULL, last REAL NOT NULL
);
CREATE INDEX retries_by_target ON retries (sync, target);
DROP TABLE quarantine;
CREATE TABLE quarantine (
  sync TEXT NOT NULL, target TEXT NOT NULL, external_id TEXT, name TEXT NOT NULL,
  reason TEXT NOT NULL, first_seen REAL NOT NULL, last_seen REAL NOT NULL, times INTEGER NOT NULL
);
CREATE INDEX quarantine_by_target ON quarantine (sync, target);
"""

MIGRATIONS = (RUNNING, REMEMBERING, KNOWING)
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
            for statement in filter(None, map(str.strip, migration.split(";"))):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {to}")
