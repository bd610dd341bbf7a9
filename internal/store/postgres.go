package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/allmep/tandem/internal/fault"
)

// Under READ COMMITTED each statement sees what was committed before it began, so what follows the lock of the head sees the newest revision. Stricter
// levels would only make writers fail that now wait.
var postgresDialect = dialect{
	placeholder: "$",
	begin:       "BEGIN ISOLATION LEVEL READ COMMITTED",
	forUpdate:   " FOR UPDATE",
	place:       "ctid",
	commitWait:  30 * time.Second,
	trouble:     postgresTrouble,
	undone:      postgresUndone,
}

// postgresConnections is how many connections a server holds at most. PostgreSQL takes 100 by default, from all servers.
const postgresConnections = 16

func openPostgres(ctx context.Context, url string) (*Store, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil { // pgx leaves the password out of it
		return nil, &fault.Error{Kind: fault.Invalid, Message: "the database's URL: " + err.Error(), Err: err}
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresConnections)
	s := newStore(postgresDialect, db, db)
	if err := s.migrate(ctx, db, goose.DialectPostgres, goose.WithSessionLocker(migrationLock{})); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// migrationLock lets one server at a time bring the schema up to date.
type migrationLock struct{}

// migrationKey is the number of the advisory lock: "tandem" in ASCII.
const migrationKey = 0x74616e64656d

func (migrationLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", migrationKey)
	return err
}

func (migrationLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", migrationKey)
	return err
}

// postgresTrouble goes by the SQLSTATE that the server sent, whose first two characters are its class. Without one there was no answer.
func postgresTrouble(err error) trouble {
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		switch answer.Code {
		case "53100", "53200": // disk full, out of memory
			return full
		case "53300", // too many connections
			"57P01", "57P02", "57P03", // the server stops or is starting
			"25006": // the server has become a read-only standby
			return unreachable
		case "55P03", "57014": // a lock or a statement ran into the server's own time limit
			return contended
		}
		switch answer.Code[:2] {
		case "08":
			return unreachable
		case "40":
			return contended
		}
		return internal
	}
	var refused *pgconn.ConnectError
	var network net.Error
	switch {
	case errors.As(err, &refused), errors.As(err, &network), errors.Is(err, driver.ErrBadConn), pgconn.SafeToRetry(err),
		strings.Contains(err.Error(), "unexpected EOF"):
		return unreachable
	}
	return internal
}

// postgresUndone goes by the class too: a COMMIT that the server answered with a conflict or a broken constraint was rolled back (but 40003 is the code
// for not knowing). Any other error may come after it was done.
func postgresUndone(err error) bool {
	var answer *pgconn.PgError
	return errors.As(err, &answer) && answer.Code != "40003" && (answer.Code[:2] == "40" || answer.Code[:2] == "23")
}
