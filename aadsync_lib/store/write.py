"""What a store records. Each function is a part of one transaction of its caller."""

from __future__ import annotations

import json
import sqlite3

from aadsync_lib.errors import StoreError
from aadsync_lib.model.change import Change
from aadsync_lib.model.codec import change_to_json
from aadsync_lib.model.link import Link
from aadsync_lib.model.run import Outcome
from aadsync_lib.store.memberships import end_group, prune_memberships
from aadsync_lib.store.text import storable


def add_entry(
    connection: sqlite3.Connection, sync: str, target: str, run_id: str, change: Change, now: float
) -> int:
    """Add a journal entry without a result and return its number."""
    cursor = connection.execute(
        "INSERT INTO journal (run_id, sync, target, action, external_id, target_id, name, change,"
        " announced_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run_id,
            sync,
            target,
            change.action.value,
            change.external_id,
            change.target_id,
            storable(change.name),
            _json(change),
            now,
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def settle_entry(
    connection: sqlite3.Connection, sync: str, target: str, entry: int, outcome: Outcome, now: float
) -> str:
    """Record what came of an entry and return the run that announced it."""
    row = connection.execute(
        "SELECT run_id FROM journal WHERE entry = ? AND sync = ? AND target = ?",
        (entry, sync, target),
    ).fetchone()
    if row is None:
        raise StoreError(
            f"{target}: the journal of sync {sync} has no entry {entry}, so its outcome was not "
            f"recorded. Was the store replaced during the run? Run again to find out what was done."
        )
    change = outcome.change
    connection.execute(
        "UPDATE journal SET result = ?, error = ?, settled_at = ?, change = ?,"
        " target_id = coalesce(?, target_id) WHERE entry = ?",
        (
            outcome.result.value,
            outcome.error and storable(outcome.error),
            now,
            _json(change),
            change.target_id,
            entry,
        ),
    )
    return str(row[0])


def add_link(
    connection: sqlite3.Connection,
    sync: str,
    target: str,
    link: Link,
    run_id: str | None,
    now: float,
) -> None:
    """Add a link, or bring it up to date: a new name of the same object keeps when and by whom it was linked."""
    clash = connection.execute(
        "SELECT external_id FROM links"
        " WHERE sync = ? AND target = ? AND target_id = ? AND external_id <> ?",
        (sync, target, link.target_id, link.external_id),
    ).fetchone()
    if clash is not None:
        raise StoreError(
            f"{target}: {link.kind.value} {link.target_id} is linked to Entra object {clash[0]} and "
            f"cannot be linked to {link.external_id} as well. Nothing of this step was recorded. "
            f"Run again: what was sent is looked up on the target first."
        )
    _leave(connection, sync, target, link, run_id, now)
    connection.execute(
        "INSERT INTO links (sync, target, kind, external_id, target_id, origin, name, linked_at, run_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (sync, target, external_id) DO UPDATE SET"
        " linked_at = iif(target_id = excluded.target_id, linked_at, excluded.linked_at),"
        " run_id = iif(target_id = excluded.target_id, run_id, excluded.run_id),"
        " missing_since = iif(target_id = excluded.target_id, missing_since, NULL),"
        " kind = excluded.kind, origin = excluded.origin, name = excluded.name,"
        " target_id = excluded.target_id",
        (
            sync,
            target,
            link.kind.value,
            link.external_id,
            link.target_id,
            link.origin.value,
            storable(link.name),
            now,
            run_id,
        ),
    )


def _leave(
    connection: sqlite3.Connection,
    sync: str,
    target: str,
    link: Link,
    run_id: str | None,
    now: float,
) -> None:
    """Keep the object that this Entra object had until now as a former one of it."""
    moved = connection.execute(
        "INSERT INTO former SELECT sync, target, target_id, kind, external_id, origin, name"
        " FROM links WHERE sync = ? AND target = ? AND external_id = ? AND target_id <> ?"
        " ON CONFLICT DO UPDATE SET kind = excluded.kind, external_id = excluded.external_id,"
        " origin = excluded.origin, name = excluded.name",
        (sync, target, link.external_id, link.target_id),
    )
    if moved.rowcount:
        end_group(connection, sync, target, link.external_id, run_id, now)
    forget_former(connection, sync, target, link.target_id)


def forget_former(
    connection: sqlite3.Connection, sync: str, target: str, target_id: str | None
) -> None:
    """Forget that an object is a former one: it is linked again, or deleted."""
    connection.execute(
        "DELETE FROM former WHERE sync = ? AND target = ? AND target_id = ?",
        (sync, target, target_id),
    )


def remove_link(
    connection: sqlite3.Connection,
    sync: str,
    target: str,
    external_id: str,
    run_id: str | None,
    now: float,
) -> None:
    """Remove a link and end what hangs on it; one that is not there counts as removed."""
    end_group(connection, sync, target, external_id, run_id, now)
    connection.execute(
        "DELETE FROM links WHERE sync = ? AND target = ? AND external_id = ?",
        (sync, target, external_id),
    )


def prune(connection: sqlite3.Connection, sync: str, before: float) -> None:
    """Delete what was settled before, and the runs that ended before and have nothing left."""
    connection.execute(
        "DELETE FROM journal WHERE sync = ? AND result IS NOT NULL AND settled_at < ?",
        (sync, before),
    )
    prune_memberships(connection, sync, before)
    connection.execute(
        "DELETE FROM runs WHERE sync = ? AND ended_at < ?"
        " AND NOT EXISTS (SELECT 1 FROM journal WHERE journal.run_id = runs.run_id)",
        (sync, before),
    )


def _json(change: Change) -> str:
    return json.dumps(change_to_json(change), separators=(",", ":"))
