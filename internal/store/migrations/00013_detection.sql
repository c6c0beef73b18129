-- Detections: which hosts have met which indicators while these were active.
-- Times are unix microseconds.

-- +goose Up

-- One row for each indicator and host of a customer; what is met again is added
-- up in it.
CREATE TABLE detection (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT, -- pages walk along it
    cid        TEXT    NOT NULL,
    id         TEXT    NOT NULL, -- <aid>_<indicator>
    indicator  TEXT    NOT NULL, -- 64 hex digits
    type       TEXT    NOT NULL,
    value      TEXT    NOT NULL,
    action     TEXT    NOT NULL, -- the indicator's, when it was last met
    severity   TEXT    NOT NULL,
    aid        TEXT    NOT NULL, -- 32 hex digits
    process    TEXT    NOT NULL, -- decimal; '': none was named
    process_at INTEGER NOT NULL, -- when that process met it
    kinds      INTEGER NOT NULL, -- bits
    count      INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    modified   INTEGER NOT NULL,
    told       INTEGER NOT NULL  -- when it was last put into the outbox; 0: never
) STRICT;

CREATE UNIQUE INDEX detection_id ON detection (cid, id);
-- What lists are sorted by, and what selects few.
CREATE INDEX detection_last_seen ON detection (cid, last_seen);
CREATE INDEX detection_first_seen ON detection (cid, first_seen);
CREATE INDEX detection_created ON detection (cid, created);
CREATE INDEX detection_indicator ON detection (cid, indicator);
CREATE INDEX detection_value ON detection (cid, value);

-- Detections that the webhook has not told of yet.
CREATE TABLE detection_outbox (
    cid       TEXT    NOT NULL,
    detection INTEGER NOT NULL REFERENCES detection (seq),
    at        INTEGER NOT NULL, -- since when it waits
    PRIMARY KEY (cid, detection)
) STRICT, WITHOUT ROWID;

CREATE INDEX detection_outbox_at ON detection_outbox (at, cid);

-- +goose Down
DROP TABLE detection_outbox;
DROP TABLE detection;
