// Package ledgertest is the law of ledger.Store: every store passes its suite, and so does the model in this package, a store of maps that is so simple
// that it is right by inspection. It is for tests alone.
package ledgertest

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

// TestStore checks every obligation of ledger.Store. open returns a store that holds nothing; the suite closes it.
func TestStore(t *testing.T, open func(t *testing.T) ledger.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, fixture)
	}{
		{"Empty", testEmpty},
		{"KeepsWhatItIsGiven", testContent},
		{"ReadsAtRevision", testAtRevision},
		{"GetAll", testGetAll},
		{"Load", testLoad},
		{"LoadHoldsNobodyUp", testLoadBeside},
		{"Since", testSince},
		{"SinceInPages", testSinceLong},
		{"Revisions", testRevisions},
		{"RevisionsBy", testRevisionsBy},
		{"RevisionAt", testRevisionAt},
		{"Before", testBefore},
		{"TxSeesItsAppends", testTxReads},
		{"Request", testRequest},
		{"RequestIsUnique", testRequestUnique},
		{"AppendRefuses", testAppendRefuses},
		{"Clear", testClear},
		{"Check", testCheck},
		{"ErrorLeavesNothing", testRollback},
		{"PanicLeavesNothing", testPanic},
		{"NothingAppended", testNothingAppended},
		{"CancelledContext", testCancelled},
		{"BusyForLongerThanAllowed", testBusy},
		{"ManyWriters", testManyWriters},
		{"WholeRevisions", testWholeRevisions},
		{"CloseWaits", testCloseWaits},
		{"LikeTheModel", testLikeModel},
		{"ReportsAddUpToNothing", testReports},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			s := &closing{Store: open(t)}
			defer func() {
				if err := s.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
				goleak.VerifyNone(t, before)
			}()
			c.test(t, fixture{t: t, Store: s, ctx: t.Context()})
		})
	}
}

// closing lets a test close its store before the suite would.
type closing struct {
	ledger.Store
	closed bool
}

func (c *closing) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	return c.Store.Close()
}

// fixture is the store under test with what tests do all the time.
type fixture struct {
	ledger.Store
	t   rapid.TB
	ctx context.Context
}

func key(id string) grant.Key { return grant.Key{Kind: grant.Grants, ID: id} }

// instant is when revision n of a test is written: far enough apart to ask in between.
func instant(n int64) int64 { return 1_700_000_000_000_000 + n*1000 }

// revision makes the revision n that changes records, whose bodies say which revision they are of.
func revision(n int64, ids ...string) ledger.Revision {
	r := ledger.Revision{Number: n, At: instant(n), Principal: "tokens/staff", Reason: fmt.Sprintf("reason %d", n), Hash: fmt.Sprintf("hash %d", n)}
	for _, id := range ids {
		r.Changes = append(r.Changes, version(n, key(id)))
	}
	return r
}

func version(n int64, k grant.Key) ledger.Version {
	return ledger.Version{Key: k, Revision: n, Created: instant(1), Updated: instant(n), Body: fmt.Appendf(nil, `{"id":%q,"of":%d}`, k.ID, n)}
}

// commit writes revisions in one transaction each and returns them.
func (f fixture) commit(revisions ...ledger.Revision) []ledger.Revision {
	f.t.Helper()
	for _, r := range revisions {
		if err := f.Commit(f.ctx, func(tx ledger.Tx) error { return tx.Append(r) }); err != nil {
			f.t.Fatalf("commit revision %d: %v", r.Number, err)
		}
	}
	return revisions
}

// history writes five revisions: a in 1, 3 and 5 (deleted), b in 2 and 3, c in 4; and organisations/a in 4.
func (f fixture) history() []ledger.Revision {
	f.t.Helper()
	four := revision(4, "c")
	four.Changes = append(four.Changes, version(4, grant.Key{Kind: grant.Organisations, ID: "a"}))
	five := revision(5, "a")
	five.Changes[0].Deleted = instant(5)
	return f.commit(revision(1, "a"), revision(2, "b"), revision(3, "a", "b"), four, five)
}

// head checks the number of the newest revision.
func (f fixture) head(want int64) {
	f.t.Helper()
	got, err := f.Head(f.ctx)
	f.equal("Head", got, want, err)
}

// equal fails the test unless there was no error and the values are the same.
func (f fixture) equal(what string, got, want any, err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatalf("%s: %v", what, err)
	}
	if !reflect.DeepEqual(got, want) {
		f.t.Fatalf("%s\n got %s\nwant %s", what, show(got), show(want))
	}
}

// kind fails the test unless an error has a kind.
func (f fixture) kind(what string, err error, want fault.Kind) {
	f.t.Helper()
	if err == nil || fault.KindOf(err) != want {
		f.t.Fatalf("%s: got error %v (kind %v), want kind %v", what, err, fault.KindOf(err), want)
	}
}

// show writes bodies as text.
func show(v any) string {
	switch v := v.(type) {
	case []ledger.Version:
		s := ""
		for _, v := range v {
			s += "\n    " + show(v)
		}
		return s
	case ledger.Version:
		return fmt.Sprintf("%s r%d created %d updated %d deleted %d %.200q", v.Key, v.Revision, v.Created, v.Updated, v.Deleted, v.Body)
	case []ledger.Revision:
		s := ""
		for _, r := range v {
			s += "\n  " + show(r)
		}
		return s
	case ledger.Revision:
		return fmt.Sprintf("%d at %d by %q for %q request %q %q hash %q%s", v.Number, v.At, v.Principal, v.Reason, v.RequestID, v.Fingerprint, v.Hash, show(v.Changes))
	}
	return fmt.Sprintf("%#v", v)
}
