package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/allmep/tandem/internal/ledger"
)

// openDSN in the environment makes the test binary a program that opens a database, which migrates it, and ends.
const openDSN = "TANDEM_TEST_OPEN_DSN"

func openAndEnd(dsn string) {
	s, err := Open(context.Background(), dsn)
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// oldDatabase makes a database as the first program with a schema left it, before revisions had hashes: so many revisions of two records each.
func oldDatabase(t *testing.T, dsn string, revisions int64) {
	t.Helper()
	db, kind, d := sqlitePool(dsn, 1, time.Second, url.Values{}), goose.DialectSQLite3, sqliteDialect
	if strings.HasPrefix(dsn, "postgres:") {
		var err error
		if db, err = sql.Open("pgx", dsn); err != nil {
			t.Fatal(err)
		}
		kind, d = goose.DialectPostgres, postgresDialect
	}
	defer db.Close()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(kind, db, files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	do := func(text string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), strings.ReplaceAll(text, "$", d.placeholder), args...); err != nil {
			t.Fatal(err)
		}
	}
	for n := int64(1); n <= revisions; n++ {
		do(`INSERT INTO revision (number, at, principal, reason, request_id, fingerprint, changes) VALUES ($1, $2, $3, $4, $5, $6, 2)`,
			n, 1000*n, "tokens/staff", fmt.Sprint("reason ", n), fmt.Sprint("request ", n), "fingerprint")
		do(`INSERT INTO version (kind, id, revision, created, updated, deleted, body) VALUES ('grants', $1, $2, 1000, $3, 0, $4), ('grants', $5, $2, 1000, $3, 0, $4)`,
			fmt.Sprint("a", n%7), n, 1000*n, `{"title":"Wasser"}`, fmt.Sprint("b", n))
	}
	do(`UPDATE head SET number = $1, at = $2`, revisions, 1000*revisions)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// verified opens a database and holds every revision against its hash; it returns how many there are.
func verified(t *testing.T, dsn string) int64 {
	t.Helper()
	s := open(t, dsn)
	defer s.Close()
	var chain ledger.Chain
	if err := s.Since(t.Context(), 0, chain.Add); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	return chain.Number
}

// A database from before there were hashes opens, has them all, and goes on; the program before can write to it no more.
func testOldDatabase(t *testing.T, dsn string) {
	oldDatabase(t, dsn, 700)
	if n := verified(t, dsn); n != 700 {
		t.Fatalf("%d revisions are left of 700", n)
	}
	s := open(t, dsn)
	write(t, s, "a1", "new")
	if _, err := s.writer.ExecContext(t.Context(), `UPDATE head SET number = 702, at = 702000`); err == nil {
		t.Error("the program before can still write")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := verified(t, dsn); n != 701 {
		t.Fatalf("%d revisions after another", n)
	}
}

// opening starts a process that migrates a database.
func opening(t *testing.T, dsn string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), openDSN+"="+dsn)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// Processes that start at once on an old database all succeed.
func testMigrateAtOnce(t *testing.T, dsn string) {
	oldDatabase(t, dsn, 3000)
	processes := []*exec.Cmd{opening(t, dsn), opening(t, dsn), opening(t, dsn)}
	for _, p := range processes {
		if err := p.Wait(); err != nil {
			t.Error(err)
		}
	}
	if n := verified(t, dsn); n != 3000 {
		t.Fatalf("%d revisions are left of 3000", n)
	}
}

// A migration that is killed at any moment is done by the next that opens the database.
func testMigrationKilled(t *testing.T, url func(t *testing.T) string) {
	killed, whole := 0, time.Duration(0) // how long one takes that is left alone, from which the moments of the others' deaths are drawn
	for range 5 {
		dsn := url(t)
		oldDatabase(t, dsn, 2000)
		begun := time.Now()
		p := opening(t, dsn)
		if whole > 0 {
			time.AfterFunc(rand.N(whole), func() { _ = p.Process.Kill() })
		}
		switch err := p.Wait(); {
		case whole > 0 && err != nil:
			killed++
		case whole == 0:
			whole = time.Since(begun)
		}
		if n := verified(t, dsn); n != 2000 {
			t.Fatalf("%d revisions are left of 2000", n)
		}
	}
	t.Logf("%d of 4 were killed on the way", killed)
}
