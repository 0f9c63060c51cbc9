"""What a store tells, from a connection that may be read-only."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from aadsync_lib.model.codec import change_from_json
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Links, Origin
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import Pending
from aadsync_lib.store.process import Process

KINDS = {kind.value: kind for kind in Kind}
ORIGINS = {origin.value: origin for origin in Origin}


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the store keeps it.

    ``status`` is ``"running"`` and ``ended_at`` and ``report`` are ``None`` until it ends, and stay so
    when it was killed. Times are seconds since the epoch.
    """

    run_id: str
    digest: str
    settings_digest: str
    full: bool
    host: str
    user: str
    started_at: float
    ended_at: float | None
    status: str
    report: str | None


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
    return Links(
        [
            Link(KINDS[kind], external_id, target_id, ORIGINS[origin], name)
            for kind, external_id, target_id, origin, name in rows
        ]
    )


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


def read_added(
    connection: sqlite3.Connection, sync: str, target: str
) -> Mapping[str, frozenset[str]]:
    """Return the members this sync added and did not remove, by the group's object id."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    rows = connection.execute(
        "SELECT group_external_id, member_target_id FROM members WHERE sync = ? AND target = ?",
        (sync, target),
    )
    for group, member in rows:
        found[group].append(member)
    return {group: frozenset(members) for group, members in found.items()}


def read_runs(connection: sqlite3.Connection, sync: str) -> tuple[RunRecord, ...]:
    """Return the runs of one sync, newest first."""
    rows = connection.execute(
        'SELECT run_id, digest, settings_digest, "full", host, "user", started_at, ended_at,'
        " status, report FROM runs WHERE sync = ? ORDER BY started_at DESC, run_id DESC",
        (sync,),
    )
    return tuple(
        RunRecord(run_id, digest, settings_digest, bool(full), *rest)
        for run_id, digest, settings_digest, full, *rest in rows
    )


def read_outcomes(connection: sqlite3.Connection, sync: str, run_id: str) -> tuple[Outcome, ...]:
    """Return what a run did, in the order in which it was announced."""
    rows = connection.execute(
        "SELECT change, result, error FROM journal"
        " WHERE sync = ? AND run_id = ? AND result IS NOT NULL ORDER BY entry",
        (sync, run_id),
    )
    return tuple(
        Outcome(change_from_json(json.loads(change)), Result(result), error)
        for change, result, error in rows
    )
