-- Files that hosts have put in quarantine, what was done with them, and what
-- their hosts are still to do. Times are unix microseconds; a column that ends
-- in _folded holds its neighbour in lower case, which is what filters compare.

-- +goose Up

-- What happened, once per call: an action on 100,000 records is one row here
-- and 100,000 of two numbers each in quarantine_event.
CREATE TABLE quarantine_change (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    cid     TEXT    NOT NULL,
    time    INTEGER NOT NULL,
    client  TEXT    NOT NULL,
    event   TEXT    NOT NULL,
    comment TEXT    NOT NULL
) STRICT;

-- One row per file and host. All its paths share a state, because a host is
-- asked for, and answers, a file as a whole. Rows are never deleted.
CREATE TABLE quarantine (
    seq               INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice; pages walk along it
    cid               TEXT    NOT NULL,
    aid               TEXT    NOT NULL, -- the host: 32 hex digits
    sha256            TEXT    NOT NULL, -- the file: 64 hex digits
    id                TEXT    GENERATED ALWAYS AS (aid || '_' || sha256) VIRTUAL,
    state             TEXT    NOT NULL CHECK (state IN ('quarantined', 'released', 'purged')),
    path_state        TEXT    NOT NULL, -- where the host stands
    path_reason       INTEGER NOT NULL DEFAULT 0, -- the host's number, when it failed
    change            INTEGER NOT NULL REFERENCES quarantine_change (seq), -- that set the state
    held              INTEGER NOT NULL, -- the record holds the bytes of the file
    created           INTEGER NOT NULL, -- when the host took the file, by its first report
    updated           INTEGER NOT NULL, -- grows with every change of the row
    reported          INTEGER NOT NULL, -- the newest report that counted
    hostname          TEXT    NOT NULL,
    hostname_folded   TEXT    NOT NULL,
    username          TEXT    NOT NULL,
    username_folded   TEXT    NOT NULL,
    path_low          TEXT    NOT NULL, -- least and greatest path, folded: sorting looks here
    path_high         TEXT    NOT NULL,
    extracted         INTEGER NOT NULL,
    primary_module    INTEGER NOT NULL,
    removable         INTEGER NOT NULL,
    removable_path    TEXT    NOT NULL,
    sandbox_id        TEXT    NOT NULL,
    sandbox_state     TEXT    NOT NULL,
    adversary         TEXT    NOT NULL,
    country           TEXT    NOT NULL,
    country_folded    TEXT    NOT NULL,
    max_severity      INTEGER, -- NULL: nobody said
    max_confidence    INTEGER,
    first_behavior    INTEGER,
    last_behavior     INTEGER
) STRICT;

CREATE UNIQUE INDEX quarantine_id ON quarantine (cid, id);
CREATE INDEX quarantine_aid ON quarantine (cid, aid);
CREATE INDEX quarantine_sha256 ON quarantine (cid, sha256);
-- What lists are sorted by; filters and aggregates use them as well.
CREATE INDEX quarantine_state ON quarantine (cid, state);
CREATE INDEX quarantine_path_state ON quarantine (cid, path_state);
CREATE INDEX quarantine_created ON quarantine (cid, created);
CREATE INDEX quarantine_updated ON quarantine (cid, updated);
CREATE INDEX quarantine_hostname ON quarantine (cid, hostname_folded);
CREATE INDEX quarantine_username ON quarantine (cid, username_folded);
CREATE INDEX quarantine_path_low ON quarantine (cid, path_low);
CREATE INDEX quarantine_path_high ON quarantine (cid, path_high);
-- What most filters and aggregates look at, in a quarter of the table's bytes:
-- where no other index helps it is read from end to end in place of the table.
-- Rows are added at its end, and no action changes it.
CREATE INDEX quarantine_scan ON quarantine (cid, seq, created, first_behavior, last_behavior, max_severity, max_confidence,
    hostname_folded, hostname, username_folded, username, country_folded, country, adversary);

-- The words of sha256, hostname, username and paths: what q searches. They are
-- as long as all the rest of a record, which other queries would have to read.
CREATE TABLE quarantine_words (
    record INTEGER PRIMARY KEY REFERENCES quarantine (seq),
    cid    TEXT    NOT NULL,
    words  TEXT    NOT NULL
) STRICT;

