package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
	"github.com/allmep/tandem/internal/pgtest"
	"github.com/allmep/tandem/internal/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var stores = map[string]func(t *testing.T) string{
	"SQLite":     func(t *testing.T) string { return filepath.Join(t.TempDir(), "tandem.db") },
	"PostgreSQL": func(t *testing.T) string { return pgtest.URL(t) },
}

// clock and ids are shared by the ledgers of a test, as time is by servers.
var clock, ids atomic.Int64

func open(t *testing.T, dsn string) *ledger.Ledger {
	t.Helper()
	db, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), ledger.Config{
		Store: db, Rates: fx.ECB(), Now: func() int64 { return clock.Add(1) }, NewID: func() string { return fmt.Sprintf("id%08d", ids.Add(1)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

var staff = ledger.Write{Principal: grant.Principal{Name: "tester", Role: grant.Staff}}

func create[E grant.Entity](t interface {
	Context() context.Context
	Fatal(...any)
}, l *ledger.Ledger, e E) E {
	made, err := ledger.Create(t.Context(), l, staff, "record", e)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func field(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	create(t, l, &grant.Organisation{ID: "usaid", DisplayName: "USAID", State: "US"})
	create(t, l, &grant.Organisation{ID: "ecopeace", DisplayName: "EcoPeace"})
	create(t, l, &grant.Term{Of: grant.Themes, ID: "water", DisplayName: "Water"})
}

func award(id string, minor int64) *grant.Grant {
	start, _ := period.ParseDate("2023")
	g := &grant.Grant{
		ID: id, Title: "G-" + id, Status: grant.Active, Visibility: grant.Coalition, Start: start, End: start,
		Funders: []grant.Participation{{Organisation: "usaid"}}, Recipients: []grant.Participation{{Organisation: "ecopeace"}},
	}
	_ = g.SetAward(money.Amount{Currency: "USD", Minor: minor}, start)
	return g
}

func key(id string) grant.Key { return grant.Key{Kind: grant.Grants, ID: id} }

// total is the sum of everything, and how many grants there are, as known at a revision.
func total(t interface {
	Context() context.Context
	Fatal(...any)
}, l *ledger.Ledger, at int64) string {
	res, _, err := l.Allocations(t.Context(), analysis.Query{Currency: "USD", GroupBy: []analysis.Dimension{analysis.Member}, Principal: staff.Principal}, at)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(res.Total.Central.Decimal("USD"), res.Total.GrantCount)
}

// What was known at every revision is what a ledger that has seen no more knows.
func TestThePastIsAsItWas(t *testing.T) {
	for name, dsn := range stores {
		t.Run(name, func(t *testing.T) {
			l := open(t, dsn(t))
			field(t, l)
			known := map[int64]string{}
			var made []string
			rapid.Check(t, func(t *rapid.T) {
				switch op := rapid.IntRange(0, 3).Draw(t, "op"); {
				case op == 0 || len(made) == 0:
					made = append(made, create(t, l, award("", rapid.Int64Range(1, 1e9).Draw(t, "amount"))).ID)
				case op == 1:
					id := rapid.SampledFrom(made).Draw(t, "grant")
					_, _ = l.Delete(t.Context(), staff, key(id)) // it may be deleted already
				case op == 2:
					id := rapid.SampledFrom(made).Draw(t, "grant")
					_, _ = l.Undelete(t.Context(), staff, key(id)) // it may stand
				default:
					id := rapid.SampledFrom(made).Draw(t, "grant")
					_, _, _ = l.CreateTransaction(t.Context(), staff, id, grant.Transaction{ // it may be deleted
						Type: grant.Commitment, Amount: money.Amount{Currency: "USD", Minor: rapid.Int64Range(1, 1e6).Draw(t, "amount")},
					})
				}
				known[l.State().Revision] = total(t, l, 0)
			})
			for revision, want := range known {
				if got := total(t, l, revision); got != want {
					t.Fatalf("revision %d was %s and is %s", revision, want, got)
				}
			}
		})
	}
}

// Writers at the same time each get a revision of their own, none is lost, and what is refused leaves nothing.
func TestManyWriters(t *testing.T) {
	for name, dsn := range stores {
		t.Run(name, func(t *testing.T) {
			l := open(t, dsn(t))
			field(t, l)
			before := l.State().Revision
			var running sync.WaitGroup
			const n = 200
			for i := range n {
				running.Go(func() {
					if i%4 == 3 {
						bad := award("", 1)
						bad.Funders[0].Organisation = "nobody"
						if _, err := ledger.Create(t.Context(), l, staff, "grant", bad); fault.KindOf(err) != fault.Invalid {
							t.Errorf("found %v", err)
						}
						return
					}
					create(t, l, award("", 100))
				})
			}
			running.Wait()
			if got := l.State().Revision - before; got != n*3/4 {
				t.Errorf("%d writes made %d revisions", n*3/4, got)
			}
			if got, want := total(t, l, 0), fmt.Sprint("150.00", 150); got != want {
				t.Errorf("found %s, want %s", got, want)
			}
		})
	}
}

// Two servers on one database see each other's writes, and neither decides on what is out of date.
func TestTwoServers(t *testing.T) {
	dsn := stores["PostgreSQL"](t)
	a, b := open(t, dsn), open(t, dsn)
	field(t, a)
	create(t, b, award("one", 100)) // b has not seen the organisations yet when it is asked
	if _, err := ledger.Create(t.Context(), a, staff, "grant", award("one", 5)); fault.KindOf(err) != fault.Exists {
		t.Errorf("the id was given twice: %v", err)
	}
	var running sync.WaitGroup
	for _, l := range []*ledger.Ledger{a, b} {
		running.Go(func() {
			for range 50 {
				create(t, l, award("", 100))
			}
		})
	}
	running.Wait()
	if got, want := l102(t, a), l102(t, b); got != want {
		t.Errorf("one server has %s, the other %s", got, want)
	}
}

// l102 makes a server write once more, which it does on the newest revision, and returns what it then knows at that of the 101 grants before.
func l102(t *testing.T, l *ledger.Ledger) string {
	create(t, l, award("", 1))
	return total(t, l, 3+101)
}

// A repeated request gives the first answer; another with its id is refused.
func TestRequestIDs(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	w := staff
	w.RequestID, w.Fingerprint = "once", "this"
	at := func(int) string { return "grant" }
	batch := func() []*grant.Grant { return []*grant.Grant{award("", 1), award("mine", 2), award("", 3)} }
	first, err := ledger.CreateAll(t.Context(), l, w, at, batch())
	if err != nil {
		t.Fatal(err)
	}
	before := l.State().Revision
	again, err := ledger.CreateAll(t.Context(), l, w, at, batch())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again); diff != "" || l.State().Revision != before {
		t.Errorf("the repetition differs: %s", diff)
	}
	w.Fingerprint = "that"
	if _, err := ledger.CreateAll(t.Context(), l, w, at, batch()); fault.KindOf(err) != fault.Exists {
		t.Errorf("found %v", err)
	}
}

// A change of nothing writes nothing, nor does one that is only to be checked; a stale etag is refused; a change of status is dated.
func TestUpdate(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	g := create(t, l, award("g", 100))
	before := l.State().Revision
	same := func(e grant.Entity) (grant.Entity, error) { return e, nil }
	cancel := func(e grant.Entity) (grant.Entity, error) {
		e.(*grant.Grant).Status = grant.Cancelled
		return e, nil
	}
	if _, err := l.Update(t.Context(), staff, "grant", g.Key(), same); err != nil || l.State().Revision != before {
		t.Errorf("a change of nothing: revision %d, %v", l.State().Revision, err)
	}
	dry := staff
	dry.ValidateOnly = true
	if _, err := l.Update(t.Context(), dry, "grant", g.Key(), cancel); err != nil || l.State().Revision != before {
		t.Errorf("a change to be checked: revision %d, %v", l.State().Revision, err)
	}
	stale := staff
	stale.Etag = "1"
	if _, err := l.Update(t.Context(), stale, "grant", g.Key(), cancel); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a stale etag: %v", err)
	}
	e, err := l.Update(t.Context(), staff, "grant", g.Key(), cancel)
	if err != nil || e.(*grant.Grant).StatusDate.IsZero() {
		t.Errorf("a change of status is dated %q: %v", e.(*grant.Grant).StatusDate, err)
	}
	refused := errors.New("refused")
	if _, err := l.Update(t.Context(), staff, "grant", g.Key(), func(grant.Entity) (grant.Entity, error) { return nil, refused }); !errors.Is(err, refused) {
		t.Errorf("the change's own error became %v", err)
	}
}

// The history says what changed, and keeps to itself what its reader may not see.
func TestHistory(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	create(t, l, award("open", 100))
	secret := award("secret", 100)
	secret.Visibility = grant.Restricted
	create(t, l, secret)
	w := staff
	w.Reason = "a call"
	if _, err := l.Update(t.Context(), w, "grant", key("open"), func(e grant.Entity) (grant.Entity, error) {
		e.(*grant.Grant).Title = "New"
		return e, nil
	}); err != nil {
		t.Fatal(err)
	}
	entries, _, err := l.History(t.Context(), staff.Principal, ledger.HistoryQuery{Key: key("open"), Limit: 10})
	if err != nil || len(entries) != 2 {
		t.Fatalf("found %d entries: %v", len(entries), err)
	}
	want := []ledger.FieldChange{{Field: "title", Before: `"G-open"`, After: `"New"`}}
	if diff := cmp.Diff(want, entries[0].Changes[0].Fields); diff != "" || entries[0].Reason != "a call" {
		t.Errorf("found %+v", entries[0])
	}
	member := grant.Principal{Name: "m", Role: grant.Member, Organisation: "other"}
	entries, _, err = l.History(t.Context(), member, ledger.HistoryQuery{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Hash != "" {
			t.Errorf("a member is shown the hash of revision %d", e.Number)
		}
		for _, c := range e.Changes {
			if strings.Contains(c.Key.String(), "secret") {
				t.Errorf("revision %d tells of %s", e.Number, c.Key)
			}
		}
	}
	if _, _, err := l.History(t.Context(), member, ledger.HistoryQuery{Key: key("secret"), Limit: 10}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the history of a hidden grant: %v", err)
	}
}

// What was done to a grant while it was hidden, or to what is hidden of it, has no place in its history: no entry, no end of a page, no reason.
func TestHistoryOfWhatWasHidden(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	secret, open := award("secret", 100), award("open", 100)
	secret.Visibility, open.Visibility = grant.Restricted, grant.Restricted
	create(t, l, secret)
	create(t, l, open)
	w := staff
	change := func(reason string, f func(*grant.Grant)) {
		w.Reason = reason
		if _, err := l.Update(t.Context(), w, "grant", key("open"), func(e grant.Entity) (grant.Entity, error) {
			f(e.(*grant.Grant))
			return e, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	change("hidden", func(g *grant.Grant) { g.Title = "A" })
	change("hidden", func(g *grant.Grant) { g.Title = "B" })
	change("published", func(g *grant.Grant) { g.Visibility = grant.Public })
	change("told", func(g *grant.Grant) { g.Title = "C" })
	change("hidden", func(g *grant.Grant) {
		g.Links = append(g.Links, grant.Link{ID: g.NextID(), Type: grant.CoFundedWith, Target: "secret"})
	})
	viewer := grant.Principal{Name: "v", Role: grant.Viewer}
	entries, next, err := l.History(t.Context(), viewer, ledger.HistoryQuery{Key: key("open"), Limit: 1})
	if err != nil || len(entries) != 1 || next != 0 || entries[0].Reason != "told" {
		t.Errorf("found %+v, the next page from %d, %v", entries, next, err)
	}
	all, _, err := l.History(t.Context(), viewer, ledger.HistoryQuery{Limit: 100})
	for _, e := range all {
		if e.Reason == "hidden" || e.Reason == "published" || err != nil {
			t.Errorf("found %+v, %v", e, err)
		}
	}
	if entries, _, err := l.History(t.Context(), staff.Principal, ledger.HistoryQuery{Key: key("open"), Limit: 100}); len(entries) != 6 || err != nil {
		t.Errorf("staff finds %d entries, %v", len(entries), err)
	}
}

// A ledger leaves no goroutine behind, and refuses what comes too late.
func TestClose(t *testing.T) {
	db, err := store.Open(t.Context(), stores["SQLite"](t))
	if err != nil {
		t.Fatal(err)
	}
	running := goleak.IgnoreCurrent()
	l, err := ledger.Open(t.Context(), ledger.Config{Store: db, Rates: fx.ECB(), Now: func() int64 { return clock.Add(1) }, NewID: func() string { return "x" }})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := ledger.Create(t.Context(), l, staff, "organisation", &grant.Organisation{ID: "a", DisplayName: "A"}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a write after the end: %v", err)
	}
	goleak.VerifyNone(t, running)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
