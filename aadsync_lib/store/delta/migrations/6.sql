-- What a sync believes both sides to be: the one whose digest its checkpoint has.
CREATE TABLE IF NOT EXISTS {mirrors} (
  sync STRING, digest STRING COMMENT 'of mirror, and in the checkpoint that it belongs to',
  mirror STRING COMMENT 'as compressed JSON: the directory in scope, and who is on each target'
) USING DELTA COMMENT 'aadsync: what both sides are believed to be';
