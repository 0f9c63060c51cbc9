-- How far changes of Entra were read: good as long as run_id is the last run of the sync and succeeded.
CREATE TABLE IF NOT EXISTS {checkpoints} (
  sync STRING, run_id STRING, state STRING COMMENT 'as JSON: links to go on from, and when they were given',
  watched STRING COMMENT 'marks of the object ids of which every change concerns the sync'
) USING DELTA COMMENT 'aadsync: how far changes of Entra were read';
