"""What the tables of a Delta store tell."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from aadsync_lib.model.carried import JournalEntry, RunRecord
from aadsync_lib.model.change import Change
from aadsync_lib.model.codec import change_from_json
from aadsync_lib.model.link import Link, Links
from aadsync_lib.ports import Pending
from aadsync_lib.store.delta.session import Tables, micros, seconds
from aadsync_lib.store.read import entry_of, link_of


def read_links(tables: Tables, sync: str, target: str) -> Links:
    """Return the links of one sync on one target."""
    rows = tables.query(
        "SELECT kind, external_id, target_id, origin, name FROM {links}"
        " WHERE sync = :sync AND target = :target",
        sync=sync,
        target=target,
    )
    return Links([link_of(*row) for row in rows])


def read_done(tables: Tables, sync: str, target: str, ids: Collection[str]) -> tuple[Change, ...]:
    """Return what was done to these objects, members apart, oldest first."""
    if not ids:
        return ()
    rows = tables.query(
        "SELECT change FROM {outcomes} WHERE sync = :sync AND target = :target"
        " AND result = 'done' AND action NOT IN ('add_members', 'remove_members')"
        " AND array_contains(from_json(:ids, 'array<string>'), external_id) ORDER BY entry",
        sync=sync,
        target=target,
        ids=json.dumps(sorted(ids)),
    )
    return tuple(change_from_json(json.loads(change)) for (change,) in rows)


def read_pending(tables: Tables, sync: str, target: str) -> tuple[Pending, ...]:
    """Return what was announced and never settled, oldest first."""
    rows = tables.query(
        "SELECT entry, run_id, change FROM {pending}"
        " WHERE sync = :sync AND target = :target ORDER BY entry",
        sync=sync,
        target=target,
    )
    return tuple(
        Pending(entry, run_id, change_from_json(json.loads(change)))
        for entry, run_id, change in rows
    )


def read_runs(tables: Tables, sync: str) -> tuple[RunRecord, ...]:
    """Return the runs of one sync, newest first."""
    rows = tables.query(
        "SELECT run_id, digest, settings_digest, `full`, undoes, host, `user`,"
        " unix_micros(started_at), unix_micros(ended_at), status, report FROM {runs} WHERE sync = :sync"
        " ORDER BY started_at DESC, run_id DESC",
        sync=sync,
    )
    return tuple(_run(*row) for row in rows)


def read_entries(
    tables: Tables, sync: str, run_id: str | None, after: float | None
) -> tuple[JournalEntry, ...]:
    """Return what was settled, in the order in which it was announced."""
    rows = tables.query(
        "SELECT entry, run_id, target, change, result, error, unix_micros(announced_at),"
        " unix_micros(settled_at) FROM {outcomes} WHERE sync = :sync"
        " AND (:run_id IS NULL OR run_id = :run_id)"
        " AND (:after IS NULL OR settled_at > timestamp_micros(:after)) ORDER BY entry, target",
        sync=sync,
        run_id=run_id,
        after=None if after is None else micros(after),
    )
    return tuple(
        entry_of(entry, run, of, change, result, error, seconds(announced), seconds(settled))
        for entry, run, of, change, result, error, announced, settled in rows
    )


def read_targets(tables: Tables, sync: str) -> tuple[str, ...]:
    """Return the targets that the journal tells of."""
    rows = tables.query(
        "SELECT DISTINCT target FROM {journal} WHERE sync = :sync AND event IN"
        " ('announced', 'settled', 'linked', 'member_added', 'member_noted') ORDER BY target",
        sync=sync,
    )
    return tuple(target for (target,) in rows)


def read_shared(tables: Tables, sync: str, target: str) -> Mapping[str, str]:
    """Return what other syncs have linked on a target of this name, with the sync."""
    rows = tables.query(
        "SELECT target_id, sync FROM {links} WHERE target = :target AND sync <> :sync"
        " ORDER BY sync DESC",
        sync=sync,
        target=target,
    )
    return dict(rows)


def read_former(tables: Tables, sync: str, target: str) -> tuple[Link, ...]:
    """Return the links whose Entra object moved on, by id of the object it left."""
    rows = tables.query(
        "SELECT kind, external_id, target_id, origin, name FROM {former}"
        " WHERE sync = :sync AND target = :target ORDER BY target_id",
        sync=sync,
        target=target,
    )
    return tuple(link_of(*row) for row in rows)


def _run(
    run_id: str,
    digest: str,
    settings_digest: str,
    full: bool,
    undoes: str | None,
    host: str,
    user: str,
    started: int,
    ended: int | None,
    status: str,
    report: str | None,
) -> RunRecord:
    ended_at = None if ended is None else seconds(ended)
    return RunRecord(
        run_id,
        digest,
        settings_digest,
        full,
        undoes,
        host,
        user,
        seconds(started),
        ended_at,
        status,
        report,
    )
