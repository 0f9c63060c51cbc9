-- How far changes of Entra were read is one row of each sync: of the run run_id, and good as long as that is the
-- last one and succeeded. state is JSON, watched the marks of the object ids that concern the sync.
DROP TABLE cursors;
CREATE TABLE checkpoints (
  sync TEXT PRIMARY KEY, run_id TEXT NOT NULL, state TEXT NOT NULL, watched TEXT NOT NULL
) WITHOUT ROWID;
