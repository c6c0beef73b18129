-- Sightings: which runs hold them, and which ingest calls have been counted.
-- Times are unix microseconds.

-- +goose Up

-- One immutable run of one customer. Its file's name is derived from id, which
-- is never used twice while the file may exist. A row never stands here without
-- its file; a file without a row is nobody's.
CREATE TABLE sighting_run (
    id      INTEGER PRIMARY KEY,
    cid     TEXT    NOT NULL,
    bytes   INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    oldest  INTEGER NOT NULL, -- of its entries, by when they were last seen
    newest  INTEGER NOT NULL,
    created INTEGER NOT NULL
) STRICT;

CREATE INDEX sighting_run_cid ON sighting_run (cid);

-- What a counted ingest call was answered, so that its repetition gets the same
-- and counts nothing. name is the caller's key, or made of the lines.
CREATE TABLE sighting_call (
    cid     TEXT    NOT NULL,
    client  TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    lines   BLOB    NOT NULL, -- SHA-256 over format and lines
    answer  TEXT    NOT NULL, -- JSON
    created INTEGER NOT NULL,
    PRIMARY KEY (cid, client, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX sighting_call_created ON sighting_call (created);

-- +goose Down
DROP TABLE sighting_call;
DROP TABLE sighting_run;
