package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/ledger"
)

// Store is a ledger.Store on one database. Make one with Open.
type Store struct {
	reader
	dialect     dialect
	readers     *sql.DB
	writer      *sql.DB      // the same as readers on PostgreSQL
	checkpoints *checkpoints // SQLite's
}

var _ ledger.Store = (*Store)(nil)

// dialect is all that differs between the databases.
type dialect struct {
	placeholder string // what stands before the number of a parameter
	begin       string // begins a transaction that writes
	forUpdate   string // makes the SELECT of the head keep other writers out until the transaction ends, where begin has not
	embedded    bool   // statements run in this process, short ones are not interrupted, and bodies that are not short are packed; see packer
	place       string // the column that tells where a row is
	// commitWait is how long a COMMIT may take before its outcome is called unknown, 0 for as long as it needs.
	commitWait time.Duration
	trouble    func(error) trouble
	// undone says that an error of COMMIT leaves no doubt: nothing was committed.
	undone func(error) bool
	laws   []string // what Check asks of this database alone, as in the variable laws
}

// trouble is what a database's error means.
type trouble uint8

const (
	internal    trouble = iota
	full                // no room
	unreachable         // there is no connection
	contended           // others were in the way: a lock, a serialisation failure or a deadlock
)

// Open opens the database that dsn names, which is the path of a SQLite file (made if there is none, in a directory that exists) or the URL of a
// PostgreSQL database (postgres://…), and brings its schema up to date. Many servers may open one database at the same time. Errors: Invalid for a
// dsn that can never work, Precondition when the directory is missing or the schema is newer than the program, else those of ledger.Store.
func Open(ctx context.Context, dsn string) (*Store, error) {
	scheme, _, url := strings.Cut(dsn, "://")
	switch {
	case dsn == "":
		return nil, fault.New(fault.Invalid, "found no name of a database; accepted are the path of a file or a postgres:// URL")
	case url && (scheme == "postgres" || scheme == "postgresql"):
		return openPostgres(ctx, dsn)
	case url && !strings.ContainsAny(scheme, `/\.`):
		return nil, fault.New(fault.Invalid, "found a database with the scheme %q; accepted are the path of a file or a postgres:// URL", scheme)
	}
	return openSQLite(ctx, dsn)
}

func newStore(d dialect, readers, writer *sql.DB) *Store {
	s := &Store{dialect: d, readers: readers, writer: writer}
	s.reader = reader{from: readers, sql: newQueries(d), fail: s.fail}
	return s
}

// Close implements ledger.Store.
func (s *Store) Close() error {
	// The writer is last, because SQLite tidies up when the last connection closes, which a reader may not.
	return errors.Join(s.checkpoints.close(), closeAll(s.readers), closeAll(s.writer))
}

// closeAll closes a pool and waits for the calls that use it: database/sql closes a connection in use when its call returns, and does not wait.
func closeAll(db *sql.DB) error {
	err := db.Close()
	for db.Stats().OpenConnections > 0 {
		time.Sleep(time.Millisecond)
	}
	return err
}

// fail turns an error of a database, met while doing something, into what ledger.Store promises.
func (s *Store) fail(ctx context.Context, err error, doing string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch s.dialect.trouble(err) {
	case full:
		return &fault.Error{Kind: fault.Exhausted, Message: "the database has no room left: could not " + doing, Err: err}
	case unreachable:
		return &fault.Error{Kind: fault.Unavailable, Message: "the database cannot be reached: could not " + doing, Err: err}
	case contended:
		return &fault.Error{Kind: fault.Unavailable, Message: "the database is busy: could not " + doing, Err: err}
	}
	return &fault.Error{Kind: fault.Internal, Message: "the database failed: could not " + doing, Err: err}
}
