package store

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/ledger/ledgertest"
)

func file(tb testing.TB) string { return filepath.Join(tb.TempDir(), "tandem.db") }

func TestSQLite(t *testing.T) {
	ledgertest.TestStore(t, func(t *testing.T) ledger.Store { return open(t, file(t)) })
	testDatabase(t, func(t *testing.T) string { return file(t) })
}

func BenchmarkSQLite(b *testing.B) {
	ledgertest.BenchmarkStore(b, func(b *testing.B) ledger.Store { return open(b, file(b)) })
}

func TestSQLitePaths(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"tandem.db", "a b", "100%25", "what?mode=memory", "a#b", "naïve שלום", "a&_query_only=1", ":memory:", "file:x", `c:\x`, "-", "it's \"so\""} {
		s := open(t, name)
		write(t, s, "a")
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v, want a file for its owner alone", name, info, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every connection has the settings that durability and integrity need.
func TestSQLiteSettings(t *testing.T) {
	s := open(t, file(t))
	defer s.Close()
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "query_only": "0", "busy_timeout": "250",
	} {
		var got string
		if err := s.writer.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("writer's %s: got %q (error %v), want %q", pragma, got, err, want)
		}
	}
	if _, err := s.readers.ExecContext(t.Context(), "DELETE FROM tip"); err == nil {
		t.Error("a reader could write")
	}
}

// Another program that holds the lock makes writers wait, no longer than their context allows.
func TestSQLiteLocked(t *testing.T) {
	dsn := file(t)
	s, other := open(t, dsn), open(t, dsn)
	defer s.Close()
	defer other.Close()
	err := other.Commit(t.Context(), func(ledger.Tx) error {
		ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		defer cancel()
		start := time.Now()
		err := s.Commit(ctx, func(ledger.Tx) error { return nil })
		if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "busy") {
			t.Errorf("got %v", err)
		}
		if waited := time.Since(start); waited > time.Second {
			t.Errorf("waited %v", waited)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, "a")
}

// A full disk fails the write, leaves nothing of it, and harms nothing.
func TestSQLiteFull(t *testing.T) {
	s := open(t, file(t))
	defer s.Close()
	write(t, s, "a")
	behind(t, s, "PRAGMA max_page_count = 40")
	big := []byte(strings.Repeat("x", 1<<20))
	err := s.Commit(t.Context(), func(tx ledger.Tx) error {
		r := next(tx, "b")
		r.Changes[0].Body = big
		return tx.Append(r)
	})
	if fault.KindOf(err) != fault.Exhausted {
		t.Fatalf("got %v", err)
	}
	write(t, s, "c")
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}
