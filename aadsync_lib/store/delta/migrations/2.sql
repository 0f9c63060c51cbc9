-- Each event of a pair of group and member with the beginning of its interval, as since; beginnings only grow
-- within a pair, also when the clock was put back. gone is what ends it before anything else begins: a removal,
-- or the end of the group or of the member. One pass over the journal, because every join would read it once more.
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
      OVER (PARTITION BY sync, target, group_external_id, member_target_id ORDER BY seq ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS next,
    lag(event) OVER (PARTITION BY sync, target, group_external_id, member_target_id ORDER BY seq) <=> 'member_added' AND lag(run_id) OVER (PARTITION BY sync, target, group_external_id, member_target_id ORDER BY seq) <=> run_id
      AND coalesce(lag(later.seq) OVER (PARTITION BY sync, target, group_external_id, member_target_id ORDER BY seq) > seq, true) AS again
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
      OVER (PARTITION BY sync, target, group_external_id, member_target_id ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) END AS begins
  FROM closed
)
SELECT sync, target, group_external_id, member_target_id, seq, at, event, run_id, name, kind, note,
  gone, coalesce(begins, max(begins) OVER (
    PARTITION BY sync, target, group_external_id, member_target_id ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) AS since
FROM begun;

-- Memberships are intervals. An addition or a note begins one, unless the same run had just added the same
-- member; the next beginning, a removal, the end of the group or of the member ends it. An addition shows that
-- the member was not there: what was open until now was ended by somebody else. newest marks the last interval
-- of each pair.
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
    WHEN lead(since) OVER (PARTITION BY sync, target, group_external_id, member_target_id ORDER BY since) IS NOT NULL THEN named_struct(
      'at', lead(since) OVER (PARTITION BY sync, target, group_external_id, member_target_id ORDER BY since), 'ending', if(of_it.how = 'foreign', 'removed', 'lost'),
      'run_id', lead(of_it.run_id) OVER (PARTITION BY sync, target, group_external_id, member_target_id ORDER BY since)) END AS ended
  FROM intervals
)
SELECT sync, target, group_external_id,
  coalesce(of_it.note.group_name, group_external_id) AS group_name,
  of_it.note.external_id AS member_external_id, member_target_id,
  coalesce(of_it.name, member_target_id) AS member_name, coalesce(of_it.kind, 'user') AS type,
  of_it.how AS how, since, of_it.run_id AS run_id, ended.at AS until, ended.ending AS ending,
  ended.run_id AS ended_by,
  lead(since) OVER (PARTITION BY sync, target, group_external_id, member_target_id ORDER BY since) IS NULL AS newest
FROM followed WHERE last.event <> 'member_undone';

CREATE OR REPLACE VIEW {members} COMMENT 'aadsync: members that the sync added and did not remove' AS
SELECT sync, target, group_external_id, member_target_id, since AS added_at, run_id
FROM {memberships} WHERE how = 'added' AND until IS NULL;

-- An object that is linked again, or was deleted, is no former one.
CREATE OR REPLACE VIEW {former} COMMENT 'aadsync: target objects that an Entra object left for another one' AS
SELECT sync, target, of_it.kind AS kind, of_it.external_id AS external_id, target_id,
  of_it.origin AS origin, of_it.name AS name, of_it.at AS since, of_it.run_id AS run_id
FROM (
  SELECT sync, target, target_id,
    max_by(struct(event, external_id, kind, origin, name, at, run_id), seq) AS of_it
  FROM {journal} WHERE event IN ('linked', 'former', 'deleted') GROUP BY sync, target, target_id
) WHERE of_it.event = 'former';

-- What a run leaves behind whole is one row, with all of it as JSON: the last one holds. A link that was made
-- since then is not the one that was missing.
CREATE OR REPLACE VIEW {missing} COMMENT 'aadsync: what is linked and was missing from the last complete read' AS
SELECT m.sync, m.target, l.kind, m.it.external_id AS external_id, l.target_id, l.name,
  timestamp_micros(m.it.since) AS since
FROM (
  SELECT sync, target, explode(from_json(max_by(change, seq), 'array<struct<external_id STRING,
    since BIGINT, linked_at BIGINT>>')) AS it
  FROM {journal} WHERE event = 'missing' GROUP BY sync, target
) m JOIN {links} l ON l.sync = m.sync AND l.target = m.target
  AND l.external_id = m.it.external_id AND unix_micros(l.linked_at) = m.it.linked_at;

CREATE OR REPLACE VIEW {retries} COMMENT 'aadsync: changes that failed when they were last tried' AS
SELECT sync, target, it.key AS key, it.external_id AS external_id, it.name AS name,
  it.error AS error, it.failures AS failures, it.waited AS waited,
  timestamp_micros(it.first) AS first, timestamp_micros(it.last) AS last
FROM (
  SELECT sync, target, explode(from_json(max_by(change, seq), 'array<struct<key STRING, external_id STRING,
    name STRING, error STRING, failures BIGINT, waited BIGINT, first BIGINT, last BIGINT>>')) AS it
  FROM {journal} WHERE event = 'retries' GROUP BY sync, target
);

CREATE OR REPLACE VIEW {quarantine} COMMENT 'aadsync: identities held back, and why' AS
SELECT sync, target, it.external_id AS external_id, it.name AS name, it.reason AS reason,
  timestamp_micros(it.first_seen) AS first_seen, timestamp_micros(it.last_seen) AS last_seen,
  it.times AS times
FROM (
  SELECT sync, target, explode(from_json(max_by(change, seq), 'array<struct<external_id STRING, name STRING,
    reason STRING, first_seen BIGINT, last_seen BIGINT, times BIGINT>>')) AS it
  FROM {journal} WHERE event = 'quarantine' GROUP BY sync, target
);

CREATE OR REPLACE VIEW {drift} COMMENT 'aadsync: differences that nobody made in Entra, as far as a run mended them' AS
SELECT sync, target, run_id, action, external_id, target_id, name, change, result, error, settled_at
FROM {outcomes} WHERE get_json_object(change, '$.drift') = 'true';
