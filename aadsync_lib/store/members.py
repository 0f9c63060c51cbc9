"""What a store tells of memberships."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from aadsync_lib.model.carried import EndReason, Membership, MembershipOrigin
from aadsync_lib.model.change import MemberRef
from aadsync_lib.store.read import KINDS

# Of a group SQLite takes the other columns from the row of the highest ``since``.
LATEST = """
SELECT target, group_external_id, group_name, member_external_id, member_target_id, member_name,
  type, how, max(since), run_id, until, ending, ended_by
FROM memberships WHERE sync = ? AND target = ? AND group_external_id = ? GROUP BY member_target_id
"""
AT = """
SELECT target, group_external_id, group_name, member_external_id, member_target_id, member_name,
  type, how, since, run_id, until, ending, ended_by
FROM memberships WHERE sync = :sync AND since <= :at AND (until IS NULL OR until > :at)
ORDER BY target, group_external_id, member_target_id
"""

HOWS = {how.value: how for how in MembershipOrigin}
ENDINGS = {ending.value: ending for ending in EndReason}


def read_latest(
    connection: sqlite3.Connection, sync: str, target: str, groups: Collection[str]
) -> tuple[Membership, ...]:
    """Return the latest interval of each member of these groups."""
    rows = (
        row for group in sorted(groups) for row in connection.execute(LATEST, (sync, target, group))
    )
    return tuple(built(rows))


def read_at(connection: sqlite3.Connection, sync: str, at: float) -> tuple[Membership, ...]:
    """Return what was open at a time."""
    rows = connection.execute(AT, {"sync": sync, "at": at})
    return tuple(built(rows))


def built(rows: Iterable[tuple[Any, ...]]) -> Iterator[Membership]:
    """Make memberships of rows; there may be a million, so what is equal is one object."""
    known: dict[object, Any] = {}
    one = known.setdefault
    for target, group, group_name, *about, how, since, run_id, until, ending, ended_by in rows:
        key = tuple(about)
        member = known.get(key) or one(key, _member(*about))
        yield Membership(
            one(target, target),
            one(group, group),
            one(group_name, group_name),
            member,
            HOWS[how],
            one(since, since),
            one(run_id, run_id),
            until,
            ending and ENDINGS[ending],
            ended_by,
        )


def _member(external_id: str | None, target_id: str, name: str, kind: str) -> MemberRef:
    return MemberRef(external_id, target_id, name, KINDS[kind])
