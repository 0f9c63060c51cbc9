"""Deletes old records of a Delta store. A number that was given is never given again."""

from __future__ import annotations

from collections.abc import Iterable

from aadsync_lib.store.delta.rows import COLUMNS, TYPES
from aadsync_lib.store.delta.session import Tables, micros, moment
from aadsync_lib.store.records import KEPT_ACTIONS, Row

# What is kept is a short list that was read before: Delta's DELETE takes no subquery. An entry's two
# rows go together, by the time of the later one, so that no announcement loses its outcome alone.
OLD_ENTRIES = """
DELETE FROM {journal} WHERE sync = :sync AND (
  (event = 'settled' AND greatest(at, announced_at) < timestamp_micros(:before)
    AND NOT (result = 'done' AND action IN (<access>)))
  OR (event = 'announced' AND at < timestamp_micros(:before)
    AND NOT array_contains(from_json(:kept, 'array<bigint>'), entry))
  OR (event IN ('missing', 'retries', 'quarantine', 'place', 'roots', 'numbered')
    AND at < timestamp_micros(:before)
    AND NOT array_contains(from_json(:kept, 'array<bigint>'), seq)))
""".replace("<access>", KEPT_ACTIONS)

# Entries without an outcome, and the last word of what was remembered before.
KEPT = """
SELECT entry FROM {pending} WHERE sync = :sync AND announced_at < timestamp_micros(:before)
UNION ALL SELECT max(seq) FROM {journal} WHERE sync = :sync
  AND event IN ('missing', 'retries', 'quarantine', 'place', 'roots', 'numbered')
    AND at < timestamp_micros(:before)
GROUP BY target, event
"""

RUNS_WITH_ENTRIES = """
SELECT run_id FROM {runs} r LEFT SEMI JOIN {journal} j ON r.sync = j.sync AND r.run_id = j.run_id
  AND j.sync = :sync AND j.event IN ('announced', 'settled')
WHERE r.sync = :sync AND r.ended_at < timestamp_micros(:before)
"""

OLD_RUNS = """
DELETE FROM {runs} WHERE sync = :sync AND ended_at < timestamp_micros(:before)
  AND NOT array_contains(from_json(:kept, 'array<string>'), run_id)
"""

# A loss that nothing followed still tells what is drift, for as long as the group is ours.
OLD_MEMBERSHIPS = """
SELECT m.sync, m.target, m.group_external_id, m.member_target_id, m.since
FROM {memberships} m LEFT JOIN {links} l ON l.sync = m.sync AND l.target = m.target
  AND l.external_id = m.group_external_id
WHERE m.sync = :sync AND m.until < timestamp_micros(:before)
  AND (m.ending <> 'lost' OR NOT m.newest OR l.external_id IS NULL)
"""
ANY_OLD = OLD_MEMBERSHIPS + "LIMIT 1"

# Only additions, removals and notes are deleted; what ended with a group or a member tells of others, too.
FORGET = """
MERGE INTO {journal} AS j USING (
  SELECT DISTINCT e.sync, e.target, e.seq FROM {member_events} e JOIN (<old>) o
    ON e.sync = o.sync AND e.target = o.target AND e.group_external_id = o.group_external_id
    AND e.member_target_id = o.member_target_id AND e.since = o.since
) AS s ON j.sync = s.sync AND j.target = s.target AND j.seq = s.seq
  AND j.event IN ('member_added', 'member_removed', 'member_undone', 'member_noted')
WHEN MATCHED THEN DELETE
""".replace("<old>", OLD_MEMBERSHIPS)


# Targets whose highest number would go with its row: the next one has to be higher all the same.
HIGHEST = """
SELECT target, max(seq) FROM {journal} WHERE sync = :sync GROUP BY target
HAVING max_by(event, struct(seq, at)) <> 'numbered'
  AND (max_by(at, struct(seq, at)) < timestamp_micros(:before)
    OR (:forgets AND left(max_by(event, struct(seq, at)), 7) = 'member_'))
"""

GONE_NUMBERS = """
SELECT n.run_id FROM {run_numbers} n LEFT ANTI JOIN {runs} r ON r.sync = n.sync AND r.run_id = n.run_id
WHERE n.sync = :sync AND n.number < (SELECT max(number) FROM {run_numbers} WHERE sync = :sync)
"""

OLD_NUMBERS = """
DELETE FROM {run_numbers} WHERE sync = :sync
  AND array_contains(from_json(:gone, 'array<string>'), run_id)
"""


def prune(tables: Tables, sync: str, before: float, now: float) -> None:
    """Delete what was settled before, and the runs that ended before and have nothing left.

    What was given in workspaces stays, as its rows alone tell that it may be taken back.
    """
    when = {"sync": sync, "before": micros(before)}
    forgets = bool(tables.query(ANY_OLD, **when))
    _keep_numbers(tables, sync, now, tables.query(HIGHEST, forgets=forgets, **when))
    _delete(tables, KEPT, OLD_ENTRIES, when)
    if forgets:
        tables.execute(FORGET, **when)
    _delete(tables, RUNS_WITH_ENTRIES, OLD_RUNS, when)
    _forget_numbers(tables, sync)


def _keep_numbers(tables: Tables, sync: str, now: float, highest: Iterable[Row]) -> None:
    common = {"at": moment(now), "event": "numbered", "sync": sync}
    rows = [common | {"target": target, "seq": seq} for target, seq in highest]
    tables.append("journal", COLUMNS, [tuple(map(row.get, TYPES)) for row in rows])


def _forget_numbers(tables: Tables, sync: str) -> None:
    """Let go of the numbers of runs that are gone; the highest stays, so that none is given twice."""
    gone = tables.query(GONE_NUMBERS, sync=sync)
    if gone:
        tables.execute(OLD_NUMBERS, sync=sync, gone=[run_id for (run_id,) in gone])


def _delete(tables: Tables, keep: str, old: str, when: dict[str, object]) -> None:
    kept = [row[0] for row in tables.query(keep, **when)]
    tables.execute(old, kept=kept, **when)
