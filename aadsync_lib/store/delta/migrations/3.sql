-- What Entra calls somebody beside the name of the link is a row of its own, once for each link.
CREATE OR REPLACE VIEW {links} COMMENT 'aadsync: which target object is which Entra object' AS
SELECT sync, target, of_it.kind AS kind, external_id, target_id, of_it.origin AS origin,
  of_it.name AS name, of_it.linked_at AS linked_at, of_it.run_id AS run_id, names
FROM (
  SELECT sync, target, external_id, of_it.target_id AS target_id, of_it,
    if(named.seq > coalesce(ended, 0), named.change, NULL) AS names,
    row_number() OVER (PARTITION BY sync, target, of_it.target_id ORDER BY seq DESC) AS newest
  FROM (
    SELECT sync, target, external_id, max(seq) FILTER (WHERE event <> 'named') AS seq,
      max_by(struct(event, kind, target_id, origin, name, linked_at, run_id), seq)
        FILTER (WHERE event <> 'named') AS of_it,
      max(seq) FILTER (WHERE event = 'unlinked') AS ended,
      max_by(struct(seq, change), seq) FILTER (WHERE event = 'named') AS named
    FROM {journal} WHERE event IN ('linked', 'unlinked', 'named')
    GROUP BY sync, target, external_id
  ) WHERE of_it.event = 'linked'
) WHERE newest = 1;

-- The order in which runs began: no clock tells it.
CREATE TABLE IF NOT EXISTS {run_numbers} (
  sync STRING, run_id STRING, number BIGINT COMMENT 'one more than that of the run before'
) USING DELTA COMMENT 'aadsync: the order of runs' TBLPROPERTIES ('delta.autoOptimize.autoCompact' = 'true');

CREATE OR REPLACE VIEW {places} COMMENT 'aadsync: which account or workspace a target is, whatever it is called' AS
SELECT sync, target, max_by(name, seq) AS place
FROM {journal} WHERE event = 'place' GROUP BY sync, target;

CREATE OR REPLACE VIEW {roots} COMMENT 'aadsync: what the lines of scope.groups found' AS
SELECT sync, it.selector AS selector, it.external_id AS external_id, it.name AS name
FROM (
  SELECT sync, explode(from_json(max_by(change, seq),
    'array<struct<selector STRING, external_id STRING, name STRING>>')) AS it
  FROM {journal} WHERE event = 'roots' GROUP BY sync
);
