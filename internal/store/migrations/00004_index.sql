-- The search index's catalog: which files are indexed where, which still wait,
-- and which are gone. All of it can be made again from the samples.

-- +goose Up

-- One immutable segment file. Its name is derived from id, and an id is never
-- used twice while its file may exist. stale marks a segment whose files are
-- being moved to new ones (rebuild, damage); it answers searches until it is
-- empty. corpus is the plain bytes of all files in it, dead ones included.
CREATE TABLE index_segment (
    id       INTEGER PRIMARY KEY,
    cid      TEXT    NOT NULL,
    min_seq  INTEGER NOT NULL,
    max_seq  INTEGER NOT NULL,
    files    INTEGER NOT NULL,
    columns  INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    corpus   INTEGER NOT NULL,
    stale    INTEGER NOT NULL DEFAULT 0,
    created  INTEGER NOT NULL            -- Unix milliseconds
) STRICT;

-- One file known to the index. segment says where it is indexed; without one
-- the row is the durable queue, and searches read the file itself.
CREATE TABLE index_file (
    cid      TEXT    NOT NULL,
    seq      INTEGER NOT NULL,
    sha256   BLOB    NOT NULL,
    size     INTEGER NOT NULL,
    type     TEXT    NOT NULL,
    segment  INTEGER REFERENCES index_segment (id),
    queued   INTEGER NOT NULL,           -- Unix milliseconds
    PRIMARY KEY (cid, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX index_file_by_segment ON index_file (segment, seq) WHERE segment IS NOT NULL;
CREATE INDEX index_file_queue ON index_file (cid, seq) WHERE segment IS NULL;

-- Tombstones: files whose bits are still in a segment but must not be found
-- there, because they were deleted or moved to another segment.
CREATE TABLE index_dead (
    segment  INTEGER NOT NULL REFERENCES index_segment (id) ON DELETE CASCADE,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (segment, seq)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE index_dead;
DROP TABLE index_file;
DROP TABLE index_segment;
