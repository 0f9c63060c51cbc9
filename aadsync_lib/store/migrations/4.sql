-- names are a JSON list of what Entra called it beside name when it was linked, null where nobody knows. roots
-- are what the lines of scope.groups found. places tell two targets that are one, whatever they are called.
-- number is the order in which runs began: no clock tells it. numbers holds what was the highest one before old
-- rows were deleted, so that none is given twice.
ALTER TABLE links ADD COLUMN names TEXT;
ALTER TABLE runs ADD COLUMN number INTEGER;
UPDATE runs SET number = rowid;
DROP INDEX runs_by_time;
CREATE INDEX runs_in_order ON runs (number);
CREATE TABLE roots (
  sync TEXT NOT NULL, selector TEXT NOT NULL, external_id TEXT NOT NULL, name TEXT NOT NULL,
  PRIMARY KEY (sync, selector, external_id)
) WITHOUT ROWID;
CREATE TABLE places (
  sync TEXT NOT NULL, target TEXT NOT NULL, place TEXT NOT NULL,
  PRIMARY KEY (sync, target)
) WITHOUT ROWID;
CREATE TABLE numbers (of TEXT PRIMARY KEY, highest INTEGER NOT NULL) WITHOUT ROWID;