-- Where the file lay, in the order in which that was reported.
CREATE TABLE quarantine_path (
    record          INTEGER NOT NULL REFERENCES quarantine (seq),
    place           INTEGER NOT NULL,
    cid             TEXT    NOT NULL,
    path            TEXT    NOT NULL,
    path_folded     TEXT    NOT NULL,
    filename        TEXT    NOT NULL,
    filename_folded TEXT    NOT NULL,
    PRIMARY KEY (record, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX quarantine_path_path ON quarantine_path (cid, path_folded);
CREATE INDEX quarantine_path_filename ON quarantine_path (cid, filename_folded);

-- Observations that led to the quarantine.
CREATE TABLE quarantine_behavior (
    record           INTEGER NOT NULL REFERENCES quarantine (seq),
    place            INTEGER NOT NULL,
    cid              TEXT    NOT NULL,
    behavior         TEXT    NOT NULL,
    ioc_type         TEXT    NOT NULL, -- lower case
    ioc_value        TEXT    NOT NULL,
    ioc_value_folded TEXT    NOT NULL,
    tree_root_hash   TEXT    NOT NULL, -- lower case
    PRIMARY KEY (record, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX quarantine_behavior_behavior ON quarantine_behavior (cid, behavior);
CREATE INDEX quarantine_behavior_value ON quarantine_behavior (cid, ioc_value_folded);
CREATE INDEX quarantine_behavior_root ON quarantine_behavior (cid, tree_root_hash);

CREATE TABLE quarantine_detect (
    record INTEGER NOT NULL REFERENCES quarantine (seq),
    cid    TEXT    NOT NULL,
    detect TEXT    NOT NULL,
    PRIMARY KEY (record, detect)
) STRICT, WITHOUT ROWID;

CREATE INDEX quarantine_detect_detect ON quarantine_detect (cid, detect);

CREATE TABLE quarantine_alert (
    record INTEGER NOT NULL REFERENCES quarantine (seq),
    cid    TEXT    NOT NULL,
    alert  TEXT    NOT NULL,
    PRIMARY KEY (record, alert)
) STRICT, WITHOUT ROWID;

CREATE INDEX quarantine_alert_alert ON quarantine_alert (cid, alert);

-- The history of records.
CREATE TABLE quarantine_event (
    record INTEGER NOT NULL REFERENCES quarantine (seq),
    change INTEGER NOT NULL REFERENCES quarantine_change (seq),
    PRIMARY KEY (record, change)
) STRICT, WITHOUT ROWID;

-- The queue of what hosts are to do. The action and the time it was asked for
-- are those of the change.
CREATE TABLE quarantine_action (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which a host gets them
    cid     TEXT    NOT NULL,
    aid     TEXT    NOT NULL,
    record  INTEGER NOT NULL REFERENCES quarantine (seq),
    change  INTEGER NOT NULL REFERENCES quarantine_change (seq),
    state   TEXT    NOT NULL CHECK (state IN ('pending', 'acknowledged', 'failed', 'withdrawn')),
    fetched INTEGER NOT NULL, -- when the host got it first; 0: not yet
    updated INTEGER NOT NULL,
    reason  TEXT    NOT NULL  -- why it failed
) STRICT;

CREATE INDEX quarantine_action_pending ON quarantine_action (cid, aid, seq) WHERE state = 'pending';
CREATE INDEX quarantine_action_record ON quarantine_action (record, seq);

-- Hosts on which a program pulls and acknowledges actions.
CREATE TABLE quarantine_agent (
    cid  TEXT    NOT NULL,
    aid  TEXT    NOT NULL,
    seen INTEGER NOT NULL, -- first
    PRIMARY KEY (cid, aid)
) STRICT, WITHOUT ROWID;

-- The choices of customers who have records.
CREATE TABLE quarantine_setting (
    cid        TEXT    PRIMARY KEY,
    searchable INTEGER -- NULL: not chosen
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE quarantine_setting;
DROP TABLE quarantine_agent;
DROP TABLE quarantine_action;
DROP TABLE quarantine_event;
DROP TABLE quarantine_alert;
DROP TABLE quarantine_detect;
DROP TABLE quarantine_behavior;
DROP TABLE quarantine_path;
DROP TABLE quarantine_words;
DROP TABLE quarantine;
DROP TABLE quarantine_change;
