-- Bytes that records hold without being in the corpus: quarantined files. Two
-- more states of a sample belong to it: 2 is held only, 3 is held only and
-- searches see it.

-- +goose Up

-- Who holds which bytes. The hash and not the number names them: a sample gets
-- a new number each time that the index takes it in.
CREATE TABLE sample_hold (
    cid    TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    holder TEXT NOT NULL,
    PRIMARY KEY (cid, sha256, holder)
) STRICT, WITHOUT ROWID;

CREATE INDEX sample_held ON sample (cid, state, seq) WHERE state > 1;

-- +goose Down
DROP INDEX sample_held;
DROP TABLE sample_hold;
