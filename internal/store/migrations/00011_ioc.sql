-- Custom indicators of compromise. Times are unix microseconds.

-- +goose Up

-- One row per customer, type and value. A deleted indicator keeps its row, so
-- that it keeps its id when it comes back.
CREATE TABLE ioc (
    seq               INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice; pages walk along it
    cid               TEXT    NOT NULL,
    id                TEXT    NOT NULL, -- 64 hex digits, derived from cid, type and value
    type              TEXT    NOT NULL CHECK (type IN ('sha256', 'md5', 'domain', 'ipv4', 'ipv6')),
    value             TEXT    NOT NULL, -- in normal form, lower case
    name              TEXT    GENERATED ALWAYS AS (type || ':' || value) VIRTUAL,
    chosen            TEXT    NOT NULL, -- the action that was chosen
    action            TEXT    NOT NULL, -- the action that holds: no_action once expired
    mobile_action     TEXT    NOT NULL,
    severity          TEXT    NOT NULL,
    severity_number   INTEGER, -- NULL: no severity
    applied_globally  INTEGER NOT NULL,
    expires           INTEGER, -- NULL: never
    days              INTEGER NOT NULL, -- the expiration was given in days; 0: as a time, or never
    expired           INTEGER NOT NULL, -- marked before every read
    source            TEXT    NOT NULL,
    description       TEXT    NOT NULL,
    filename          TEXT    NOT NULL,
    original_filename TEXT    NOT NULL,
    company_name      TEXT    NOT NULL,
    file_description  TEXT    NOT NULL,
    file_version      TEXT    NOT NULL,
    product_name      TEXT    NOT NULL,
    product_version   TEXT    NOT NULL,
    av_hits           INTEGER, -- NULL: nobody said
    signed            INTEGER NOT NULL,
    batch             TEXT    NOT NULL, -- the call that created it
    created           INTEGER NOT NULL,
    created_by        TEXT    NOT NULL,
    modified          INTEGER NOT NULL,
    modified_by       TEXT    NOT NULL,
    deleted           INTEGER NOT NULL,
    deleted_on        INTEGER,
    deleted_by        TEXT    NOT NULL,
    rev               INTEGER NOT NULL -- of the customer, when the row was last written
) STRICT;

CREATE UNIQUE INDEX ioc_id ON ioc (id);
-- What lists are mostly sorted by, and looked for. Behind it stands what hides a
-- row, so that a page needs no row that it does not show.
CREATE INDEX ioc_value ON ioc (cid, value, deleted);
CREATE INDEX ioc_created ON ioc (cid, created, deleted);
CREATE INDEX ioc_modified ON ioc (cid, modified, deleted);
CREATE INDEX ioc_severity ON ioc (cid, severity_number, deleted);
CREATE INDEX ioc_expires ON ioc (cid, expires, deleted) WHERE expires IS NOT NULL;
-- What is still to be marked as expired.
CREATE INDEX ioc_due ON ioc (cid, expires) WHERE expired = 0 AND expires IS NOT NULL;
-- What changed since a node has read the indicators into memory.
CREATE INDEX ioc_rev ON ioc (cid, rev);
-- What most filters, sorts and aggregates look at, in a third of the table's
-- bytes: where no other index helps it is read from end to end in place of the
-- table.
CREATE INDEX ioc_scan ON ioc (cid, seq, deleted, type, action, severity_number, severity, applied_globally, expired, expires,
    created, modified, source, created_by, modified_by);

CREATE TABLE ioc_platform (
    record   INTEGER NOT NULL REFERENCES ioc (seq),
    platform TEXT    NOT NULL,
    cid      TEXT    NOT NULL,
    PRIMARY KEY (record, platform)
) STRICT, WITHOUT ROWID;

CREATE TABLE ioc_tag (
    record INTEGER NOT NULL REFERENCES ioc (seq),
    tag    TEXT    NOT NULL,
    cid    TEXT    NOT NULL,
    PRIMARY KEY (record, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX ioc_tag_tag ON ioc_tag (cid, tag);

CREATE TABLE ioc_group (
    record     INTEGER NOT NULL REFERENCES ioc (seq),
    host_group TEXT    NOT NULL,
    cid        TEXT    NOT NULL,
    PRIMARY KEY (record, host_group)
) STRICT, WITHOUT ROWID;

CREATE INDEX ioc_group_group ON ioc_group (cid, host_group);

-- The number of the last change of a customer's indicators.
CREATE TABLE ioc_customer (
    cid TEXT    PRIMARY KEY,
    rev INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE ioc_customer;
DROP TABLE ioc_group;
DROP TABLE ioc_tag;
DROP TABLE ioc_platform;
DROP TABLE ioc;
