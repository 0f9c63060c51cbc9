CREATE TABLE IF NOT EXISTS {connector_states} (
  sync STRING COMMENT 'name of the sync',
  target STRING COMMENT 'name of the target',
  seen_at TIMESTAMP COMMENT 'when it was read',
  state STRING COMMENT 'absent, not_configured, not_run, active, paused, quarantine, or the word of Graph',
  problems STRING COMMENT 'what a person should look at; null where the connector is as its settings want it',
  failing BIGINT COMMENT 'objects that fail to be provisioned; null where the log was not read',
  document STRING COMMENT 'as JSON: the target as in the connector_status document, with the newest failures alone'
) USING DELTA COMMENT 'aadsync: what was seen of the connector in Entra'
TBLPROPERTIES ('delta.autoOptimize.autoCompact' = 'true');
