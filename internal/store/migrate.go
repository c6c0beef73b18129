package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date, each step in a transaction of its own,
// so that an upgrade cut short goes on where it stopped. A schema of a newer
// program is refused before anything is touched.
func (db *DB) migrate(ctx context.Context) error {
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db.write, steps,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	have, newest, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", db.translate(err))
	}
	if have > newest {
		return fmt.Errorf("%w: format %d, this program reads <= %d; use the newer program", ErrNewer, have, newest)
	}
	if have == newest {
		return nil
	}
	db.log.Info("migrating the database", "from", have, "to", newest)
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate from format %d to %d: %w", have, newest, db.translate(err))
	}
	return nil
}
