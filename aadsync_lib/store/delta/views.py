"""What a store remembers beside links and journal, as views of the journal.

What a run leaves behind whole is one row, with all of it as JSON: the last one holds.
"""

from __future__ import annotations

MEMBERS = """
CREATE OR REPLACE VIEW {members} COMMENT 'aadsync: members that the sync added and did not remove' AS
SELECT sync, target, group_external_id, member_target_id, since AS added_at, run_id
FROM {memberships} WHERE how = 'added' AND until IS NULL
"""

# An object that is linked again, or was deleted, is no former one.
FORMER = """
CREATE OR REPLACE VIEW {former} COMMENT 'aadsync: target objects that an Entra object left for another one' AS
SELECT sync, target, of_it.kind AS kind, of_it.external_id AS external_id, target_id,
  of_it.origin AS origin, of_it.name AS name, of_it.at AS since, of_it.run_id AS run_id
FROM (
  SELECT sync, target, target_id,
    max_by(struct(event, external_id, kind, origin, name, at, run_id), seq) AS of_it
  FROM {journal} WHERE event IN ('linked', 'former', 'deleted') GROUP BY sync, target, target_id
) WHERE of_it.event = 'former'
"""


# A link that was made since then is not the one that was missing.
MISSING = """
CREATE OR REPLACE VIEW {missing} COMMENT 'aadsync: what is linked and was missing from the last complete read' AS
SELECT m.sync, m.target, l.kind, m.it.external_id AS external_id, l.target_id, l.name,
  timestamp_micros(m.it.since) AS since
FROM (
  SELECT sync, target, explode(from_json(max_by(change, seq), 'array<struct<external_id STRING,
    since BIGINT, linked_at BIGINT>>')) AS it
  FROM {journal} WHERE event = 'missing' GROUP BY sync, target
) m JOIN {links} l ON l.sync = m.sync AND l.target = m.target
  AND l.external_id = m.it.external_id AND unix_micros(l.linked_at) = m.it.linked_at
"""

RETRIES = """
CREATE OR REPLACE VIEW {retries} COMMENT 'aadsync: changes that failed when they were last tried' AS
SELECT sync, target, it.key AS key, it.external_id AS external_id, it.name AS name,
  it.error AS error, it.failures AS failures, it.waited AS waited,
  timestamp_micros(it.first) AS first, timestamp_micros(it.last) AS last
FROM (
  SELECT sync, target, explode(from_json(max_by(change, seq), 'array<struct<key STRING, external_id STRING,
    name STRING, error STRING, failures BIGINT, waited BIGINT, first BIGINT, last BIGINT>>')) AS it
  FROM {journal} WHERE event = 'retries' GROUP BY sync, target
)
"""

QUARANTINE = """
CREATE OR REPLACE VIEW {quarantine} COMMENT 'aadsync: identities held back, and why' AS
SELECT sync, target, it.external_id AS external_id, it.name AS name, it.reason AS reason,
  timestamp_micros(it.first_seen) AS first_seen, timestamp_micros(it.last_seen) AS last_seen,
  it.times AS times
FROM (
  SELECT sync, target, explode(from_json(max_by(change, seq), 'array<struct<external_id STRING, name STRING,
    reason STRING, first_seen BIGINT, last_seen BIGINT, times BIGINT>>')) AS it
  FROM {journal} WHERE event = 'quarantine' GROUP BY sync, target
)
"""

DRIFT = """
CREATE OR REPLACE VIEW {drift} COMMENT 'aadsync: differences that nobody made in Entra, as far as a run mended them' AS
SELECT sync, target, run_id, action, external_id, target_id, name, change, result, error, settled_at
FROM {outcomes} WHERE get_json_object(change, '$.drift') = 'true'
"""
