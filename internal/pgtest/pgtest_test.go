package pgtest_test

import (
	"database/sql"
	"testing"

	"github.com/allmep/tandem/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// A database outlives the death of its server.
func TestKillAndRestart(t *testing.T) {
	c := pgtest.Start(t)
	url := c.Database(t)
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE kept (n BIGINT); INSERT INTO kept VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = db.Exec("SELECT sum(n) FROM generate_series(1, 15000000) AS g (n)") }() // a child that does not notice at once; it fails when it does
	for busy := false; !busy; {                                                                // until it is at work
		if err := db.QueryRow("SELECT count(*) > 0 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT sum%'").Scan(&busy); err != nil {
			t.Fatal(err)
		}
	}
	c.Kill()
	// A connection that there was may answer until its child of the server notices; nobody takes a new one.
	late, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	if err := late.Ping(); err == nil {
		t.Fatal("the server answers after it was killed")
	}
	if err := c.Restart(); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := late.QueryRow("SELECT count(*) FROM kept").Scan(&n); err != nil || n != 1 {
		t.Fatalf("found %d rows (%v), want 1", n, err)
	}
}
