"""Memberships of managed groups as intervals, kept up to date by what a run did.

Of a pair of group and member only the latest interval can be open, so a new one never begins before
the one before it ended, not even when the clock was put back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from aadsync_lib.model.carried import Membership
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.store.database import TargetWriter
from aadsync_lib.store.records import storable

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


def note_members(writer: TargetWriter, outcome: Outcome, run_id: str) -> None:
    """Keep who came and went. An addition that failed takes back one that the same run took as done."""
    change, result = outcome.change, outcome.result
    members = [{"run_id": run_id} | row for row in _member_rows(change)]
    if change.action is Action.ADD_MEMBERS:
        if result is Result.DONE:
            writer.run_each(LOSE, members)
            writer.run_each(ADD, members)
        elif result is Result.FAILED:
            writer.run_each(TAKE_BACK, members)
    elif result is Result.DONE and change.action is Action.REMOVE_MEMBERS:
        writer.run_each(REMOVE, members)
    elif result is Result.DONE and change.action.verb == "delete":
        writer.run(END_MEMBER, member=change.target_id, run_id=run_id)


def _member_rows(change: Change) -> Iterator[dict[str, object]]:
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


def end_group(writer: TargetWriter, group: str, run_id: str | None) -> None:
    """End what is open in a group that is ours no more, or that is another object from now on."""
    writer.run(END_GROUP, group=group, run_id=run_id)


def keep_memberships(writer: TargetWriter, memberships: Iterable[Membership]) -> None:
    """Add memberships, or replace those of the same group, member and ``since``."""
    rows = ((writer.sync, *_row(membership)) for membership in memberships)
    writer.connection.executemany(KEEP, rows)


def _row(membership: Membership) -> tuple[object, ...]:
    member = membership.member
    return (
        membership.target,
        membership.group,
        member.target_id,
        membership.since,
        storable(membership.group_name),
        member.external_id,
        storable(member.name),
        member.type.value,
        membership.how.value,
        membership.run_id,
        membership.until,
        membership.ending and membership.ending.value,
        membership.ended_by,
    )


def prune_memberships(connection: sqlite3.Connection, sync: str, before: float) -> None:
    """Delete what ended before and tells nothing about today."""
    connection.execute(PRUNE, (sync, before))
