-- What the engine's own modules say of the samples, for plans to look up. All of
-- it can be made again from the samples; the key 'facts' of meta names the
-- version it was made by.

-- +goose Up

-- One row per fact of a file. fact is 64 bits of a keyed hash over customer,
-- name and value: values are sample content and stand nowhere in plain.
CREATE TABLE fact (
    fact INTEGER NOT NULL,
    seq  INTEGER NOT NULL REFERENCES sample (seq) ON DELETE CASCADE,
    PRIMARY KEY (fact, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX fact_by_file ON fact (seq);

-- Ranges of numbers whose files are described, both ends inclusive; numbers
-- without a file lie in them too. Of every other file nothing is known.
CREATE TABLE fact_known (
    cid   TEXT    NOT NULL,
    first INTEGER NOT NULL,
    last  INTEGER NOT NULL,
    PRIMARY KEY (cid, first)
) STRICT, WITHOUT ROWID;

-- Files that could not be described.
CREATE TABLE fact_failed (
    seq      INTEGER PRIMARY KEY REFERENCES sample (seq) ON DELETE CASCADE,
    cid      TEXT    NOT NULL,
    attempts INTEGER NOT NULL,
    tried    INTEGER NOT NULL, -- unix microseconds
    reason   TEXT    NOT NULL
) STRICT;

-- +goose Down
DROP TABLE fact_failed;
DROP TABLE fact_known;
DROP TABLE fact;
