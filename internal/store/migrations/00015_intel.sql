-- Intelligence indicators: what feeds say of hashes, domains, addresses, URLs.
-- Times are unix microseconds; a column that ends in _folded holds its neighbour
-- in lower case, which is what filters compare.

-- +goose Up

-- One row per customer, type and value, with what all feeds together say of it. A
-- row that no feed stands for any more is deleted and stays.
CREATE TABLE intel (
    seq              INTEGER PRIMARY KEY AUTOINCREMENT,
    cid              TEXT    NOT NULL,
    id               TEXT    NOT NULL, -- <type>_<indicator>
    type             TEXT    NOT NULL,
    indicator        TEXT    NOT NULL,
    indicator_folded TEXT    NOT NULL,
    marker           TEXT    NOT NULL, -- ten digits of updated in seconds, 32 hex digits that grow with every change
    deleted          INTEGER NOT NULL,
    confidence       TEXT    NOT NULL,
    published        INTEGER NOT NULL,
    updated          INTEGER NOT NULL,
    added            INTEGER NOT NULL, -- when the server learned of it
    sources          TEXT    NOT NULL, -- JSON: the feeds that stand for it
    body             TEXT    NOT NULL  -- JSON: what answers show beside the columns above
) STRICT;

CREATE UNIQUE INDEX intel_id ON intel (cid, id);
-- What readers go along, and what lists are sorted by. Behind it stands what hides
-- a row, so that a page needs no row that it does not show.
CREATE UNIQUE INDEX intel_marker ON intel (cid, marker, deleted);
CREATE INDEX intel_indicator ON intel (cid, indicator_folded, deleted);
CREATE INDEX intel_published ON intel (cid, published, deleted);
CREATE INDEX intel_updated ON intel (cid, updated, deleted);
-- What most filters look at, in a fraction of the table's bytes.
CREATE INDEX intel_scan ON intel (cid, seq, deleted, marker, type, confidence, published, updated);

-- What one feed says of an indicator at one place (an event, an object): the rows
-- that are folded into those of intel.
CREATE TABLE intel_statement (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    cid    TEXT    NOT NULL,
    record INTEGER NOT NULL REFERENCES intel (seq),
    source TEXT    NOT NULL,
    origin TEXT    NOT NULL, -- the place; '': the feed itself
    live   INTEGER NOT NULL, -- 0: taken back
    run    TEXT    NOT NULL, -- the import that said it last
    body   TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX intel_statement_record ON intel_statement (record, source, origin);
CREATE INDEX intel_statement_origin ON intel_statement (cid, source, origin, live);

-- The words of the lists of an indicator.
CREATE TABLE intel_word (
    record INTEGER NOT NULL REFERENCES intel (seq),
    kind   TEXT    NOT NULL,
    word   TEXT    NOT NULL,
    folded TEXT    NOT NULL,
    cid    TEXT    NOT NULL,
    PRIMARY KEY (record, kind, word)
) STRICT, WITHOUT ROWID;

CREATE INDEX intel_word_folded ON intel_word (cid, kind, folded);

-- A list each, as filters see it.
CREATE VIEW intel_actors AS SELECT record, word, folded, cid FROM intel_word WHERE kind = 'actors';
CREATE VIEW intel_reports AS SELECT record, word, folded, cid FROM intel_word WHERE kind = 'reports';
CREATE VIEW intel_report_slugs AS SELECT record, word, folded, cid FROM intel_word WHERE kind = 'reports.slug';
CREATE VIEW intel_malware_families AS SELECT record, word, folded, cid FROM intel_word WHERE kind = 'malware_families';
CREATE VIEW intel_kill_chains AS SELECT record, word, folded, cid FROM intel_word WHERE kind = 'kill_chains';
CREATE VIEW intel_domain_types AS SELECT record, word, folded, cid FROM intel_word WHERE kind = 'domain_types';
CREATE VIEW intel_ip_address_types AS SELECT record, word, folded, cid FROM intel_word WHERE kind = 'ip_address_types';
CREATE VIEW intel_targets AS SELECT record, word, folded, cid FROM intel_word WHERE kind = 'targets';
CREATE VIEW intel_threat_types AS SELECT record, word, folded, cid FROM intel_word WHERE kind = 'threat_types';
CREATE VIEW intel_vulnerabilities AS SELECT record, word, folded, cid FROM intel_word WHERE kind = 'vulnerabilities';
CREATE VIEW intel_sources AS SELECT record, word, folded, cid FROM intel_word WHERE kind = 'sources';

CREATE TABLE intel_label (
    record     INTEGER NOT NULL REFERENCES intel (seq),
    name       TEXT    NOT NULL,
    folded     TEXT    NOT NULL,
    created    INTEGER NOT NULL,
    last_valid INTEGER NOT NULL,
    cid        TEXT    NOT NULL,
    PRIMARY KEY (record, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX intel_label_folded ON intel_label (cid, folded);

-- All that stands in a record, in lower case: what q searches.
CREATE TABLE intel_text (
    record INTEGER PRIMARY KEY REFERENCES intel (seq),
    text   TEXT    NOT NULL,
    cid    TEXT    NOT NULL
) STRICT;

-- Where a customer's markers stand.
CREATE TABLE intel_customer (
    cid     TEXT    PRIMARY KEY,
    rev     INTEGER NOT NULL, -- of the last marker
    seconds INTEGER NOT NULL  -- of the last marker
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE intel_customer;
DROP TABLE intel_text;
DROP TABLE intel_label;
DROP VIEW intel_sources;
DROP VIEW intel_vulnerabilities;
DROP VIEW intel_threat_types;
DROP VIEW intel_targets;
DROP VIEW intel_ip_address_types;
DROP VIEW intel_domain_types;
DROP VIEW intel_kill_chains;
DROP VIEW intel_malware_families;
DROP VIEW intel_report_slugs;
DROP VIEW intel_reports;
DROP VIEW intel_actors;
DROP TABLE intel_word;
DROP TABLE intel_statement;
DROP TABLE intel;
