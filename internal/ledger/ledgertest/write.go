package ledgertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

func testTxReads(_ *testing.T, f fixture) {
	history := f.history()
	six, seven := revision(6, "a"), revision(7, "d")
	err := f.Commit(f.ctx, func(tx ledger.Tx) error {
		f.equal("Head", tx.Head(), int64(5), nil)
		f.equal("At", tx.At(), instant(5), nil)
		f.equal("Hash", tx.Hash(), "hash 5", nil)
		v, err := tx.Get(key("a"))
		f.equal("Get", v, history[4].Changes[0], err)
		f.equal("Append", nil, nil, tx.Append(six))
		f.equal("Append", nil, nil, tx.Append(seven))
		f.equal("Head", tx.Head(), int64(7), nil)
		f.equal("At", tx.At(), instant(7), nil)
		f.equal("Hash", tx.Hash(), "hash 7", nil)
		v, err = tx.Get(key("a"))
		f.equal("Get", v, six.Changes[0], err)
		var since []ledger.Revision
		err = tx.Since(4, func(r ledger.Revision) error {
			since = append(since, r)
			_, err := tx.Get(r.Changes[0].Key) // a transaction may be asked in between
			return err
		})
		f.equal("Since", since, []ledger.Revision{history[4], six, seven}, err)
		f.head(5) // nobody else sees it yet
		_, err = f.Get(f.ctx, key("d"), 0)
		f.kind("Get beside", err, fault.NotFound)
		return nil
	})
	f.equal("Commit", nil, nil, err)
	f.head(7)
	f.equal("Since", f.since(5), []ledger.Revision{six, seven}, nil)
}

func testRequest(_ *testing.T, f fixture) {
	one, two, three := revision(1, "a"), revision(2, "b", "c"), revision(3, "a")
	one.RequestID, one.Fingerprint = "r", "hash 1"
	two.RequestID, two.Fingerprint, two.Principal = "r", "hash 2", "tokens/other"
	f.commit(one, two, three, revision(4, "a"))
	err := f.Commit(f.ctx, func(tx ledger.Tx) error {
		r, err := tx.Request("tokens/staff", "r")
		f.equal("Request", r, one, err)
		r, err = tx.Request("tokens/other", "r")
		f.equal("Request", r, two, err)
		_, err = tx.Request("tokens/staff", "s")
		f.kind("Request never made", err, fault.NotFound)
		_, err = tx.Request("tokens/staff", "")
		f.kind("Request without an id", err, fault.NotFound)
		five := revision(5, "z")
		five.RequestID = "s"
		f.equal("Append", nil, nil, tx.Append(five))
		r, err = tx.Request("tokens/staff", "s")
		f.equal("Request of this transaction", r, five, err)
		return nil
	})
	f.equal("Commit", nil, nil, err)
}

// A request id that is taken fails the whole transaction, even when fn takes no notice.
func testRequestUnique(_ *testing.T, f fixture) {
	one, three := revision(1, "a"), revision(3, "c")
	one.RequestID, three.RequestID = "r", "r"
	f.commit(one)
	err := f.Commit(f.ctx, func(tx ledger.Tx) error {
		f.equal("Append", nil, nil, tx.Append(revision(2, "b")))
		f.kind("Append", tx.Append(three), fault.Internal)
		return nil
	})
	f.kind("Commit", err, fault.Internal)
	f.head(1)
	f.equal("Load", f.load(0), one.Changes, nil)
}

func testAppendRefuses(t *testing.T, f fixture) {
	f.history()
	for name, spoil := range map[string]func(*ledger.Revision){
		"a number twice":            func(r *ledger.Revision) { *r = revision(5, "a") },
		"a number left out":         func(r *ledger.Revision) { *r = revision(7, "a") },
		"the same instant":          func(r *ledger.Revision) { r.At, r.Changes = instant(5), nil },
		"an earlier instant":        func(r *ledger.Revision) { r.At, r.Changes = instant(4), nil },
		"a change of another":       func(r *ledger.Revision) { r.Changes[1].Revision-- },
		"a change of another time":  func(r *ledger.Revision) { r.Changes[1].Updated-- },
		"a key twice":               func(r *ledger.Revision) { r.Changes[1] = r.Changes[0] },
		"ids that are not in order": func(r *ledger.Revision) { r.Changes[0], r.Changes[1] = r.Changes[1], r.Changes[0] },
		"kinds that are not in order": func(r *ledger.Revision) {
			r.Changes[0].Key = grant.Key{Kind: grant.Organisations, ID: "a"}
		},
	} {
		r := revision(6, "a", "b")
		spoil(&r)
		err := f.Commit(f.ctx, func(tx ledger.Tx) error { return tx.Append(r) })
		f.kind(name, err, fault.Internal)
	}
	f.head(5)
	f.commit(revision(6, "a"))
}

