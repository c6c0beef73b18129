-- What searches and hunts found, and what a month's allowances were spent on.
-- The question itself is the job's payload, sealed.

-- +goose Up

-- One row per candidate whose outcome is not plainly "no match". It goes with
-- its job.
CREATE TABLE hunt_result (
    job     TEXT    NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    seq     INTEGER NOT NULL, -- of the sample; newest first is the order of answers
    sha256  BLOB    NOT NULL,
    outcome TEXT    NOT NULL,
    reason  TEXT    NOT NULL,
    rules   BLOB    NOT NULL, -- sealed JSON list of the names that matched; empty for none
    PRIMARY KEY (job, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE hunt_quota (
    cid    TEXT    NOT NULL,
    client TEXT    NOT NULL,
    kind   TEXT    NOT NULL CHECK (kind IN ('hunt', 'download')),
    month  TEXT    NOT NULL, -- 2006-01, UTC
    used   INTEGER NOT NULL,
    PRIMARY KEY (cid, month, kind, client)
) STRICT, WITHOUT ROWID;

-- Files on which a rule killed the scanner, so that the same hunt does not lose
-- its time on them again. By rule, so that no rule can hide a file from another.
CREATE TABLE hunt_crash (
    cid     TEXT    NOT NULL,
    rule    BLOB    NOT NULL, -- SHA-256 of the rule text
    sha256  BLOB    NOT NULL,
    crashes INTEGER NOT NULL,
    PRIMARY KEY (cid, rule, sha256)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE hunt_crash;
DROP TABLE hunt_quota;
DROP TABLE hunt_result;
