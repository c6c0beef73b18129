-- +goose Up

-- Small facts about the database itself. 'clean' is 1 between an orderly close
-- and the next open.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The audit trail. hash = HMAC(key, prev || every other column); prev is the
-- hash of the row before, so no row can be dropped, changed or moved unseen.
CREATE TABLE audit (
    seq          INTEGER PRIMARY KEY,
    time         INTEGER NOT NULL, -- unix microseconds
    cid          TEXT NOT NULL,
    client       TEXT NOT NULL,
    scope        TEXT NOT NULL,
    operation    TEXT NOT NULL,
    trace_id     TEXT NOT NULL,
    action       TEXT NOT NULL,
    objects      TEXT NOT NULL,    -- JSON list, the first 100
    object_count INTEGER NOT NULL,
    object_hash  TEXT NOT NULL,    -- SHA-256 over all, when there are more
    outcome      TEXT NOT NULL,
    reason       TEXT NOT NULL,
    comment      TEXT NOT NULL,
    prev         BLOB NOT NULL,
    hash         BLOB NOT NULL
) STRICT;

-- The end of the chain, so that cutting its tail off shows.
CREATE TABLE audit_head (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    seq  INTEGER NOT NULL,
    hash BLOB NOT NULL,
    mac  BLOB NOT NULL
) STRICT;

-- The salt is the client's, not the secret's: one slow hash then checks a guess
-- against both secrets, and takes as long as for a client that does not exist.
CREATE TABLE client (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    cid     TEXT NOT NULL,
    scopes  TEXT NOT NULL,    -- space-separated, sorted
    salt    BLOB NOT NULL,
    created INTEGER NOT NULL, -- unix microseconds, as all times
    revoked INTEGER NOT NULL  -- 0 while active
) STRICT, WITHOUT ROWID;

-- At most two secrets of a client stand at a time, so that a rotation needs no
-- common instant. Only a slow hash over a peppered HMAC is kept.
CREATE TABLE client_secret (
    hash    BLOB PRIMARY KEY,
    client  TEXT NOT NULL REFERENCES client (id) ON DELETE CASCADE,
    serial  INTEGER NOT NULL, -- grows with each secret of the client
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX client_secret_client ON client_secret (client, serial);

-- Bearer tokens by their SHA-256; the token itself is never stored.
CREATE TABLE token (
    hash    BLOB PRIMARY KEY,
    client  TEXT NOT NULL REFERENCES client (id) ON DELETE CASCADE,
    scopes  TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX token_client ON token (client, created);
CREATE INDEX token_expires ON token (expires);
