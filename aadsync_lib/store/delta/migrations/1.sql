-- journal holds everything that has to be recorded together, because a Delta commit covers one table. Many small
-- commits: let the engine put small files together where it can.
CREATE TABLE IF NOT EXISTS {journal} (
  seq BIGINT COMMENT 'order within sync and target: microseconds since 1970, or one more than the last',
  at TIMESTAMP COMMENT 'when it was recorded',
  event STRING COMMENT 'announced, settled, linked, unlinked, former, deleted, member_..., or what the next run has to know',
  sync STRING COMMENT 'name of the sync',
  target STRING COMMENT 'name of the target',
  run_id STRING COMMENT 'the run that announced it, or made the link',
  entry BIGINT COMMENT 'announced and settled: number of the journal entry, the same in both rows',
  action STRING COMMENT 'create_user, add_members, ...',
  external_id STRING COMMENT 'Entra object id; of the group, for members',
  target_id STRING COMMENT 'id on the target; of the member, for members',
  name STRING COMMENT 'user name, application id or display name',
  change STRING COMMENT 'as JSON: the change as plans write it, with what was there before; or what is remembered',
  result STRING COMMENT 'done, failed, skipped, quarantined, unknown',
  error STRING COMMENT 'why it was not done',
  announced_at TIMESTAMP COMMENT 'settled: when it was announced',
  kind STRING COMMENT 'linked, former and members: user, service_principal or group',
  origin STRING COMMENT 'linked: created or adopted',
  linked_at TIMESTAMP COMMENT 'linked and member_noted: since when; a new name keeps it'
) USING DELTA COMMENT 'aadsync: every write before it is sent and after it is answered. Append only' TBLPROPERTIES ('delta.autoOptimize.autoCompact' = 'true');

CREATE TABLE IF NOT EXISTS {runs} (
  run_id STRING, sync STRING, digest STRING COMMENT 'of the plan',
  settings_digest STRING, `full` BOOLEAN, undoes STRING COMMENT 'the run that it takes back',
  host STRING, `user` STRING COMMENT 'who ran it',
  started_at TIMESTAMP, ended_at TIMESTAMP COMMENT 'null while it runs, and when it was killed',
  status STRING COMMENT 'running, succeeded, partial, refused, failed',
  report STRING COMMENT 'the run as JSON'
) USING DELTA COMMENT 'aadsync: one row for each run' TBLPROPERTIES ('delta.autoOptimize.autoCompact' = 'true');

CREATE TABLE IF NOT EXISTS {leases} (
  sync STRING, target STRING,
  fence BIGINT COMMENT 'grows with every taking; the highest holds',
  token STRING COMMENT 'of one taking',
  run_id STRING COMMENT 'null: released',
  holder STRING COMMENT 'user, host and process as JSON',
  since TIMESTAMP, renewed_at TIMESTAMP, expires_at TIMESTAMP
) USING DELTA COMMENT 'aadsync: who works on a target. Rows are added by taking, renewing and releasing' TBLPROPERTIES ('delta.autoOptimize.autoCompact' = 'true');

-- A target object is linked once: should two rows say otherwise, the later one holds.
CREATE OR REPLACE VIEW {links} COMMENT 'aadsync: which target object is which Entra object' AS
SELECT sync, target, of_it.kind AS kind, external_id, target_id, of_it.origin AS origin,
  of_it.name AS name, of_it.linked_at AS linked_at, of_it.run_id AS run_id
FROM (
  SELECT sync, target, external_id, of_it.target_id AS target_id, of_it,
    row_number() OVER (PARTITION BY sync, target, of_it.target_id ORDER BY seq DESC) AS newest
  FROM (
    SELECT sync, target, external_id, max(seq) AS seq,
      max_by(struct(event, kind, target_id, origin, name, linked_at, run_id), seq) AS of_it
    FROM {journal} WHERE event IN ('linked', 'unlinked') GROUP BY sync, target, external_id
  ) WHERE of_it.event = 'linked'
) WHERE newest = 1;

CREATE OR REPLACE VIEW {pending} COMMENT 'aadsync: writes announced without an outcome' AS
SELECT a.sync, a.target, a.entry, a.run_id, a.action, a.external_id, a.target_id, a.name, a.change,
  a.at AS announced_at
FROM {journal} a LEFT ANTI JOIN (SELECT * FROM {journal} WHERE event = 'settled') s
  ON a.sync = s.sync AND a.target = s.target AND a.entry = s.entry AND a.run_id = s.run_id
WHERE a.event = 'announced';

CREATE OR REPLACE VIEW {outcomes} COMMENT 'aadsync: what came of every change that was sent' AS
SELECT sync, target, entry, run_id, of_it.action AS action, of_it.external_id AS external_id,
  of_it.target_id AS target_id, of_it.name AS name, of_it.change AS change, of_it.result AS result,
  of_it.error AS error, of_it.announced_at AS announced_at, of_it.at AS settled_at
FROM (
  SELECT sync, target, entry, run_id, max_by(
    struct(action, external_id, target_id, name, change, result, error, announced_at, at), seq) AS of_it
  FROM {journal} WHERE event = 'settled' GROUP BY sync, target, entry, run_id
);
