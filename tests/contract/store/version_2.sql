-- A store as schema version 2 left it: one sync that ran twice, and another that shares the file.
BEGIN;
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
INSERT INTO runs VALUES
  ('r1', 'contoso', 'd1', 's', 1, 'laptop', 'ada', 10.0, 11.0, 'partial', '{}'),
  ('r2', 'contoso', 'd2', 's', 0, 'laptop', 'ada', 20.0, NULL, 'running', NULL),
  ('r9', 'fabrikam', 'd9', 's', 0, 'laptop', 'ada', 20.0, 21.0, 'succeeded', '{}');
INSERT INTO links VALUES
  ('contoso', 'account', 'user', 'e1', 't1', 'created', 'ada@contoso.com', 10.0, 'r1', NULL),
  ('contoso', 'account', 'service_principal', 's1', 't3', 'adopted', 'robot', 10.0, 'r1', NULL),
  ('contoso', 'account', 'user', 'e2', 't2', 'created', 'bob@contoso.com', 10.0, 'r1', 50.5),
  ('contoso', 'account', 'group', 'g1', 't100', 'created', 'Data Team', 10.0, 'r1', NULL),
  ('contoso', 'account', 'group', 'g2', 't200', 'created', 'Platform', 10.0, 'r1', NULL),
  ('contoso', 'workspace-7', 'group', 'g2', 't9', 'created', 'elsewhere', 10.0, 'r1', NULL),
  ('fabrikam', 'account', 'group', 'g2', 't200', 'created', 'of another sync', 10.0, 'r9', NULL);
INSERT INTO journal VALUES
  (1, 'r1', 'contoso', 'account', 'create_user', 'e1', 't1', 'ada@contoso.com',
   '{"action":"create_user","external_id":"e1","target_id":null,"name":"ada@contoso.com","before":null,"after":{"userName":"ada@contoso.com"},"reason":"in scope"}',
   10.0, 'done', NULL, 10.5),
  (2, 'r1', 'contoso', 'account', 'create_user', 'e3', NULL, 'cy@contoso.com',
   '{"action":"create_user","external_id":"e3","target_id":null,"name":"cy@contoso.com","before":null,"after":{"userName":"cy@contoso.com"},"reason":"in scope"}',
   10.0, 'failed', 'no seats', 10.5),
  (3, 'r2', 'contoso', 'account', 'add_members', 'g1', 't100', 'Data Team',
   '{"action":"add_members","external_id":"g1","target_id":"t100","name":"Data Team","before":null,"after":null,"reason":"in scope","members":[{"external_id":"e2","target_id":"t2","name":"bob@contoso.com","type":"user"}]}',
   20.0, NULL, NULL, NULL);
INSERT INTO members VALUES
  ('contoso', 'account', 'g1', 't1', 10.25, 'r1'),
  ('contoso', 'account', 'g1', 't200', 20.0, 'r2'),
  ('contoso', 'account', 'g1', 't3', 20.0, 'r2'),
  ('contoso', 'account', 'g1', 't9', 20.0, 'r2'),
  ('contoso', 'account', 'g9', 't1', 20.0, 'r2'),
  ('fabrikam', 'account', 'g1', 't1', 20.0, 'r9');
INSERT INTO leases VALUES ('contoso', 'account', 2, NULL,
   '{"user":"ada","host":"laptop","place":"","pid":7,"started":""}', 20.0, 20.0, 20.0);
COMMIT;
PRAGMA application_id = 1633772659;
PRAGMA user_version = 2;
