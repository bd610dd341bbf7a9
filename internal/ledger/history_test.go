package ledger_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

// historyPage is an answer of History.
type historyPage struct {
	Entries []ledger.Entry
	Next    int64
}

// pages asks for one page after the other to the end.
func pages(t *rapid.T, l *ledger.Ledger, p grant.Principal, q ledger.HistoryQuery) (all []historyPage, entries []ledger.Entry) {
	for {
		page, next, err := l.History(t.Context(), p, q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, historyPage{page, next})
		entries = append(entries, page...)
		if next == 0 {
			return all, entries
		}
		if q.Before != 0 && next >= q.Before {
			t.Fatalf("the page below %d ends at %d", q.Before, next)
		}
		q.Before = next
	}
}

// The pages of a filtered history, put together, are what its reader would pick from the whole; and they are the same, page by page, whoever wrote what
// that reader may not see.
func TestHistoryFilters(t *testing.T) {
	for name, dsn := range stores {
		t.Run(name, func(t *testing.T) {
			// The same is written to both, but for the names of those who write about the hidden grants.
			one, other := open(t, dsn(t)), open(t, dsn(t))
			writers := []string{"ann", "bob", "eve"}
			at := clock.Load()
			write := func(i int, l *ledger.Ledger, hider string) {
				clock.Store(at + int64(10*i))
				w := ledger.Write{Principal: grant.Principal{Name: writers[i%2], Role: grant.Staff}}
				g := award(fmt.Sprint("g", i%7), int64(i))
				if g.Visibility = grant.Public; i%7 > 3 {
					g.Visibility, w.Principal.Name = grant.Restricted, hider
				}
				if i < 7 {
					if _, err := ledger.Create(t.Context(), l, w, "grant", g); err != nil {
						t.Fatal(err)
					}
					return
				}
				change := func(e grant.Entity) (grant.Entity, error) { e.(*grant.Grant).Title = fmt.Sprint("T", i); return e, nil }
				if _, err := l.Update(t.Context(), w, "grant", g.Key(), change); err != nil {
					t.Fatal(err)
				}
			}
			for _, l := range []*ledger.Ledger{one, other} {
				clock.Store(at)
				field(t, l)
			}
			for i := range 60 {
				write(i, one, "ann")
				write(i, other, "eve")
			}
			token := &grant.Token{ID: "t", DisplayName: "T", Access: grant.Principal{Role: grant.Viewer}, Hash: "x"}
			for _, l := range []*ledger.Ledger{one, other} {
				clock.Store(at + 700)
				if _, err := ledger.Create(t.Context(), l, ledger.Write{Principal: grant.Principal{Name: "ann", Role: grant.Admin}}, "token", token); err != nil {
					t.Fatal(err)
				}
			}
			head := one.State().Revision
			rapid.Check(t, func(t *rapid.T) {
				p := grant.Principal{Name: "reader", Role: rapid.SampledFrom([]grant.Role{grant.Viewer, grant.Member, grant.Staff, grant.Admin}).Draw(t, "role")}
				q := ledger.HistoryQuery{
					Limit: rapid.IntRange(1, 9).Draw(t, "limit"), Before: rapid.SampledFrom([]int64{0, 0, head + 1, head / 2}).Draw(t, "before"),
					By: rapid.SliceOfN(rapid.SampledFrom(writers), 0, 2).Draw(t, "by"),
				}
				if rapid.Bool().Draw(t, "of a record") {
					q.Key = key(rapid.SampledFrom([]string{"g0", "g3"}).Draw(t, "record"))
				}
				if rapid.Bool().Draw(t, "since") {
					q.Since = at + rapid.Int64Range(0, 700).Draw(t, "since when")
				}
				if rapid.Bool().Draw(t, "until") {
					q.Until = at + rapid.Int64Range(1, 700).Draw(t, "until when")
				}
				_, whole := pages(t, one, p, ledger.HistoryQuery{Limit: 1000})
				var want []ledger.Entry
				for _, e := range whole {
					ofKey := q.Key == grant.Key{} || slices.ContainsFunc(e.Changes, func(c ledger.Change) bool { return c.Key == q.Key })
					by := len(q.By) == 0 || slices.Contains(q.By, e.Principal)
					if ofKey && by && e.At >= q.Since && (q.Until == 0 || e.At <= q.Until) && (q.Before == 0 || e.Number < q.Before) {
						want = append(want, e)
					}
				}
				each, got := pages(t, one, p, q)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("(-want +got):\n%s", diff)
				}
				if !p.SeesAll() {
					same, _ := pages(t, other, p, q)
					if diff := cmp.Diff(each, same); diff != "" {
						t.Fatalf("who wrote what is hidden shows:\n%s", diff)
					}
				}
			})
		})
	}
}