func testClear(t *testing.T, f fixture) {
	history := f.history()
	own := errors.New("no")
	another := revision(1, "z")
	another.Hash = "another"
	replace := func(tx ledger.Tx) error {
		f.equal("Clear", nil, nil, tx.Clear())
		f.equal("Head", tx.Head(), int64(0), nil)
		f.equal("At", tx.At(), int64(0), nil)
		f.equal("Hash", tx.Hash(), "", nil)
		_, err := tx.Get(key("a"))
		f.kind("Get", err, fault.NotFound)
		f.equal("Append", nil, nil, tx.Append(another))
		f.equal("Since beside", f.since(0), history, nil)
		return nil
	}
	err := f.Commit(f.ctx, func(tx ledger.Tx) error { return errors.Join(replace(tx), own) })
	if !errors.Is(err, own) {
		t.Fatalf("got %v, want fn's own error", err)
	}
	f.equal("Since", f.since(0), history, nil)
	f.equal("Commit", nil, nil, f.Commit(f.ctx, replace))
	f.equal("Since", f.since(0), []ledger.Revision{another}, nil)
	f.equal("Load", f.load(0), another.Changes, nil)
	f.commit(revision(2, "a"))
	f.equal("Commit", nil, nil, f.Commit(f.ctx, func(tx ledger.Tx) error { return tx.Clear() }))
	f.head(0)
	f.equal("Since", len(f.since(0)), 0, nil)
	f.commit(revision(1, "a"))
}

func testCheck(_ *testing.T, f fixture) {
	f.equal("Check of nothing", nil, nil, f.Check(f.ctx))
	f.history()
	f.equal("Check", nil, nil, f.Check(f.ctx))
	f.equal("Commit", nil, nil, f.Commit(f.ctx, func(tx ledger.Tx) error {
		f.equal("Append", nil, nil, tx.Append(revision(6, "a")))
		f.equal("Check beside a writer", nil, nil, f.Check(f.ctx))
		return nil
	}))
}

func testRollback(t *testing.T, f fixture) {
	r := f.history()
	own := errors.New("no")
	err := f.Commit(f.ctx, func(tx ledger.Tx) error {
		f.equal("Append", nil, nil, tx.Append(revision(6, "a", "d")))
		f.equal("Append", nil, nil, tx.Append(revision(7, "b")))
		return own
	})
	if err != own {
		t.Fatalf("got %v, want fn's own error", err)
	}
	f.head(5)
	f.equal("Since", f.since(0), r, nil)
	f.commit(revision(6, "e"))
}

func testPanic(t *testing.T, f fixture) {
	r := f.history()
	func() {
		defer func() {
			if got := recover(); got != "oh" {
				t.Fatalf("recovered %v, want fn's own panic", got)
			}
		}()
		_ = f.Commit(f.ctx, func(tx ledger.Tx) error {
			f.equal("Append", nil, nil, tx.Append(revision(6, "a", "d")))
			panic("oh")
		})
	}()
	f.equal("Since", f.since(0), r, nil)
	f.commit(revision(6, "e"))
}

func testNothingAppended(_ *testing.T, f fixture) {
	f.history()
	f.equal("Commit", nil, nil, f.Commit(f.ctx, func(ledger.Tx) error { return nil }))
	f.head(5)
}

func testCancelled(t *testing.T, f fixture) {
	r := f.history()
	ctx, cancel := context.WithCancel(f.ctx)
	err := f.Commit(ctx, func(tx ledger.Tx) error {
		f.equal("Append", nil, nil, tx.Append(revision(6, "a")))
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Commit cancelled on the way: got %v", err)
	}
	during, cancel := context.WithCancel(f.ctx)
	var appended error
	err = f.Commit(during, func(tx ledger.Tx) error {
		cancel()
		appended = tx.Append(revision(6, "a")) // whoever writes much hears of it there, and not at the end only
		return appended
	})
	if !errors.Is(err, context.Canceled) || !errors.Is(appended, context.Canceled) {
		t.Fatalf("after the context was cancelled Append got %v, Commit %v", appended, err)
	}
	f.equal("Since", f.since(0), r, nil)
	none := func(ledger.Version) error { return nil }
	for name, call := range map[string]func() error{
		"Head":        func() error { _, err := f.Head(ctx); return err },
		"RevisionAt":  func() error { _, err := f.RevisionAt(ctx, 1); return err },
		"Get":         func() error { _, err := f.Get(ctx, key("a"), 0); return err },
		"GetAll":      func() error { _, err := f.GetAll(ctx, []grant.Key{key("a")}, 0); return err },
		"Load":        func() error { return f.Load(ctx, 0, none) },
		"Since":       func() error { return f.Since(ctx, 0, func(ledger.Revision) error { return nil }) },
		"Revisions":   func() error { _, err := f.Revisions(ctx, 0, grant.Key{}, 1); return err },
		"RevisionsBy": func() error { _, err := f.RevisionsBy(ctx, 0, "tokens/staff", 1); return err },
		"Before":      func() error { _, err := f.Before(ctx, r[2]); return err },
		"Check":       func() error { return f.Check(ctx) },
		"Commit":      func() error { return f.Commit(ctx, func(ledger.Tx) error { return nil }) },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: got %v", name, err)
		}
	}
	f.commit(revision(6, "a"))
}

func testBusy(t *testing.T, f fixture) {
	err := f.Commit(f.ctx, func(ledger.Tx) error {
		ctx, cancel := context.WithTimeout(f.ctx, 100*time.Millisecond)
		defer cancel()
		err := f.Commit(ctx, func(ledger.Tx) error { return nil })
		f.kind("Commit while another writes", err, fault.Unavailable)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want one that tells of the context", err)
		}
		ctx, cancel = context.WithCancel(f.ctx)
		time.AfterFunc(50*time.Millisecond, cancel)
		if err = f.Commit(ctx, func(ledger.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the context's error", err)
		}
		return nil
	})
	f.equal("Commit", nil, nil, err)
	f.commit(revision(1, "a"))
}
