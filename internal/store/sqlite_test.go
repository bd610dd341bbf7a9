package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
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
	bytes := make([]byte, 512<<10)
	_, _ = rand.Read(bytes) // what repeats itself takes no room
	big := hex.AppendEncode(nil, bytes)
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

// A long body takes less room than it has bytes, one that an older program left plain is read as well, and one that is damaged is handed on, for its hash to tell.
func TestSQLitePacks(t *testing.T) {
	s := open(t, file(t))
	defer s.Close()
	const title = `{"title":"Climate resilience and water"}`
	long := strings.Repeat(title, 1000)
	err := s.Commit(t.Context(), func(tx ledger.Tx) error {
		r := next(tx, "a", "b", "c")
		for i := range r.Changes {
			r.Changes[i].Body = []byte(long)
		}
		return tx.Append(r)
	})
	if err != nil {
		t.Fatal(err)
	}
	var packed int
	if err := s.readers.QueryRowContext(t.Context(), `SELECT length(body) FROM version WHERE id = 'a'`).Scan(&packed); err != nil || packed > len(long)/10 {
		t.Errorf("%d bytes are stored in %d, error %v", len(long), packed, err)
	}
	behind(t, s, `UPDATE version SET body = '`+long+`' WHERE id = 'b'`, `UPDATE version SET body = CAST('`+title+`' AS BLOB) WHERE id = 'c'`)
	for id, want := range map[string]string{"a": long, "b": long, "c": title} {
		if v, err := s.Get(t.Context(), grant.Key{Kind: grant.Grants, ID: id}, 0); err != nil || string(v.Body) != want {
			t.Errorf("%s: %d bytes, error %v", id, len(v.Body), err)
		}
	}
}

// The log of a large write is moved into the file beside those who go on to write, and takes little room again, also in a file with the pages of an older program.
func TestSQLiteMovesItsLog(t *testing.T) {
	t.Run("New", func(t *testing.T) { testMovesLog(t, file(t), 8192) })
	t.Run("Old", func(t *testing.T) {
		path := file(t)
		db, err := sql.Open("sqlite3", path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(t.Context(), "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; CREATE TABLE old (x); DROP TABLE old")
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		testMovesLog(t, path, 4096)
	})
}

func testMovesLog(t *testing.T, path string, pageSize int) {
	s := open(t, path)
	defer s.Close()
	var page int
	if err := s.readers.QueryRowContext(t.Context(), "PRAGMA page_size").Scan(&page); err != nil || page != pageSize {
		t.Fatalf("a page has %d bytes (error %v), want %d", page, err, pageSize)
	}
	bytes := make([]byte, keptLog/2+1)
	_, _ = rand.Read(bytes)
	big := hex.AppendEncode(nil, bytes)
	err := s.Commit(t.Context(), func(tx ledger.Tx) error {
		r := next(tx, "big")
		r.Changes[0].Body = big
		return tx.Append(r)
	})
	if err != nil {
		t.Fatal(err)
	}
	size := func() int64 {
		log, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return log.Size()
	}
	if n := size(); n < int64(len(big)) {
		t.Fatalf("the log has %d bytes only", n)
	}
	for end := time.Now().Add(time.Minute); size() > keptLog; {
		if time.Now().After(end) {
			t.Fatalf("the log still has %d bytes", size())
		}
		write(t, s, "small")
	}
	if v, err := s.Get(t.Context(), grant.Key{Kind: grant.Grants, ID: "big"}, 0); err != nil || string(v.Body) != string(big) {
		t.Errorf("%d bytes, error %v", len(v.Body), err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
