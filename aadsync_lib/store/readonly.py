"""The SQLite store as ``plan`` reads it: nothing on disk changes, not even SQLite's own side files."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from aadsync_lib.store.database import BUSY, explained, select
from aadsync_lib.store.leasing import Held
from aadsync_lib.store.process import Process
from aadsync_lib.store.reader import SqlReader
from aadsync_lib.store.records import Row
from aadsync_lib.store.schema import VERSION, migrate, version_of

T = TypeVar("T")


def open_for_plan(path: Path, sync: str, places: Mapping[str, str] | None = None) -> PlanStore:
    """Return the store to plan with. A file that is not there is an empty store, and stays away."""
    reader = PlanStore(Path(path), sync, places)
    reader.check()
    return reader


class PlanStore(SqlReader):
    """Implements ``ports.HistoryReader``. Opens the file afresh for each read, because a run may begin or end in between."""

    def __init__(self, path: Path, sync: str, places: Mapping[str, str] | None = None) -> None:
        self._path = path.resolve()  # SQLite keeps its log beside the file, not beside a link to it
        self.sync = sync
        self.places = places or {}

    def check(self) -> None:
        """Raise ``StoreError`` unless this is a store that can be read, or absent."""
        self._read(tuple, "SELECT :sync")

    def leases(self) -> tuple[Held, ...]:
        """Leases that are held, or whose holder died."""
        statement = (
            "SELECT target, holder, since, expires_at FROM leases"
            " WHERE sync = :sync AND run_id IS NOT NULL"
        )
        return self._all(_held, statement)

    def _query(
        self, build: Callable[[Iterable[Row]], T], statement: str, args: Mapping[str, object]
    ) -> T:
        """Read once more when a run changed the files meanwhile: an immutable read sees no locks."""
        with explained(self._path):
            if self._path.is_dir():
                raise IsADirectoryError("it is a directory")
            while self._path.exists():
                logged = _has_log(self._path)
                before = _state(self._path)
                try:
                    with _current(self._path, logged=logged) as connection:
                        answer = build(select(connection, statement, args))
                except (sqlite3.DatabaseError, FileNotFoundError):
                    if _state(self._path) == before:
                        raise
                else:
                    if logged or _state(self._path) == before:
                        return answer
            return build(())


def _held(target: str, holder: str, since: float, expires_at: float) -> Held:
    return Held(target, str(Process.from_json(holder)), since, expires_at)


@contextmanager
def _current(path: Path, *, logged: bool) -> Iterator[sqlite3.Connection]:
    """Yield a connection to the newest schema; an older file is brought there in memory only."""
    with _as_it_is(path, logged=logged) as connection:
        connection.execute("BEGIN")
        if version_of(connection, path) == VERSION:
            yield connection
            return
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
            connection.backup(copy)
            migrate(copy, path)
            yield copy


@contextmanager
def _as_it_is(path: Path, *, logged: bool) -> Iterator[sqlite3.Connection]:
    """Yield a connection that touches nothing: without its two options SQLite rewrites the -shm file."""
    if not logged:
        options = "immutable=1"
    elif _beside(path, "-shm").exists():
        options = "readonly_shm=1"
    else:  # a file and its log as a backup has them: SQLite cannot read these without a -shm file
        with tempfile.TemporaryDirectory(prefix="aadsync-") as directory:
            copy = Path(directory, "store.db")
            shutil.copyfile(path, copy)
            shutil.copyfile(_beside(path, "-wal"), _beside(copy, "-wal"))
            with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
                yield connection
        return
    uri = f"{path.as_uri()}?mode=ro&{options}"
    with closing(sqlite3.connect(uri, timeout=BUSY, isolation_level=None, uri=True)) as connection:
        yield connection


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _has_log(path: Path) -> bool:
    log = _beside(path, "-wal")
    return log.exists() and log.stat().st_size > 0


def _state(path: Path) -> tuple[object, ...]:
    main = path.stat()
    return main.st_mtime_ns, main.st_size, main.st_ino, _has_log(path)
