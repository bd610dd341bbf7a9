package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

// watch hears of n revisions after one of them, -1 for the newest.
func watch(ctx context.Context, l *ledger.Ledger, p grant.Principal, after int64, of grant.Key, n int) ([]ledger.Entry, error) {
	var from *int64
	if after >= 0 {
		from = &after
	}
	w, err := l.Watch(ctx, p, from, of)
	if err != nil {
		return nil, err
	}
	return listen(ctx, w, n)
}

func listen(ctx context.Context, w *ledger.Watcher, n int) ([]ledger.Entry, error) {
	var heard []ledger.Entry
	for len(heard) < n {
		e, err := w.Next(ctx)
		if err != nil {
			return heard, err
		}
		heard = append(heard, e)
	}
	return heard, nil
}

// dense checks that revisions follow each other without a gap.
func dense(t *testing.T, heard []ledger.Entry, after int64) {
	t.Helper()
	for i, e := range heard {
		if e.Number != after+int64(i)+1 {
			t.Fatalf("revision %d came as number %d after %d", e.Number, i+1, after)
		}
	}
}

// Whoever watches from anywhere hears what the history tells the same principal, whether the revisions are long past, in the window, or still to come.
func TestWatchersHearTheHistory(t *testing.T) {
	for name, dsn := range stores {
		t.Run(name, func(t *testing.T) {
			l := open(t, dsn(t))
			field(t, l)
			for _, id := range []string{"a", "b", "c"} {
				g := award(id, 100)
				g.Visibility = map[string]grant.Visibility{"a": grant.Public, "b": grant.Restricted, "c": grant.Coalition}[id]
				create(t, l, g)
			}
			principals := []grant.Principal{
				staff.Principal, {Name: "v", Role: grant.Viewer}, {Name: "m", Role: grant.Member, Organisation: "other"}, {Name: "us", Role: grant.Donor, State: "US"},
			}
			change := func(t *rapid.T) {
				k := key(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "grant"))
				_, err := l.Update(t.Context(), staff, "grant", k, func(e grant.Entity) (grant.Entity, error) {
					e.(*grant.Grant).Title = fmt.Sprint("revision ", l.State().Revision+1)
					e.(*grant.Grant).Visibility = rapid.SampledFrom([]grant.Visibility{grant.Public, grant.Coalition, grant.Donors, grant.Restricted}).Draw(t, "visibility")
					return e, nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			rapid.Check(t, func(t *rapid.T) {
				p := rapid.SampledFrom(principals).Draw(t, "principal")
				start := l.State().Revision
				after := rapid.Int64Range(0, start).Draw(t, "after")
				w, err := l.Watch(t.Context(), p, &after, grant.Key{})
				if err != nil {
					t.Fatal(err)
				}
				for range rapid.IntRange(0, 5).Draw(t, "writes") {
					change(t)
				}
				n := int(l.State().Revision - after)
				heard, err := listen(t.Context(), w, n)
				if err != nil {
					t.Fatal(err)
				}
				told, _, err := l.History(t.Context(), p, ledger.HistoryQuery{Limit: max(n, 1)})
				if err != nil {
					t.Fatal(err)
				}
				slices.Reverse(told)
				if diff := cmp.Diff(told[len(told)-n:], heard); n > 0 && diff != "" {
					t.Fatalf("after %d %s hears (-history +watch):\n%s", after, p.Name, diff)
				}
				if w.At() != l.State().Revision {
					t.Fatalf("it stands at %d of %d", w.At(), l.State().Revision)
				}
			})
		})
	}
}

// A watcher of one record, or of a collection, hears of what changed it and of nothing else; one of what it may not see is refused as if there were none.
func TestWatchOfSomething(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	after := l.State().Revision
	viewer := grant.Principal{Name: "v", Role: grant.Viewer}
	open := award("open", 1)
	open.Visibility = grant.Public
	create(t, l, open)
	create(t, l, award("other", 1)) // for the coalition
	create(t, l, &grant.Term{Of: grant.Themes, ID: "land", DisplayName: "Land"})
	for i := range 40 { // more than a page in between
		create(t, l, &grant.Organisation{ID: fmt.Sprint("o", i), DisplayName: "O"})
	}
	if _, err := l.Delete(t.Context(), staff, key("open")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		of   grant.Key
		p    grant.Principal
		want []int64
	}{
		{key("open"), viewer, []int64{1, 44}},
		{key("other"), staff.Principal, []int64{2}},
		{grant.Key{Kind: grant.Grants}, viewer, []int64{1, 44}},
		{grant.Key{Kind: grant.Grants}, staff.Principal, []int64{1, 2, 44}},
		{grant.Key{Kind: grant.Themes, ID: "land"}, viewer, []int64{3}},
	} {
		heard, err := watch(t.Context(), l, tt.p, after, tt.of, len(tt.want))
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range heard {
			if e.Number != after+tt.want[i] {
				t.Errorf("%s of %q: the event %d is revision %d, want %d", tt.p.Name, tt.of, i, e.Number-after, tt.want[i])
			}
		}
	}
	for of, want := range map[grant.Key]fault.Kind{key("other"): fault.NotFound, key("nothing"): fault.NotFound, {Kind: grant.Tokens}: fault.Denied, {Kind: grant.Tokens, ID: "x"}: fault.Denied} {
		if _, err := watch(t.Context(), l, viewer, 0, of, 1); fault.KindOf(err) != want {
			t.Errorf("watching %q: %v", of, err)
		}
	}
	if _, err := watch(t.Context(), l, viewer, l.State().Revision+1, grant.Key{}, 1); fault.KindOf(err) != fault.Invalid {
		t.Errorf("after a revision to come: %v", err)
	}
}

// Many watchers, slow ones among them, hear every revision while it is written, once and in order, and the slow ones hold up neither writers nor others.
func TestManyWatchers(t *testing.T) {
	for name, dsn := range stores {
		t.Run(name, func(t *testing.T) {
			l := open(t, dsn(t))
			field(t, l)
			start := l.State().Revision
			const writes = 600 // more than the window holds
			slow, err := l.Watch(t.Context(), staff.Principal, nil, grant.Key{})
			if err != nil {
				t.Fatal(err)
			}
			var watching sync.WaitGroup
			for range 20 {
				w, err := l.Watch(t.Context(), staff.Principal, nil, grant.Key{})
				if err != nil {
					t.Fatal(err)
				}
				watching.Go(func() {
					heard, err := listen(t.Context(), w, writes)
					if err != nil {
						t.Error(err)
						return
					}
					dense(t, heard, start)
				})
			}
			var writing sync.WaitGroup
			for range 8 {
				writing.Go(func() {
					for range writes / 8 {
						create(t, l, award("", 1))
					}
				})
			}
			writing.Wait()
			watching.Wait()
			heard, err := listen(t.Context(), slow, writes) // of which it has not heard one yet
			if err != nil {
				t.Fatal(err)
			}
			dense(t, heard, start)
			ctx, leave := context.WithCancel(t.Context())
			leave()
			if _, err := slow.Next(ctx); err != context.Canceled {
				t.Errorf("after leaving: %v", err)
			}
		})
	}
}

// Two servers on one database tell the same, and one that is behind the other takes up where that one stood.
func TestWatchOnTwoServers(t *testing.T) {
	dsn := stores["PostgreSQL"](t)
	a, b := open(t, dsn), open(t, dsn)
	field(t, a)
	newest := a.State().Revision
	heard := make(chan []ledger.Entry)
	go func() {
		entries, err := watch(t.Context(), b, staff.Principal, newest, grant.Key{}, 2) // b may not have heard of it itself
		if err != nil {
			t.Error(err)
		}
		heard <- entries
	}()
	create(t, a, award("one", 1))
	create(t, b, award("two", 2))
	dense(t, <-heard, newest)
	fromA, err := watch(t.Context(), a, staff.Principal, 0, grant.Key{}, int(newest)+2)
	if err != nil {
		t.Fatal(err)
	}
	fromB, err := watch(t.Context(), b, staff.Principal, 0, grant.Key{}, int(newest)+2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fromA, fromB); diff != "" {
		t.Errorf("they differ:\n%s", diff)
	}
}
