"""What the tables of a Delta store tell of memberships, and what earlier runs left behind."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping

from aadsync_lib.model.carried import Membership, QuarantineRecord, Retry
from aadsync_lib.store.delta.session import Row, Tables, micros, seconds
from aadsync_lib.store.members import built

LATEST = """
SELECT target, group_external_id, group_name, member_external_id, member_target_id, member_name,
  type, how, unix_micros(since), run_id, unix_micros(until), ending, ended_by
FROM {memberships} WHERE sync = :sync AND target = :target AND newest
  AND array_contains(from_json(:groups, 'array<string>'), group_external_id)
ORDER BY group_external_id, member_target_id
"""
AT = """
SELECT target, group_external_id, group_name, member_external_id, member_target_id, member_name,
  type, how, unix_micros(since), run_id, unix_micros(until), ending, ended_by
FROM {memberships} WHERE sync = :sync AND since <= timestamp_micros(:at)
  AND (until IS NULL OR until > timestamp_micros(:at))
ORDER BY target, group_external_id, member_target_id
"""


def read_latest(
    tables: Tables, sync: str, target: str, groups: Collection[str]
) -> tuple[Membership, ...]:
    """Return the latest interval of each member of these groups."""
    asked = json.dumps(sorted(groups))
    return (
        _memberships(tables.query(LATEST, sync=sync, target=target, groups=asked)) if groups else ()
    )


def read_at(tables: Tables, sync: str, at: float) -> tuple[Membership, ...]:
    """Return what was open at a time."""
    return _memberships(tables.query(AT, sync=sync, at=micros(at)))


def read_missing(tables: Tables, sync: str, target: str) -> Mapping[str, float]:
    """Return since when linked objects are missing, by object id."""
    rows = tables.query(
        "SELECT external_id, unix_micros(since) FROM {missing}"
        " WHERE sync = :sync AND target = :target",
        sync=sync,
        target=target,
    )
    return {external_id: seconds(since) for external_id, since in rows}


def read_retries(tables: Tables, sync: str, target: str) -> tuple[Retry, ...]:
    """Return the changes that failed, by key."""
    rows = tables.query(
        "SELECT key, external_id, name, error, failures, waited, unix_micros(first),"
        " unix_micros(last) FROM {retries} WHERE sync = :sync AND target = :target ORDER BY key",
        sync=sync,
        target=target,
    )
    return tuple(
        Retry(key, external_id, name, error, failures, waited, seconds(first), seconds(last))
        for key, external_id, name, error, failures, waited, first, last in rows
    )


def read_quarantine(tables: Tables, sync: str, target: str) -> tuple[QuarantineRecord, ...]:
    """Return what is held back, by name."""
    rows = tables.query(
        "SELECT external_id, name, reason, unix_micros(first_seen), unix_micros(last_seen), times"
        " FROM {quarantine} WHERE sync = :sync AND target = :target ORDER BY name, external_id",
        sync=sync,
        target=target,
    )
    return tuple(
        QuarantineRecord(external_id, name, reason, seconds(first), seconds(last), times)
        for external_id, name, reason, first, last, times in rows
    )


def _memberships(rows: Iterable[Row]) -> tuple[Membership, ...]:
    times = (
        (*about, seconds(since), run_id, until and seconds(until), ending, ended_by)
        for *about, since, run_id, until, ending, ended_by in rows
    )
    return tuple(built(times))
