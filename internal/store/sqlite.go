package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/mattn/go-sqlite3"
	"github.com/pressly/goose/v3"

	"github.com/allmep/tandem/internal/fault"
)

var sqliteDialect = dialect{
	placeholder: "?",
	begin:       "BEGIN IMMEDIATE",
	embedded:    true,
	place:       "rowid",
	trouble:     sqliteTrouble,
	undone:      func(err error) bool { return sqliteTrouble(err) == full || sqliteTrouble(err) == contended },
	laws: []string{
		`SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'`,
		`SELECT 'a row of ' || "table" || ' refers to none of ' || parent FROM pragma_foreign_key_check`,
	},
}

// readerConnections is how many statements read at the same time. More of them do not read more on the few cores that such a server has.
const readerConnections = 4

func openSQLite(ctx context.Context, path string) (*Store, error) {
	path, err := prepareFile(path)
	if err != nil {
		return nil, err
	}
	// The writer waits a little at a time, so that it notices when its context ends. Readers hardly ever wait at all.
	readers := sqlitePool(path, readerConnections, patience, url.Values{"_query_only": {"true"}})
	writer := sqlitePool(path, 1, 250*time.Millisecond, nil)
	s := newStore(sqliteDialect, readers, writer)
	if err := s.setUpSQLite(ctx, path); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.checkpoints = newCheckpoints(sqlitePool(path, 1, patience, nil), writer, path+"-wal")
	return s, nil
}

// setUpSQLite brings the schema up to date on a connection that waits for another server which may be doing the same.
func (s *Store) setUpSQLite(ctx context.Context, path string) error {
	db := sqlitePool(path, 1, patience, url.Values{"_txlock": {"immediate"}})
	defer db.Close()
	mode, err := journalMode(ctx, db)
	if err != nil {
		return s.fail(ctx, err, "open "+path)
	}
	if mode != "wal" {
		return fault.New(fault.Precondition, "the file system of the database %s has no write-ahead log (SQLite's journal mode is %q)", path, mode)
	}
	return s.migrate(ctx, db, goose.DialectSQLite3)
}

// journalMode makes the first connection to a file, which turns a new one to the write-ahead log, and returns the mode that the file is in. Of several that
// do so at once SQLite has all but one fail without waiting, since they would wait for each other; so they are let try again.
func journalMode(ctx context.Context, db *sql.DB) (mode string, err error) {
	for end := time.Now().Add(patience); ; {
		err = db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode)
		if err == nil || sqliteTrouble(err) != contended || time.Now().After(end) {
			return mode, err
		}
		select {
		case <-time.After(firstInterval):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// prepareFile makes the file of a database if there is none, for its owner alone since it holds what is restricted (SQLite gives the files that it puts
// beside it the same mode), and returns its absolute path.
func prepareFile(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", &fault.Error{Kind: fault.Precondition, Message: "the working directory is gone: " + err.Error(), Err: err}
	}
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", &fault.Error{Kind: fault.Precondition, Message: "the database needs the directory " + dir + ", which does not exist; make it first", Err: err}
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", &fault.Error{Kind: fault.Precondition, Message: "the database cannot be opened for writing: " + err.Error(), Err: err}
	}
	return path, file.Close()
}

// sqlitePool makes connections to a file. They wait for the locks of others as long as is said.
func sqlitePool(path string, connections int, wait time.Duration, query url.Values) *sql.DB {
	settings := url.Values{
		"_synchronous":     {"FULL"}, // what COMMIT has acknowledged survives a loss of power
		"_foreign_keys":    {"true"},
		"_busy_timeout":    {strconv.FormatInt(wait.Milliseconds(), 10)},
		"_cache_size":      {"-16000"}, // KiB for each connection
		"_stmt_cache_size": {"64"},
	}
	maps.Copy(settings, query)
	// A URI with everything escaped, because SQLite gives ?, # and % a meaning.
	db := sql.OpenDB(sqliteConnector("file://" + (&url.URL{Path: path}).EscapedPath() + "?" + settings.Encode()))
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db
}

// sqliteConnector is the name of a database, with its settings, that connections are made to.
type sqliteConnector string

func (c sqliteConnector) Connect(context.Context) (driver.Conn, error) {
	return c.Driver().Open(string(c))
}

func (sqliteConnector) Driver() driver.Driver {
	return &sqlite3.SQLiteDriver{ConnectHook: func(conn *sqlite3.SQLiteConn) error {
		_, err := conn.Exec(tuning, nil)
		return err
	}}
}

// tuning makes a new file of pages of 8 KiB, of which packed bodies leave less unused than of 4 (of 16, single writes would have to write too much), lets reads take the first GiB of
// the file straight from the page cache of the system, and leaves the write-ahead log to the checkpoints.
var tuning = fmt.Sprintf(`PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA mmap_size = %d; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = %d`, 1<<30, keptLog)

func sqliteTrouble(err error) trouble {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return internal
	}
	switch {
	case e.Code == sqlite3.ErrBusy || e.Code == sqlite3.ErrLocked:
		return contended
	case e.Code == sqlite3.ErrFull || e.SystemErrno == syscall.ENOSPC || e.SystemErrno == syscall.EDQUOT:
		return full
	case e.Code == sqlite3.ErrCantOpen:
		return unreachable
	}
	return internal
}
