-- The columns of quarantined files in strips: what filters and aggregates read
-- where they look at all records. They are made from the rows, in the background;
-- a change of a row ends those of its part of the records, 8,192 keys.

-- +goose Up

CREATE TABLE quarantine_sheet (
    cid     TEXT    NOT NULL,
    part    INTEGER NOT NULL,
    sheet   TEXT    NOT NULL, -- columns of one table
    current INTEGER NOT NULL, -- 1 while its strips say what the rows say
    PRIMARY KEY (cid, part, sheet)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine_strip (
    cid   TEXT    NOT NULL,
    part  INTEGER NOT NULL,
    sheet TEXT    NOT NULL,
    name  TEXT    NOT NULL, -- of the column
    bytes BLOB    NOT NULL,
    UNIQUE (cid, part, sheet, name)
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER quarantine_facts_insert AFTER INSERT ON quarantine BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = NEW.cid AND part = (NEW.seq - 1) >> 13 AND sheet = 'facts' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_facts_delete AFTER DELETE ON quarantine BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = OLD.cid AND part = (OLD.seq - 1) >> 13 AND sheet = 'facts' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_facts_update AFTER UPDATE OF cid, aid, sha256, hostname, username, created, adversary, country,
    max_severity, max_confidence, first_behavior, last_behavior, extracted, primary_module, removable, sandbox_id, sandbox_state ON
    quarantine BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = OLD.cid AND part = (OLD.seq - 1) >> 13 AND sheet = 'facts' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_state_insert AFTER INSERT ON quarantine BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = NEW.cid AND part = (NEW.seq - 1) >> 13 AND sheet = 'state' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_state_delete AFTER DELETE ON quarantine BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = OLD.cid AND part = (OLD.seq - 1) >> 13 AND sheet = 'state' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_state_update AFTER UPDATE OF cid, state, path_state, updated ON quarantine BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = OLD.cid AND part = (OLD.seq - 1) >> 13 AND sheet = 'state' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_words_insert AFTER INSERT ON quarantine_words BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = NEW.cid AND part = (NEW.record - 1) >> 13 AND sheet = 'words' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_words_delete AFTER DELETE ON quarantine_words BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = OLD.cid AND part = (OLD.record - 1) >> 13 AND sheet = 'words' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_words_update AFTER UPDATE OF cid, words ON quarantine_words BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = OLD.cid AND part = (OLD.record - 1) >> 13 AND sheet = 'words' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_path_insert AFTER INSERT ON quarantine_path BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = NEW.cid AND part = (NEW.record - 1) >> 13 AND sheet = 'path' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_path_delete AFTER DELETE ON quarantine_path BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = OLD.cid AND part = (OLD.record - 1) >> 13 AND sheet = 'path' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_path_update AFTER UPDATE OF cid, path, filename ON quarantine_path BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = OLD.cid AND part = (OLD.record - 1) >> 13 AND sheet = 'path' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_behavior_insert AFTER INSERT ON quarantine_behavior BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = NEW.cid AND part = (NEW.record - 1) >> 13 AND sheet = 'behavior' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_behavior_delete AFTER DELETE ON quarantine_behavior BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = OLD.cid AND part = (OLD.record - 1) >> 13 AND sheet = 'behavior' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_behavior_update AFTER UPDATE OF cid, behavior, ioc_type, ioc_value, tree_root_hash ON
    quarantine_behavior BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = OLD.cid AND part = (OLD.record - 1) >> 13 AND sheet = 'behavior' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_detect_insert AFTER INSERT ON quarantine_detect BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = NEW.cid AND part = (NEW.record - 1) >> 13 AND sheet = 'detect' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_detect_delete AFTER DELETE ON quarantine_detect BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = OLD.cid AND part = (OLD.record - 1) >> 13 AND sheet = 'detect' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_detect_update AFTER UPDATE OF cid, detect ON quarantine_detect BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = OLD.cid AND part = (OLD.record - 1) >> 13 AND sheet = 'detect' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_alert_insert AFTER INSERT ON quarantine_alert BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = NEW.cid AND part = (NEW.record - 1) >> 13 AND sheet = 'alert' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_alert_delete AFTER DELETE ON quarantine_alert BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = OLD.cid AND part = (OLD.record - 1) >> 13 AND sheet = 'alert' AND current = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_alert_update AFTER UPDATE OF cid, alert ON quarantine_alert BEGIN
    UPDATE quarantine_sheet SET current = 0
    WHERE cid = OLD.cid AND part = (OLD.record - 1) >> 13 AND sheet = 'alert' AND current = 1;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER quarantine_facts_insert;
DROP TRIGGER quarantine_facts_delete;
DROP TRIGGER quarantine_facts_update;
DROP TRIGGER quarantine_state_insert;
DROP TRIGGER quarantine_state_delete;
DROP TRIGGER quarantine_state_update;
DROP TRIGGER quarantine_words_insert;
DROP TRIGGER quarantine_words_delete;
DROP TRIGGER quarantine_words_update;
DROP TRIGGER quarantine_path_insert;
DROP TRIGGER quarantine_path_delete;
DROP TRIGGER quarantine_path_update;
DROP TRIGGER quarantine_behavior_insert;
DROP TRIGGER quarantine_behavior_delete;
DROP TRIGGER quarantine_behavior_update;
DROP TRIGGER quarantine_detect_insert;
DROP TRIGGER quarantine_detect_delete;
DROP TRIGGER quarantine_detect_update;
DROP TRIGGER quarantine_alert_insert;
DROP TRIGGER quarantine_alert_delete;
DROP TRIGGER quarantine_alert_update;
DROP TABLE quarantine_strip;
DROP TABLE quarantine_sheet;
