package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strconv"
	"strings"

	"modernc.org/sqlite"
)

// Format tells which format the database at path has, and which is the newest
// that this program knows. It only reads, also beside a running server.
func Format(ctx context.Context, path string) (have, newest int64, err error) {
	if newest, err = newestFormat(); err != nil {
		return 0, 0, err
	}
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: "mode=ro&_pragma=busy_timeout(5000)"}).String()
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return 0, 0, err
	}
	db := sql.OpenDB(c)
	err = db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&have)
	if err := errors.Join(err, db.Close()); err != nil {
		return 0, 0, fmt.Errorf("read the format of %s: %w", path, err)
	}
	return have, newest, nil
}

// newestFormat is the number of the last migration.
func newestFormat() (newest int64, err error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	for _, name := range names {
		digits, _, _ := strings.Cut(strings.TrimPrefix(name, "migrations/"), "_")
		n, nerr := strconv.ParseInt(digits, 10, 64)
		newest, err = max(newest, n), errors.Join(err, nerr)
	}
	return newest, err
}
