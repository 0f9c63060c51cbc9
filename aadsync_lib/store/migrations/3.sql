-- memberships are intervals: the journal would tell who was added and removed, too, but may be cut off
-- by age. former are target objects that an Entra object left for another one. Nothing ever wrote to the
-- first quarantine, which had no place for who has no external id.
ALTER TABLE runs ADD COLUMN undoes TEXT;
CREATE TABLE memberships (
  sync TEXT NOT NULL, target TEXT NOT NULL,
  group_external_id TEXT NOT NULL, member_target_id TEXT NOT NULL, since REAL NOT NULL,
  group_name TEXT NOT NULL, member_external_id TEXT, member_name TEXT NOT NULL, type TEXT NOT NULL,
  how TEXT NOT NULL, run_id TEXT NOT NULL,
  until REAL, ending TEXT, ended_by TEXT,
  PRIMARY KEY (sync, target, group_external_id, member_target_id, since)
) WITHOUT ROWID;
CREATE INDEX memberships_open ON memberships (sync, target, member_target_id)
  WHERE until IS NULL OR ending = 'lost';
INSERT INTO memberships
SELECT m.sync, m.target, m.group_external_id, m.member_target_id, m.added_at,
  coalesce(g.name, m.group_external_id), l.external_id, coalesce(l.name, m.member_target_id),
  coalesce(l.kind, 'user'), 'added', m.run_id, NULL, NULL, NULL
FROM members m
LEFT JOIN links g ON g.sync = m.sync AND g.target = m.target AND g.external_id = m.group_external_id
LEFT JOIN links l ON l.sync = m.sync AND l.target = m.target AND l.target_id = m.member_target_id;
DROP TABLE members;
CREATE TABLE former (
  sync TEXT NOT NULL, target TEXT NOT NULL, target_id TEXT NOT NULL,
  kind TEXT NOT NULL, external_id TEXT NOT NULL, origin TEXT NOT NULL, name TEXT NOT NULL,
  PRIMARY KEY (sync, target, target_id)
) WITHOUT ROWID;
CREATE TABLE retries (
  sync TEXT NOT NULL, target TEXT NOT NULL, key TEXT NOT NULL, external_id TEXT,
  name TEXT NOT NULL, error TEXT NOT NULL, failures INTEGER NOT NULL, waited INTEGER NOT NULL,
  first REAL NOT NULL, last REAL NOT NULL
);
CREATE INDEX retries_by_target ON retries (sync, target);
DROP TABLE quarantine;
CREATE TABLE quarantine (
  sync TEXT NOT NULL, target TEXT NOT NULL, external_id TEXT, name TEXT NOT NULL,
  reason TEXT NOT NULL, first_seen REAL NOT NULL, last_seen REAL NOT NULL, times INTEGER NOT NULL
);
CREATE INDEX quarantine_by_target ON quarantine (sync, target);
