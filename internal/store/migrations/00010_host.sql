-- The hosts that have reported: their numbers, their reports on the way into
-- the device table, and the devices. Times are unix microseconds; a column that
-- ends in _folded holds its neighbour in lower case, which is what filters compare.

-- +goose Up

-- The number that stands for a host of a customer where its id would be too
-- long. It is never given away again. A host that has one need not have reported.
CREATE TABLE host_number (
    cid    TEXT    NOT NULL,
    aid    TEXT    NOT NULL, -- 32 hex digits
    number INTEGER NOT NULL,
    PRIMARY KEY (cid, aid)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX host_number_number ON host_number (cid, number);

-- Reports that are not in the table of hosts yet: a row holds those of up to a
-- thousand hosts, so that taking them in costs little.
CREATE TABLE host_report (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    cid     TEXT    NOT NULL,
    reports TEXT    NOT NULL -- JSON
) STRICT;

CREATE INDEX host_report_cid ON host_report (cid, seq);

-- What filters and sorts look at. Most reports change last_seen alone, so the
-- row is narrow and the rest stands in host_facts.
CREATE TABLE host (
    seq                   INTEGER PRIMARY KEY AUTOINCREMENT, -- pages walk along it
    cid                   TEXT    NOT NULL,
    aid                   TEXT    NOT NULL,
    hostname              TEXT    NOT NULL,
    hostname_folded       TEXT    NOT NULL,
    platform_name         TEXT    NOT NULL,
    platform_name_folded  TEXT    NOT NULL,
    os_version            TEXT    NOT NULL,
    os_version_folded     TEXT    NOT NULL,
    os_build              TEXT    NOT NULL,
    kernel_version        TEXT    NOT NULL,
    product_type          TEXT    NOT NULL,
    product_type_desc     TEXT    NOT NULL,
    product_type_desc_folded TEXT NOT NULL,
    agent_version         TEXT    NOT NULL,
    local_ip              BLOB,             -- 16 bytes
    external_ip           BLOB,
    mac_address           TEXT    NOT NULL, -- lower case
    machine_domain        TEXT    NOT NULL,
    machine_domain_folded TEXT    NOT NULL,
    site_name             TEXT    NOT NULL,
    site_name_folded      TEXT    NOT NULL,
    system_manufacturer   TEXT    NOT NULL,
    system_manufacturer_folded TEXT NOT NULL,
    system_product_name   TEXT    NOT NULL,
    system_product_name_folded TEXT NOT NULL,
    serial_number         TEXT    NOT NULL,
    serial_number_folded  TEXT    NOT NULL,
    last_login_user        TEXT   NOT NULL,
    last_login_user_folded TEXT   NOT NULL,
    last_reboot           INTEGER,          -- NULL: nobody said
    first_seen            INTEGER NOT NULL,
    last_seen             INTEGER NOT NULL,
    modified              INTEGER NOT NULL, -- when anything but last_seen changed here
    -- Nothing contains hosts here, and nothing groups them.
    status                TEXT GENERATED ALWAYS AS ('normal') VIRTUAL,
    host_group            TEXT GENERATED ALWAYS AS ('') VIRTUAL
) STRICT;

CREATE UNIQUE INDEX host_aid ON host (cid, aid);
-- What lists are sorted by, and what selects few.
CREATE INDEX host_hostname ON host (cid, hostname_folded);
CREATE INDEX host_last_seen ON host (cid, last_seen);
CREATE INDEX host_first_seen ON host (cid, first_seen);
CREATE INDEX host_modified ON host (cid, modified);
CREATE INDEX host_platform ON host (cid, platform_name_folded);
CREATE INDEX host_os_version ON host (cid, os_version_folded);
CREATE INDEX host_product_type ON host (cid, product_type_desc_folded);
CREATE INDEX host_agent_version ON host (cid, agent_version);
CREATE INDEX host_local_ip ON host (cid, local_ip);
CREATE INDEX host_external_ip ON host (cid, external_ip);
CREATE INDEX host_domain ON host (cid, machine_domain_folded);
CREATE INDEX host_site ON host (cid, site_name_folded);
CREATE INDEX host_serial ON host (cid, serial_number_folded);
CREATE INDEX host_mac ON host (cid, mac_address);

-- All that is known of a host, each fact with the time of the report that says
-- so: a report that comes late must not undo a younger one.
CREATE TABLE host_facts (
    record INTEGER PRIMARY KEY REFERENCES host (seq),
    cid    TEXT    NOT NULL,
    facts  TEXT    NOT NULL -- JSON
) STRICT;

CREATE TABLE host_ou (
    record    INTEGER NOT NULL REFERENCES host (seq),
    place     INTEGER NOT NULL,
    cid       TEXT    NOT NULL,
    ou        TEXT    NOT NULL,
    ou_folded TEXT    NOT NULL,
    PRIMARY KEY (record, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX host_ou_ou ON host_ou (cid, ou_folded);

CREATE TABLE host_tag (
    record     INTEGER NOT NULL REFERENCES host (seq),
    place      INTEGER NOT NULL,
    cid        TEXT    NOT NULL,
    tag        TEXT    NOT NULL,
    tag_folded TEXT    NOT NULL,
    PRIMARY KEY (record, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX host_tag_tag ON host_tag (cid, tag_folded);

-- +goose Down
DROP TABLE host_tag;
DROP TABLE host_ou;
DROP TABLE host_facts;
DROP TABLE host;
DROP TABLE host_report;
DROP TABLE host_number;
