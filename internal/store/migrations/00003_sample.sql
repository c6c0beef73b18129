-- The corpus: one row per sample of a customer. Its bytes are a blob.

-- +goose Up

CREATE TABLE sample (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice, so the index can trust it
    cid          TEXT    NOT NULL,
    sha256       BLOB    NOT NULL,
    state        INTEGER NOT NULL DEFAULT 0,        -- 0 stored, 1 being deleted: to the user it is gone
    md5          BLOB    NOT NULL,
    sha1         BLOB    NOT NULL,
    size         INTEGER NOT NULL,
    type         TEXT    NOT NULL,
    first_seen   INTEGER NOT NULL,                  -- unix microseconds, as all times
    uploaded     INTEGER NOT NULL,
    client       TEXT    NOT NULL,                  -- who uploaded it first
    label        TEXT    NOT NULL,
    family       TEXT    NOT NULL,
    tags         TEXT    NOT NULL,                  -- JSON list, sorted
    file_name    BLOB    NOT NULL,                  -- as the uploader gave it, which need not be text
    comment      BLOB    NOT NULL,
    confidential INTEGER NOT NULL,
    crc          INTEGER NOT NULL,                  -- over all columns but state
    UNIQUE (cid, sha256)
) STRICT;

CREATE INDEX sample_deleting ON sample (seq) WHERE state = 1;

-- +goose Down
DROP TABLE sample;
