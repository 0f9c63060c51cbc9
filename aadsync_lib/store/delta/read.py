"""What the tables of a Delta store tell."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping

from aadsync_lib.model.codec import change_from_json
from aadsync_lib.model.link import Link, Links
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import Pending
from aadsync_lib.store.delta.session import Tables, seconds
from aadsync_lib.store.read import KINDS, ORIGINS, RunRecord


def read_links(tables: Tables, sync: str, target: str) -> Links:
    """Return the links of one sync on one target."""
    rows = tables.query(
        "SELECT kind, external_id, target_id, origin, name FROM {links}"
        " WHERE sync = :sync AND target = :target",
        sync=sync,
        target=target,
    )
    return Links(
        [
            Link(KINDS[kind], external_id, target_id, ORIGINS[origin], name)
            for kind, external_id, target_id, origin, name in rows
        ]
    )


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


def read_added(tables: Tables, sync: str, target: str) -> Mapping[str, frozenset[str]]:
    """Return the members this sync added and did not remove, by the group's object id."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    rows = tables.query(
        "SELECT group_external_id, member_target_id FROM {members}"
        " WHERE sync = :sync AND target = :target",
        sync=sync,
        target=target,
    )
    for group, member in rows:
        found[group].append(member)
    return {group: frozenset(members) for group, members in found.items()}


def read_runs(tables: Tables, sync: str) -> tuple[RunRecord, ...]:
    """Return the runs of one sync, newest first."""
    rows = tables.query(
        "SELECT run_id, digest, settings_digest, `full`, host, `user`, unix_micros(started_at),"
        " unix_micros(ended_at), status, report FROM {runs} WHERE sync = :sync"
        " ORDER BY started_at DESC, run_id DESC",
        sync=sync,
    )
    return tuple(_run(*row) for row in rows)


def read_outcomes(tables: Tables, sync: str, run_id: str) -> tuple[Outcome, ...]:
    """Return what a run did, in the order in which it was announced."""
    rows = tables.query(
        "SELECT change, result, error FROM {outcomes}"
        " WHERE sync = :sync AND run_id = :run_id ORDER BY entry, target",
        sync=sync,
        run_id=run_id,
    )
    return tuple(
        Outcome(change_from_json(json.loads(change)), Result(result), error)
        for change, result, error in rows
    )


def _run(
    run_id: str,
    digest: str,
    settings_digest: str,
    full: bool,
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
        host,
        user,
        seconds(started),
        ended_at,
        status,
        report,
    )
