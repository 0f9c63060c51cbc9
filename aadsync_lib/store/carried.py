"""What a run leaves behind whole for the next one: who is missing, what failed, what is held back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from aadsync_lib.model.carried import CarriedState, QuarantineRecord, Retry
from aadsync_lib.store.memberships import keep
from aadsync_lib.store.text import storable


def keep_memory(
    connection: sqlite3.Connection, sync: str, target: str, memory: CarriedState
) -> None:
    """Replace the parts that the memory has, and keep its memberships."""
    if memory.missing is not None:
        _keep_missing(connection, sync, target, memory.missing)
    if memory.retries is not None:
        _keep_retries(connection, sync, target, memory.retries)
    if memory.quarantine is not None:
        _keep_quarantine(connection, sync, target, memory.quarantine)
    keep(connection, sync, memory.memberships)


def read_missing(connection: sqlite3.Connection, sync: str, target: str) -> Mapping[str, float]:
    """Return since when linked objects are missing, by object id."""
    return dict(
        connection.execute(
            "SELECT external_id, missing_since FROM links"
            " WHERE sync = ? AND target = ? AND missing_since IS NOT NULL",
            (sync, target),
        )
    )


def read_retries(connection: sqlite3.Connection, sync: str, target: str) -> tuple[Retry, ...]:
    """Return the changes that failed, by key."""
    rows = connection.execute(
        "SELECT key, external_id, name, error, failures, waited, first, last FROM retries"
        " WHERE sync = ? AND target = ? ORDER BY key",
        (sync, target),
    )
    return tuple(Retry(*row) for row in rows)


def read_quarantine(
    connection: sqlite3.Connection, sync: str, target: str
) -> tuple[QuarantineRecord, ...]:
    """Return what is held back, by name."""
    rows = connection.execute(
        "SELECT external_id, name, reason, first_seen, last_seen, times FROM quarantine"
        " WHERE sync = ? AND target = ? ORDER BY name, external_id",
        (sync, target),
    )
    return tuple(QuarantineRecord(*row) for row in rows)


def _keep_missing(
    connection: sqlite3.Connection, sync: str, target: str, missing: Mapping[str, float]
) -> None:
    """Note it at the links themselves, so that it ends with them."""
    connection.execute(
        "UPDATE links SET missing_since = NULL"
        " WHERE sync = ? AND target = ? AND missing_since IS NOT NULL",
        (sync, target),
    )
    connection.executemany(
        "UPDATE links SET missing_since = ? WHERE sync = ? AND target = ? AND external_id = ?",
        ((since, sync, target, external_id) for external_id, since in missing.items()),
    )


def _keep_retries(
    connection: sqlite3.Connection, sync: str, target: str, retries: Iterable[Retry]
) -> None:
    connection.execute("DELETE FROM retries WHERE sync = ? AND target = ?", (sync, target))
    connection.executemany(
        "INSERT INTO retries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                sync,
                target,
                one.key,
                one.external_id,
                storable(one.name),
                storable(one.error),
                one.failures,
                one.waited,
                one.first,
                one.last,
            )
            for one in retries
        ),
    )


def _keep_quarantine(
    connection: sqlite3.Connection, sync: str, target: str, records: Iterable[QuarantineRecord]
) -> None:
    connection.execute("DELETE FROM quarantine WHERE sync = ? AND target = ?", (sync, target))
    connection.executemany(
        "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                sync,
                target,
                one.external_id,
                storable(one.name),
                storable(one.reason),
                one.first_seen,
                one.last_seen,
                one.times,
            )
            for one in records
        ),
    )
