-- What the next run has to know, and how far changes of Entra were read.
ALTER TABLE links ADD COLUMN missing_since REAL;
CREATE TABLE members (
  sync TEXT NOT NULL, target TEXT NOT NULL, group_external_id TEXT NOT NULL,
  member_target_id TEXT NOT NULL, added_at REAL NOT NULL, run_id TEXT NOT NULL,
  PRIMARY KEY (sync, target, group_external_id, member_target_id)
) WITHOUT ROWID;
CREATE TABLE quarantine (
  sync TEXT NOT NULL, target TEXT NOT NULL, external_id TEXT NOT NULL,
  name TEXT NOT NULL, reason TEXT NOT NULL,
  first_seen REAL NOT NULL, last_seen REAL NOT NULL, times INTEGER NOT NULL,
  PRIMARY KEY (sync, target, external_id)
);
CREATE TABLE cursors (
  sync TEXT NOT NULL, kind TEXT NOT NULL, settings_digest TEXT NOT NULL,
  delta_link TEXT NOT NULL, saved_at REAL NOT NULL, run_id TEXT,
  PRIMARY KEY (sync, kind)
);
