package store

import (
	"strings"
	"testing"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/ledger/ledgertest"
	"github.com/allmep/tandem/internal/pgtest"
)

func TestPostgres(t *testing.T) {
	pgtest.URL(t) // starts the cluster, which outlives the suite, before the suite counts goroutines
	ledgertest.TestStore(t, func(t *testing.T) ledger.Store { return open(t, pgtest.URL(t)) })
	testDatabase(t, func(t *testing.T) string { return pgtest.URL(t) })
}

func BenchmarkPostgres(b *testing.B) {
	ledgertest.BenchmarkStore(b, func(b *testing.B) ledger.Store { return open(b, pgtest.URL(b)) })
}

// kill ends the server's side of a transaction's connection.
func kill(t *testing.T, s *Store, tx *tx) {
	t.Helper()
	var pid int
	if err := tx.conn.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	if _, err := s.readers.ExecContext(t.Context(), "SELECT pg_terminate_backend($1, 5000)", pid); err != nil {
		t.Fatal(err)
	}
}

// A transaction whose connection is lost before its COMMIT is run again.
func TestPostgresLostBeforeCommit(t *testing.T) {
	s := open(t, pgtest.URL(t))
	defer s.Close()
	runs := 0
	err := s.Commit(t.Context(), func(x ledger.Tx) error {
		if runs++; runs == 1 {
			kill(t, s, x.(*tx))
		}
		return x.Append(next(x, "a"))
	})
	if err != nil || runs != 2 {
		t.Fatalf("got error %v after %d runs, want success with the second", err, runs)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// upset makes every new revision run a body of PL/pgSQL: at once, or when the transaction commits.
func upset(t *testing.T, s *Store, when, body string) {
	t.Helper()
	behind(t, s,
		`CREATE SEQUENCE tries`,
		`CREATE FUNCTION upset() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN `+body+` RETURN NULL; END $$`,
		`CREATE CONSTRAINT TRIGGER upset AFTER INSERT ON revision `+when+` FOR EACH ROW EXECUTE FUNCTION upset()`)
}

const (
	atOnce   = ""
	atCommit = "DEFERRABLE INITIALLY DEFERRED"
)

func TestPostgresTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		when, body string
		runs       int
		want       fault.Kind // Internal for success
		words      string
	}{
		"serialisation failure":               {atOnce, `IF nextval('tries') < 3 THEN RAISE SQLSTATE '40001'; END IF;`, 3, 0, ""},
		"deadlock":                            {atOnce, `IF nextval('tries') < 2 THEN RAISE SQLSTATE '40P01'; END IF;`, 2, 0, ""},
		"serialisation failure in the COMMIT": {atCommit, `IF nextval('tries') < 3 THEN RAISE SQLSTATE '40001'; END IF;`, 3, 0, ""},
		"disk full":                           {atOnce, `RAISE SQLSTATE '53100';`, 1, fault.Exhausted, "no room"},
		"connection lost in the COMMIT":       {atCommit, `PERFORM pg_terminate_backend(pg_backend_pid());`, 1, fault.Unavailable, "outcome is unknown"},
		"outcome unknown to the server":       {atCommit, `RAISE SQLSTATE '40003';`, 1, fault.Unavailable, "outcome is unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, pgtest.URL(t))
			defer s.Close()
			upset(t, s, c.when, c.body)
			runs := 0
			err := s.Commit(t.Context(), func(tx ledger.Tx) error {
				runs++
				return tx.Append(next(tx, "a"))
			})
			if runs != c.runs {
				t.Errorf("ran %d times, want %d (error %v)", runs, c.runs, err)
			}
			if c.words == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if fault.KindOf(err) != c.want || !strings.Contains(err.Error(), c.words) {
				t.Errorf("got %v, want %q", err, c.words)
			}
			behind(t, s, `DROP TRIGGER upset ON revision`)
			write(t, s, "b")
			if err := s.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
