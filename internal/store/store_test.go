package store

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/ledger/ledgertest"
	"github.com/allmep/tandem/internal/pgtest"
)

func TestMain(m *testing.M) {
	if dsn := os.Getenv(crashDSN); dsn != "" {
		writeUntilKilled(dsn)
	}
	if dsn := os.Getenv(openDSN); dsn != "" {
		openAndEnd(dsn)
	}
	pgtest.Main(m)
}

func open(tb testing.TB, dsn string) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), dsn)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// write commits the next revision, which changes the grants that are named.
func write(tb testing.TB, s *Store, ids ...string) {
	tb.Helper()
	if err := s.Commit(tb.Context(), func(tx ledger.Tx) error { return tx.Append(next(tx, ids...)) }); err != nil {
		tb.Fatal(err)
	}
}

func next(tx ledger.Tx, ids ...string) ledger.Revision {
	r := ledger.Revision{Number: tx.Head() + 1, At: tx.At() + 1, Principal: "tokens/staff"}
	for _, id := range ids {
		key := grant.Key{Kind: grant.Grants, ID: id}
		r.Changes = append(r.Changes, ledger.Version{Key: key, Revision: r.Number, Updated: r.At, Body: []byte("{}")})
	}
	r.Hash = r.Chained(tx.Hash())
	return r
}

// testDatabase checks what takes more than one store on a database, or a look behind its back. url names a new one.
func testDatabase(t *testing.T, url func(t *testing.T) string) {
	t.Run("Reopen", func(t *testing.T) {
		dsn := url(t)
		first := open(t, dsn)
		write(t, first, "a", "b")
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		second := open(t, dsn)
		defer second.Close()
		if head, err := second.Head(t.Context()); head != 1 || err != nil {
			t.Fatalf("head %d, error %v", head, err)
		}
		if err := second.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("OpenAtOnce", func(t *testing.T) { testOpenAtOnce(t, url(t)) })
	t.Run("NewerSchema", func(t *testing.T) { testNewerSchema(t, url(t)) })
	t.Run("OldDatabase", func(t *testing.T) { testOldDatabase(t, url(t)) })
	t.Run("MigrateAtOnce", func(t *testing.T) { testMigrateAtOnce(t, url(t)) })
	t.Run("MigrationKilled", func(t *testing.T) { testMigrationKilled(t, url) })
	t.Run("Crash", func(t *testing.T) { testCrash(t, url(t)) })
	t.Run("Check", func(t *testing.T) { testCheck(t, url) })
}

// Servers that start at once on a new database all succeed, and then write it together.
func testOpenAtOnce(t *testing.T, dsn string) {
	stores := make([]ledger.Store, 4)
	var wg sync.WaitGroup
	for i := range stores {
		wg.Go(func() {
			s, err := Open(t.Context(), dsn)
			if err != nil {
				t.Errorf("server %d: %v", i, err)
				return
			}
			stores[i] = s
		})
	}
	wg.Wait()
	for _, s := range stores {
		if s != nil {
			defer s.Close()
		}
	}
	if t.Failed() {
		return
	}
	ledgertest.ManyWriters(t, stores...)
	if err := stores[0].(*Store).Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func testNewerSchema(t *testing.T, dsn string) {
	s := open(t, dsn)
	behind(t, s, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)`)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), dsn)
	if fault.KindOf(err) != fault.Precondition || !strings.Contains(err.Error(), "version 99") {
		t.Fatalf("got %v", err)
	}
}

// behind changes a database behind its store's back.
func behind(t *testing.T, s *Store, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := s.writer.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func testCheck(t *testing.T, url func(t *testing.T) string) {
	for name, c := range map[string]struct{ damage, want string }{
		"a lost change":      {`DELETE FROM version WHERE id = 'b' AND revision = 2`, "revision 2 has 1 changes and should have 2"},
		"a change too many":  {`INSERT INTO version SELECT kind, 'z', revision, created, updated, deleted, body FROM version WHERE id = 'b' AND revision = 2`, "revision 2 has 3 changes"},
		"a wrong instant":    {`UPDATE version SET updated = 77 WHERE id = 'b' AND revision = 2`, "of another instant"},
		"a moved head":       {`UPDATE tip SET number = 7`, "the head is revision 7"},
		"another hash":       {`UPDATE tip SET hash = '0'`, "the head has another hash"},
		"no head":            {`DELETE FROM tip`, "there are 0 heads"},
		"a revision's order": {`UPDATE revision SET at = 0 WHERE number = 2`, "revision 2 is not later than the one before"},
		"a gap":              {`INSERT INTO revision SELECT 9, 9, principal, reason, request_id, fingerprint, 0, hash FROM revision WHERE number = 1`, "numbered from 1 to 9"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, url(t))
			defer s.Close()
			if err := s.Check(t.Context()); err != nil {
				t.Fatalf("of an empty database: %v", err)
			}
			write(t, s, "a", "b")
			write(t, s, "a", "b")
			if err := s.Check(t.Context()); err != nil {
				t.Fatalf("of a sound database: %v", err)
			}
			behind(t, s, c.damage)
			if err := s.Check(t.Context()); err == nil || fault.KindOf(err) != fault.Precondition || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	for dsn, want := range map[string]fault.Kind{
		"":                               fault.Invalid,
		"mysql://localhost/tandem":       fault.Invalid,
		"postgres://localhost:port/x":    fault.Invalid,
		t.TempDir():                      fault.Precondition,
		t.TempDir() + "/none/tandem.db":  fault.Precondition,
		"store_test.go/tandem.db":        fault.Precondition,
		"postgres://127.0.0.1:1/nothing": fault.Unavailable,
		"store_test.go":                  fault.Internal, // it is no database
	} {
		s, err := Open(t.Context(), dsn)
		if err == nil {
			_ = s.Close()
		}
		if err == nil || fault.KindOf(err) != want {
			t.Errorf("Open(%q): got %v (kind %v), want kind %v", dsn, err, fault.KindOf(err), want)
		}
	}
}
