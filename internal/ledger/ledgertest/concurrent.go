package ledgertest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

// Many writers make dense revisions, each of which sees all that came before it.
func testManyWriters(t *testing.T, f fixture) {
	ManyWriters(t, f.Store)
}

// ManyWriters writes with eight goroutines at once, spread over stores of the same database, which must be empty, and checks that every write is there
// once and in order.
func ManyWriters(t *testing.T, stores ...ledger.Store) {
	t.Helper()
	const writers, writes = 8, 25
	var wg sync.WaitGroup
	for w := range writers {
		s := stores[w%len(stores)]
		wg.Go(func() {
			for range writes {
				if err := s.Commit(t.Context(), func(tx ledger.Tx) error { return count(tx, w) }); err != nil {
					t.Errorf("writer %d: %v", w, err)
					return
				}
			}
		})
	}
	wg.Wait()
	f := fixture{t: t, Store: stores[0], ctx: t.Context()}
	f.head(writers * writes)
	var each [writers]int
	for i, r := range f.since(0) {
		if r.Number != int64(i+1) || len(r.Changes) != 2 || string(r.Changes[0].Body) != fmt.Sprint(r.Number) {
			t.Fatalf("revision %d: %s", i+1, show(r))
		}
		var w int
		if _, err := fmt.Sscanf(r.Changes[1].Key.ID, "writer-%d", &w); err != nil {
			t.Fatal(err)
		}
		each[w]++
	}
	for w, n := range each {
		if n != writes {
			t.Errorf("writer %d: %d revisions, want %d", w, n, writes)
		}
	}
}

// count adds one to the record "counter", reading it as the transaction sees it, and notes who did.
func count(tx ledger.Tx, writer int) error {
	n := 0
	v, err := tx.Get(key("counter"))
	switch {
	case err == nil:
		if _, err := fmt.Sscan(string(v.Body), &n); err != nil {
			return err
		}
	case fault.KindOf(err) != fault.NotFound:
		return err
	}
	r := revision(tx.Head()+1, "counter", fmt.Sprintf("writer-%d", writer))
	r.Changes[0].Body = fmt.Append(nil, n+1)
	return tx.Append(r)
}

// Readers see whole revisions only, and never an older one after a newer.
func testWholeRevisions(t *testing.T, f fixture) {
	ids := make([]string, 50)
	keys := make([]grant.Key, len(ids))
	for i := range ids {
		ids[i] = fmt.Sprintf("m%02d", i)
		keys[i] = key(ids[i])
	}
	f.commit(revision(1, ids...))
	const last = 40
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for seen := int64(1); seen < last && !t.Failed(); {
				revisions := map[int64]int{}
				note := func(v ledger.Version) error {
					revisions[v.Revision]++
					return nil
				}
				versions, err := f.GetAll(f.ctx, keys, 0)
				for _, v := range versions {
					_ = note(v)
				}
				if len(revisions) != 1 || err != nil || versions[0].Revision < seen {
					t.Errorf("GetAll after revision %d: %v, error %v", seen, revisions, err)
					return
				}
				seen = versions[0].Revision
				clear(revisions)
				if err := f.Load(f.ctx, 0, note); len(revisions) != 1 || err != nil {
					t.Errorf("Load: %v, error %v", revisions, err)
				}
				head, err := f.Head(f.ctx)
				if head < seen || err != nil {
					t.Errorf("Head: %d after %d, error %v", head, seen, err)
				}
				err = f.Since(f.ctx, seen-1, func(r ledger.Revision) error {
					if len(r.Changes) != len(ids) {
						return fmt.Errorf("revision %d has %d changes", r.Number, len(r.Changes))
					}
					return nil
				})
				if err != nil {
					t.Errorf("Since: %v", err)
				}
			}
		})
	}
	for n := int64(2); n <= last; n++ {
		f.commit(revision(n, ids...))
	}
	wg.Wait()
}

func testCloseWaits(t *testing.T, f fixture) {
	f.history()
	started, finished := make(chan struct{}), make(chan error, 1)
	calls := 0
	go func() {
		finished <- f.Load(f.ctx, 0, func(ledger.Version) error {
			if calls++; calls == 1 {
				close(started)
				time.Sleep(50 * time.Millisecond)
			}
			return nil
		})
	}()
	<-started
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-finished:
		f.equal("records that a Load yielded while the store closed", calls, 4, errors.Join(err))
	case <-time.After(20 * time.Millisecond): // for the goroutine to say so
		t.Fatal("Close returned before a running Load")
	}
}
