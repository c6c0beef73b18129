-- +goose Up

-- Work that outlives a request. A running job is leased to one run of one node;
-- epoch grows with every lease and with every cancel, and each write of a
-- handler names the epoch it was leased with, so that one which lost its lease
-- can write no more.
CREATE TABLE job (
    id       TEXT PRIMARY KEY,
    cid      TEXT NOT NULL,
    client   TEXT NOT NULL,
    kind     TEXT NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    payload  BLOB NOT NULL,
    progress BLOB NOT NULL,
    error    TEXT NOT NULL,
    created  INTEGER NOT NULL, -- unix microseconds, as all times; 0 is never
    started  INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    epoch    INTEGER NOT NULL,
    node     TEXT NOT NULL,    -- '' without a lease
    run      TEXT NOT NULL,
    lease    INTEGER NOT NULL  -- when it ends
) STRICT, WITHOUT ROWID;

CREATE INDEX job_open ON job (created, id) WHERE state IN ('queued', 'running');
CREATE INDEX job_cid ON job (cid, state);
CREATE INDEX job_finished ON job (finished) WHERE finished > 0;
