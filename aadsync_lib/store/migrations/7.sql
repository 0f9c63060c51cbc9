-- What a sync believes both sides to be, kept with its checkpoint. mirror is that as compressed JSON, digest tells it apart.
CREATE TABLE mirrors (sync TEXT PRIMARY KEY, digest TEXT NOT NULL, mirror TEXT NOT NULL) STRICT;
