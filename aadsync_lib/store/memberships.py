"""Who was in which managed group, from when to when.

Of a pair of group and member only the latest interval can be open, so a new one never begins before
the one before it ended, not even when the clock was put back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from aadsync_lib.model.carried import Membership
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.store.text import storable

# An addition shows that the member was not there: what was open until now was ended by somebody else.
LOSE = """
UPDATE memberships SET until = max(since, :now), ended_by = :run_id,
  ending = iif(how = 'foreign', 'removed', 'lost')
WHERE sync = :sync AND target = :target AND group_external_id = :group
  AND member_target_id = :member AND until IS NULL AND run_id <> :run_id
"""
ADD = """
INSERT INTO memberships
SELECT :sync, :target, :group, :member,
  max(:now, coalesce((SELECT max(until) FROM memberships WHERE sync = :sync AND target = :target
    AND group_external_id = :group AND member_target_id = :member), :now)),
  :group_name, :external_id, :name, :type, 'added', :run_id, NULL, NULL, NULL
WHERE NOT EXISTS (SELECT 1 FROM memberships WHERE sync = :sync AND target = :target
  AND group_external_id = :group AND member_target_id = :member AND until IS NULL)
ON CONFLICT DO UPDATE SET group_name = excluded.group_name, run_id = excluded.run_id,
  member_external_id = excluded.member_external_id, member_name = excluded.member_name,
  type = excluded.type, how = excluded.how, until = NULL, ending = NULL, ended_by = NULL
"""
TAKE_BACK = """
DELETE FROM memberships WHERE sync = :sync AND target = :target AND group_external_id = :group
  AND member_target_id = :member AND until IS NULL AND run_id = :run_id
"""
# What somebody else took out, and nothing followed, is ours to answer for from here on.
END = """
SET until = coalesce(until, max(since, :now)), ending = 'removed',
  ended_by = iif(until IS NULL, :run_id, ended_by)
WHERE sync = :sync AND target = :target AND {whose} AND (until IS NULL OR ending = 'lost')
  AND NOT EXISTS (SELECT 1 FROM memberships newer WHERE newer.sync = old.sync
    AND newer.target = old.target AND newer.group_external_id = old.group_external_id
    AND newer.member_target_id = old.member_target_id AND newer.since > old.since)
"""
OF_GROUP, OF_MEMBER = "group_external_id = :group", "member_target_id = :member"
UPDATE = "UPDATE memberships AS old"
REMOVE = UPDATE + END.format(whose=f"{OF_GROUP} AND {OF_MEMBER}")
END_GROUP = UPDATE + END.format(whose=OF_GROUP)
# Without statistics SQLite would take the primary key and read everybody of the target.
END_MEMBER = UPDATE + " INDEXED BY memberships_open" + END.format(whose=OF_MEMBER)

KEEP = """
INSERT INTO memberships VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET group_name = excluded.group_name, run_id = excluded.run_id,
  member_external_id = excluded.member_external_id, member_name = excluded.member_name,
  type = excluded.type, how = excluded.how, until = excluded.until, ending = excluded.ending,
  ended_by = excluded.ended_by
"""

# A loss that nothing followed still tells what is drift, for as long as the group is ours.
PRUNE = """
DELETE FROM memberships AS old WHERE sync = ? AND until < ? AND (
  ending <> 'lost'
  OR NOT EXISTS (SELECT 1 FROM links l WHERE l.sync = old.sync AND l.target = old.target
    AND l.external_id = old.group_external_id)
  OR EXISTS (SELECT 1 FROM memberships newer WHERE newer.sync = old.sync
    AND newer.target = old.target AND newer.group_external_id = old.group_external_id
    AND newer.member_target_id = old.member_target_id AND newer.since > old.since))
"""


def note_members(
    connection: sqlite3.Connection,
    sync: str,
    target: str,
    outcome: Outcome,
    run_id: str,
    now: float,
) -> None:
    """Keep who came and went. An addition that failed takes back one that the same run took as done."""
    change, result = outcome.change, outcome.result
    common = {"sync": sync, "target": target, "run_id": run_id, "now": now}
    members = [common | one for one in _members(change)]
    if change.action is Action.ADD_MEMBERS:
        if result is Result.DONE:
            connection.executemany(LOSE, members)
            connection.executemany(ADD, members)
        elif result is Result.FAILED:
            connection.executemany(TAKE_BACK, members)
    elif result is Result.DONE and change.action is Action.REMOVE_MEMBERS:
        connection.executemany(REMOVE, members)
    elif result is Result.DONE and change.action.verb == "delete":
        connection.execute(END_MEMBER, common | {"member": change.target_id})


def _members(change: Change) -> Iterator[dict[str, object]]:
    for member in change.members:
        if member.target_id:
            yield {
                "group": change.external_id,
                "group_name": storable(change.name),
                "member": member.target_id,
                "external_id": member.external_id,
                "name": storable(member.name),
                "type": member.type.value,
            }


def end_group(
    connection: sqlite3.Connection,
    sync: str,
    target: str,
    group: str,
    run_id: str | None,
    now: float,
) -> None:
    """End what is open in a group that is ours no more, or that is another object from now on."""
    connection.execute(
        END_GROUP, {"sync": sync, "target": target, "group": group, "run_id": run_id, "now": now}
    )


def keep(connection: sqlite3.Connection, sync: str, memberships: Iterable[Membership]) -> None:
    """Add memberships, or replace those of the same group, member and ``since``."""
    connection.executemany(KEEP, ((sync, *_row(one)) for one in memberships))


def _row(one: Membership) -> tuple[object, ...]:
    member = one.member
    return (
        one.target,
        one.group,
        member.target_id,
        one.since,
        storable(one.group_name),
        member.external_id,
        storable(member.name),
        member.type.value,
        one.how.value,
        one.run_id,
        one.until,
        one.ending and one.ending.value,
        one.ended_by,
    )


def prune_memberships(connection: sqlite3.Connection, sync: str, before: float) -> None:
    """Delete what ended before and tells nothing about today."""
    connection.execute(PRUNE, (sync, before))
