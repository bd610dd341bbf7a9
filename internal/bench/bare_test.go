package bench_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/allmep/tandem/internal/ledger"
)

// insertBare writes a revision's rows over and over with prepared single inserts, a transaction each time.
func insertBare(b *testing.B, dsn string, r ledger.Revision, times int) time.Duration {
	b.Helper()
	db, err := sql.Open("sqlite3", dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	start := time.Now()
	for n := range times {
		if err := insertOnce(db, r, int64(n+1)); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

func insertOnce(db *sql.DB, r ledger.Revision, number int64) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.Exec("INSERT INTO revision (number, at, principal, reason, request_id, fingerprint, changes) VALUES (?,?,?,?,?,?,?)",
		number, number, r.Principal, "", fmt.Sprint(number), "", len(r.Changes)); err != nil {
		return err
	}
	insert, err := tx.Prepare("INSERT INTO version (kind, id, revision, created, updated, deleted, body) VALUES (?,?,?,?,?,?,?)")
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, v := range r.Changes {
		if _, err := insert.Exec(string(v.Key.Kind), v.Key.ID, number, number, number, 0, string(v.Body)); err != nil {
			return err
		}
	}
	return tx.Commit()
}
