package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date, and refuses one that is newer than the program. Another server may be doing the same.
func (s *Store) migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, options ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return s.fail(ctx, err, "find the migrations")
	}
	options = append(options, goose.WithGoMigrations(goose.NewGoMigration(3, &goose.GoFunc{RunTx: s.chain}, nil)))
	provider, err := goose.NewProvider(dialect, db, files, options...)
	if err != nil {
		return s.fail(ctx, err, "read the migrations")
	}
	if err := s.up(ctx, provider); err != nil {
		return err
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return s.fail(ctx, err, "read the version of the schema")
	}
	if current > target {
		return fault.New(fault.Precondition, "the schema of the database is version %d and this program knows up to version %d: run the program that last used the database, or a newer one", current, target)
	}
	return nil
}

// up runs the migrations that are missing, each in a transaction. SQLite cannot hold one lock over all that goose does, so another server can come
// between its look at the schema and its first statement, which then fails and undoes that migration. When the schema has moved, that is what happened;
// while the other is at work, the database is busy, and one waits for it as long as the context allows, as PostgreSQL's lock does.
func (s *Store) up(ctx context.Context, provider *goose.Provider) error {
	for seen := int64(-1); ; {
		_, err := provider.Up(ctx)
		if err == nil {
			return nil
		}
		version, errVersion := provider.GetDBVersion(ctx)
		busy := s.dialect.trouble(err) == contended
		if !busy && (errVersion != nil || version <= seen) {
			return s.fail(ctx, errors.Join(err, errVersion), "bring the schema up to date")
		}
		seen = max(seen, version)
		if busy {
			select {
			case <-time.After(lastInterval):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// chain gives the revisions that were written before there were hashes theirs. It is a migration, not a part of Open, so that it happens once, under the
// migrations' lock, and whole or not at all.
func (s *Store) chain(ctx context.Context, tx *sql.Tx) error {
	r := reader{from: tx, sql: s.sql, fail: s.fail}
	set := strings.ReplaceAll(`UPDATE revision SET hash = $1 WHERE number = $2`, "$", s.dialect.placeholder)
	hash := ""
	err := r.Since(ctx, 0, func(rev ledger.Revision) error {
		hash = rev.Chained(hash)
		_, err := tx.ExecContext(ctx, set, hash, rev.Number)
		return err
	})
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, strings.ReplaceAll(`UPDATE tip SET hash = $1`, "$", s.dialect.placeholder), hash)
	return err
}
