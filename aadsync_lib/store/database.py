"""A SQLite file: its connection that many threads share, its SQL, its errors in an operator's words."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aadsync_lib.errors import StoreError
from aadsync_lib.own_words import joined, own
from aadsync_lib.ports import Clock
from aadsync_lib.store.reader import Dialect, Fragment
from aadsync_lib.store.schema import VERSION, migrate, version_of

OWNER_ONLY = 0o600
MEMORY = ":memory:"  # SQLite's name of what is no file
BUSY = 10.0  # seconds to wait for the lock of another process

DIALECT: Dialect = {
    "links": "links",
    "places": "places",
    "roots": "roots",
    "connector_states": "connector_states",
    "checkpoints": "checkpoints",
    "mirrors": "mirrors",
    "former": "former",
    "memberships": "memberships",
    "runs": "runs",
    "runs_in_order": "runs",
    "retries": "retries",
    "quarantine": "quarantine",
    "pending": "(SELECT * FROM journal WHERE result IS NULL)",
    "outcomes": "(SELECT * FROM journal WHERE result IS NOT NULL)",
    "missing": "(SELECT *, missing_since AS since FROM links WHERE missing_since IS NOT NULL)",
    "targets": "(SELECT sync, target FROM links UNION SELECT sync, target FROM memberships"
    " UNION SELECT sync, target FROM journal)",
    "seconds": Fragment("?"),
    "time": Fragment(":?"),
    "listed": Fragment("? IN (SELECT replace(value, char(65535), char(0)) FROM json_each(:ids))"),
    # SQLite takes the other columns from the row of the highest ``since``.
    "newest": "GROUP BY group_external_id, member_target_id HAVING max(since) IS NOT NULL",
}

DAMAGED = own(
    "Restore it from a backup; without one, move it away and run 'aadsync plan' to see which "
    "objects a new store would adopt."
)
UNUSABLE = (
    "Check that this is a file in an existing directory and that you may read and write both."
)
DEFECT = "Nothing of this step was recorded. Please report this, it is a defect of aadsync."
REMEDIES = {
    sqlite3.SQLITE_BUSY: f"Another process has kept it locked for {BUSY:.0f} s; try again.",
    sqlite3.SQLITE_CANTOPEN: UNUSABLE,
    sqlite3.SQLITE_READONLY: UNUSABLE,
    sqlite3.SQLITE_PERM: UNUSABLE,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_FULL: "Free some disk space and run again.",
    sqlite3.SQLITE_IOERR: "Check the disk, and that the file is not on a network share.",
}


def select(
    connection: sqlite3.Connection, statement: str, args: Mapping[str, object]
) -> sqlite3.Cursor:
    """Return the rows of a statement of the reader. A NUL is hidden: ``json_each`` ends a text there."""
    lists = {
        name: json.dumps([text.replace("\0", "\uffff") for text in value])
        for name, value in args.items()
        if isinstance(value, list)
    }
    return connection.execute(statement.format_map(DIALECT), {**args, **lists})


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise into a ``StoreError`` with path and remedy."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        code = getattr(error, "sqlite_errorcode", None)
        default = UNUSABLE if isinstance(error, OSError) else DEFECT
        remedy = default if code is None else REMEDIES.get(code & 0xFF, default)
        raise StoreError(
            joined(f"{path}: the store could not be used: {error}. ", remedy)
        ) from error


def _make(path: Path) -> None:
    """Make the file for its owner alone where it is not there: it names people. What SQLite puts beside it is like it.

    SQLite tells what stands in the way.
    """
    if str(path) != MEMORY and not path.exists():
        with suppress(OSError):
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, OWNER_ONLY))


class Database:
    """A file of the newest schema, in WAL mode, made when it is not there."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._lock = threading.RLock()
        with explained(path):
            _make(path)
            self._connection = sqlite3.connect(
                path, timeout=BUSY, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(clock)
            except BaseException:
                self._connection.close()
                raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Do all of the block or nothing of it, and nothing else at the same time."""
        with explained(self.path), self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read what is committed."""
        with explained(self.path), self._lock:
            yield self._connection

    def close(self) -> None:
        """Close the connection; using it afterwards is a ``StoreError``."""
        with self._lock:
            self._connection.close()

    def _prepare(self, clock: Clock) -> None:
        execute = self._connection.execute
        with self._connection:
            execute("BEGIN")
            version = version_of(self._connection, self.path)
        mode = self._wal(clock)
        if mode != "wal":
            raise StoreError(
                f"{self.path}: this file system gives SQLite the journal mode '{mode}', not 'wal', "
                f"so a crash could lose records. Put the store on a local disk."
            )
        execute("PRAGMA synchronous = NORMAL")
        execute("PRAGMA foreign_keys = ON")
        if version < VERSION:
            migrate(self._connection, self.path)

    def _wal(self, clock: Clock) -> str:
        """Switch to WAL. SQLite does not wait by itself when two processes do this at once."""
        deadline = clock.monotonic() + BUSY
        while True:
            try:
                return str(self._connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or clock.monotonic() >= deadline:
                    raise
            clock.sleep(0.05)


@dataclass(frozen=True, slots=True)
class TargetWriter:
    """Statements about one target in one transaction; they may use ``:sync``, ``:target`` and ``:now``."""

    connection: sqlite3.Connection
    sync: str
    target: str
    now: float

    def run(self, statement: str, **args: object) -> sqlite3.Cursor:
        """Run a statement."""
        return self.connection.execute(statement, self._common | args)

    def run_each(self, statement: str, rows: Iterable[dict[str, object]]) -> None:
        """Run a statement for each of some rows."""
        self.connection.executemany(statement, (self._common | row for row in rows))

    @property
    def _common(self) -> dict[str, object]:
        return {"sync": self.sync, "target": self.target, "now": self.now}
