package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/allmep/tandem/internal/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date, and refuses one that is newer than the program. Another server may be doing the same.
func (s *Store) migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, options ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return s.fail(ctx, err, "find the migrations")
	}
	provider, err := goose.NewProvider(dialect, db, files, options...)
	if err != nil {
		return s.fail(ctx, err, "read the migrations")
	}
	// SQLite cannot hold one lock over all that goose does, so another server can come between its look at the schema and its first statement, which
	// then fails and undoes that migration. When the schema has moved, that is what happened.
	for seen := int64(-1); ; {
		_, err := provider.Up(ctx)
		if err == nil {
			break
		}
		version, errVersion := provider.GetDBVersion(ctx)
		if errVersion != nil || version <= seen {
			return s.fail(ctx, errors.Join(err, errVersion), "bring the schema up to date")
		}
		seen = version
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return s.fail(ctx, err, "read the version of the schema")
	}
	if current > target {
		return fault.New(fault.Precondition, "the schema of the database is version %d and this program knows up to version %d: run a newer program", current, target)
	}
	return nil
}
