-- What was seen of Entra's connector of a target, whenever somebody watched it. document is JSON: that target as in the
-- connector_status document, with the newest failures alone; failing counts all of them, null where they were not read.
CREATE TABLE connector_states (
  sync TEXT NOT NULL, target TEXT NOT NULL, seen_at REAL NOT NULL, state TEXT NOT NULL,
  problems TEXT, failing INTEGER, document TEXT NOT NULL
);
CREATE INDEX connector_states_by_time ON connector_states (sync, seen_at);
