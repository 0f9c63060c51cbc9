-- Times are seconds since the epoch, UTC. links.run_id names the run that made the link and outlives
-- the row of that run, so it is no foreign key.
CREATE TABLE links (
  sync TEXT NOT NULL, target TEXT NOT NULL, kind TEXT NOT NULL,
  external_id TEXT NOT NULL, target_id TEXT NOT NULL,
  origin TEXT NOT NULL, name TEXT NOT NULL,
  linked_at REAL NOT NULL, run_id TEXT,
  PRIMARY KEY (sync, target, external_id),
  UNIQUE (sync, target, target_id)
) WITHOUT ROWID;
CREATE TABLE runs (
  run_id TEXT PRIMARY KEY, sync TEXT NOT NULL,
  digest TEXT NOT NULL, settings_digest TEXT NOT NULL, "full" INTEGER NOT NULL,
  host TEXT NOT NULL, "user" TEXT NOT NULL,
  started_at REAL NOT NULL, ended_at REAL,
  status TEXT NOT NULL, report TEXT
);
CREATE INDEX runs_by_time ON runs (sync, started_at);
CREATE TABLE journal (
  entry INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (run_id),
  sync TEXT NOT NULL, target TEXT NOT NULL, action TEXT NOT NULL,
  external_id TEXT, target_id TEXT, name TEXT NOT NULL,
  change TEXT NOT NULL, announced_at REAL NOT NULL,
  result TEXT, error TEXT, settled_at REAL
);
CREATE INDEX journal_by_run ON journal (run_id, entry);
CREATE INDEX journal_pending ON journal (sync, target, entry) WHERE result IS NULL;
CREATE TABLE leases (
  sync TEXT NOT NULL, target TEXT NOT NULL,
  fence INTEGER NOT NULL, run_id TEXT,
  holder TEXT NOT NULL, since REAL NOT NULL, renewed_at REAL NOT NULL, expires_at REAL NOT NULL,
  PRIMARY KEY (sync, target)
);
