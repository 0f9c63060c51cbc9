"""Memberships as intervals, worked out of the journal by SQL, for the view and for forgetting the old.

Of a pair of group and member, an addition or a note begins an interval, unless the same run had just
added the same member. The next beginning, a removal, the end of the group or of the member ends it.
"""

from __future__ import annotations

PAIR = "PARTITION BY sync, target, group_external_id, member_target_id"

# Each event of a pair with the beginning of its interval, as ``since``; beginnings only grow within a
# pair, also when the clock was put back. ``gone`` is what ends it before anything else begins: a
# removal, or the end of the group or of the member. One pass over the journal, because every join
# would read it once more.
MEMBER_EVENTS = """
CREATE OR REPLACE VIEW {member_events} COMMENT 'aadsync: how memberships come from the journal' AS
WITH told AS (
  SELECT *, external_id AS group_external_id, target_id AS member_target_id, least(
    min(CASE WHEN event = 'unlinked' THEN struct(seq, at, run_id) END) OVER (
      PARTITION BY sync, target, external_id ORDER BY seq
      ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING),
    min(CASE WHEN event = 'deleted' THEN struct(seq, at, run_id) END) OVER (
      PARTITION BY sync, target, target_id ORDER BY seq
      ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)) AS later
  FROM {journal} WHERE event IN
    ('member_added', 'member_removed', 'member_undone', 'member_noted', 'unlinked', 'deleted')
), compared AS (
  SELECT sync, target, group_external_id, member_target_id, seq, at, event, run_id, name, kind,
    linked_at, from_json(change, 'group_name STRING, external_id STRING, how STRING,
      until BIGINT, ending STRING, ended_by STRING') AS note,
    later, min(CASE WHEN event <> 'member_undone' THEN struct(seq, at, run_id, event) END)
      OVER (<pair> ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS next,
    lag(event) OVER (<pair>) <=> 'member_added' AND lag(run_id) OVER (<pair>) <=> run_id
      AND coalesce(lag(later.seq) OVER (<pair>) > seq, true) AS again
  FROM told WHERE event NOT IN ('unlinked', 'deleted')
), closed AS (
  SELECT *, CASE WHEN event IN ('member_removed', 'member_undone') THEN NULL
    WHEN next.seq IS NULL OR later.seq < next.seq THEN later
    WHEN next.event = 'member_removed'
      THEN named_struct('seq', next.seq, 'at', next.at, 'run_id', next.run_id) END AS gone
  FROM compared WHERE event <> 'member_undone' OR again
), begun AS (
  SELECT *, CASE WHEN event = 'member_noted' THEN linked_at
    WHEN event = 'member_added' AND NOT again THEN greatest(at, max(greatest(linked_at,
      CASE WHEN event = 'member_added' THEN at END, timestamp_micros(note.until), gone.at))
      OVER (<pair> ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) END AS begins
  FROM closed
)
SELECT sync, target, group_external_id, member_target_id, seq, at, event, run_id, name, kind, note,
  gone, coalesce(begins, max(begins) OVER (
    <pair> ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) AS since
FROM begun
""".replace("<pair>", f"{PAIR} ORDER BY seq")

# An addition shows that the member was not there: what was open until now was ended by somebody else.
# ``newest`` marks the last interval of each pair.
MEMBERSHIPS = """
CREATE OR REPLACE VIEW {memberships} COMMENT 'aadsync: who was in which group, from when to when' AS
WITH intervals AS (
  SELECT sync, target, group_external_id, member_target_id, since,
    max_by(struct(event, note, gone), seq) FILTER (WHERE event <> 'member_removed') AS last,
    max_by(struct(coalesce(note.how, 'added') AS how, run_id, name, kind, note), seq)
      FILTER (WHERE event IN ('member_added', 'member_noted')) AS of_it
  FROM {member_events} WHERE since IS NOT NULL
  GROUP BY sync, target, group_external_id, member_target_id, since
), followed AS (
  SELECT *, CASE
    WHEN last.event = 'member_noted' AND last.note.until IS NOT NULL THEN named_struct(
      'at', timestamp_micros(last.note.until),
      'ending', if(last.gone IS NULL, last.note.ending, 'removed'),
      'run_id', last.note.ended_by)
    WHEN last.gone IS NOT NULL THEN named_struct(
      'at', greatest(last.gone.at, since), 'ending', 'removed', 'run_id', last.gone.run_id)
    WHEN lead(since) OVER (<pair>) IS NOT NULL THEN named_struct(
      'at', lead(since) OVER (<pair>), 'ending', if(of_it.how = 'foreign', 'removed', 'lost'),
      'run_id', lead(of_it.run_id) OVER (<pair>)) END AS ended
  FROM intervals
)
SELECT sync, target, group_external_id,
  coalesce(of_it.note.group_name, group_external_id) AS group_name,
  of_it.note.external_id AS member_external_id, member_target_id,
  coalesce(of_it.name, member_target_id) AS member_name, coalesce(of_it.kind, 'user') AS type,
  of_it.how AS how, since, of_it.run_id AS run_id, ended.at AS until, ended.ending AS ending,
  ended.run_id AS ended_by,
  lead(since) OVER (<pair>) IS NULL AS newest
FROM followed WHERE last.event <> 'member_undone'
""".replace("<pair>", f"{PAIR} ORDER BY since")

# A loss that nothing followed still tells what is drift, for as long as the group is ours.
OLD = """
SELECT m.sync, m.target, m.group_external_id, m.member_target_id, m.since
FROM {memberships} m LEFT JOIN {links} l ON l.sync = m.sync AND l.target = m.target
  AND l.external_id = m.group_external_id
WHERE m.sync = :sync AND m.until < timestamp_micros(:before)
  AND (m.ending <> 'lost' OR NOT m.newest OR l.external_id IS NULL)
"""
ANY_OLD = OLD + "LIMIT 1"

# Only additions, removals and notes are deleted; what ended with a group or a member tells of others, too.
FORGET = """
MERGE INTO {journal} AS j USING (
  SELECT DISTINCT e.sync, e.target, e.seq FROM {member_events} e JOIN (<old>) o
    ON e.sync = o.sync AND e.target = o.target AND e.group_external_id = o.group_external_id
    AND e.member_target_id = o.member_target_id AND e.since = o.since
) AS s ON j.sync = s.sync AND j.target = s.target AND j.seq = s.seq
  AND j.event IN ('member_added', 'member_removed', 'member_undone', 'member_noted')
WHEN MATCHED THEN DELETE
""".replace("<old>", OLD)
