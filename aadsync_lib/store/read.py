"""What a store tells, from a connection that may be read-only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from aadsync_lib.model.carried import JournalEntry, RunRecord
from aadsync_lib.model.change import Change
from aadsync_lib.model.codec import change_from_json
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Links, Origin
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import Pending
from aadsync_lib.store.process import Process

KINDS = {kind.value: kind for kind in Kind}
ORIGINS = {origin.value: origin for origin in Origin}

TARGETS = """
SELECT target FROM links WHERE sync = :sync
UNION SELECT target FROM memberships WHERE sync = :sync
UNION SELECT target FROM journal WHERE sync = :sync ORDER BY target
"""

DONE = """
SELECT change FROM journal WHERE sync = :sync AND target = :target AND result = 'done'
  AND action NOT IN ('add_members', 'remove_members')
  AND external_id IN (SELECT value FROM json_each(:ids)) ORDER BY entry
"""

ENTRIES = """
SELECT entry, run_id, target, change, result, error, announced_at, settled_at FROM journal
WHERE sync = :sync AND result IS NOT NULL AND (:after IS NULL OR settled_at > :after)
ORDER BY entry
"""
ENTRIES_OF_RUN = """
SELECT entry, run_id, target, change, result, error, announced_at, settled_at FROM journal
WHERE run_id = :run_id AND sync = :sync AND result IS NOT NULL
  AND (:after IS NULL OR settled_at > :after) ORDER BY entry
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A lease that was not released: its holder in words, since when, until when (epoch seconds)."""

    target: str
    holder: str
    since: float
    expires_at: float


def read_leases(connection: sqlite3.Connection, sync: str) -> tuple[Held, ...]:
    """Return the leases of one sync that are held, or whose holder died."""
    rows = connection.execute(
        "SELECT target, holder, since, expires_at FROM leases"
        " WHERE sync = ? AND run_id IS NOT NULL",
        (sync,),
    )
    return tuple(
        Held(target, str(Process.from_json(holder)), since, expires_at)
        for target, holder, since, expires_at in rows
    )


def read_links(connection: sqlite3.Connection, sync: str, target: str) -> Links:
    """Return the links of one sync on one target."""
    rows = connection.execute(
        "SELECT kind, external_id, target_id, origin, name FROM links"
        " WHERE sync = ? AND target = ?",
        (sync, target),
    )
    return Links([link_of(*row) for row in rows])


def read_done(
    connection: sqlite3.Connection, sync: str, target: str, ids: Collection[str]
) -> tuple[Change, ...]:
    """Return what was done to these objects, members apart, oldest first."""
    asked = {"sync": sync, "target": target, "ids": json.dumps(sorted(ids))}
    rows = connection.execute(DONE, asked) if ids else ()
    return tuple(change_from_json(json.loads(change)) for (change,) in rows)


def read_pending(connection: sqlite3.Connection, sync: str, target: str) -> tuple[Pending, ...]:
    """Return what was announced and never settled, oldest first."""
    rows = connection.execute(
        "SELECT entry, run_id, change FROM journal"
        " WHERE sync = ? AND target = ? AND result IS NULL ORDER BY entry",
        (sync, target),
    )
    return tuple(
        Pending(entry, run_id, change_from_json(json.loads(change)))
        for entry, run_id, change in rows
    )


def read_shared(connection: sqlite3.Connection, sync: str, target: str) -> Mapping[str, str]:
    """Return what other syncs have linked on a target of this name, with the sync."""
    return dict(
        connection.execute(
            "SELECT target_id, sync FROM links WHERE target = ? AND sync <> ? ORDER BY sync DESC",
            (target, sync),
        )
    )


def read_former(connection: sqlite3.Connection, sync: str, target: str) -> tuple[Link, ...]:
    """Return the links whose Entra object moved on, by id of the object it left."""
    rows = connection.execute(
        "SELECT kind, external_id, target_id, origin, name FROM former"
        " WHERE sync = ? AND target = ? ORDER BY target_id",
        (sync, target),
    )
    return tuple(link_of(*row) for row in rows)


def read_targets(connection: sqlite3.Connection, sync: str) -> tuple[str, ...]:
    """Return the targets of which anything is known."""
    rows = connection.execute(TARGETS, {"sync": sync})
    return tuple(target for (target,) in rows)


def read_runs(connection: sqlite3.Connection, sync: str) -> tuple[RunRecord, ...]:
    """Return the runs of one sync, newest first."""
    rows = connection.execute(
        'SELECT run_id, digest, settings_digest, "full", undoes, host, "user", started_at,'
        " ended_at, status, report FROM runs WHERE sync = ? ORDER BY started_at DESC, run_id DESC",
        (sync,),
    )
    return tuple(
        RunRecord(run_id, digest, settings_digest, bool(full), *rest)
        for run_id, digest, settings_digest, full, *rest in rows
    )


def read_entries(
    connection: sqlite3.Connection, sync: str, run_id: str | None, after: float | None
) -> tuple[JournalEntry, ...]:
    """Return what was settled, in the order in which it was announced."""
    query = ENTRIES if run_id is None else ENTRIES_OF_RUN
    rows = connection.execute(query, {"sync": sync, "run_id": run_id, "after": after})
    return tuple(entry_of(*row) for row in rows)


def entry_of(
    entry: int,
    run_id: str,
    target: str,
    change: str,
    result: str,
    error: str | None,
    announced_at: float,
    settled_at: float,
) -> JournalEntry:
    """Return an entry of the journal from its columns."""
    outcome = Outcome(change_from_json(json.loads(change)), Result(result), error)
    return JournalEntry(entry, run_id, target, outcome, announced_at, settled_at)


def link_of(kind: str, external_id: str, target_id: str, origin: str, name: str) -> Link:
    """Return a link from its columns."""
    return Link(KINDS[kind], external_id, target_id, ORIGINS[origin], name)
