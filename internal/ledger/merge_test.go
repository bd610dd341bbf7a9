package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/money"
)

// world is a few grants, under a programme of their own, and a few organisations, with which a test does whatever can be done.
type world struct {
	*ledger.Ledger
	ctx           context.Context
	programme     string
	grants        []string
	organisations []string
	first         int64 // the revision before any of them was changed
}

func newWorld(t *rapid.T, l *ledger.Ledger) *world {
	w := &world{Ledger: l, ctx: t.Context(), programme: fmt.Sprintf("p%d", ids.Add(1))}
	create(t, l, &grant.Programme{ID: w.programme, DisplayName: "P"})
	for i := range 3 {
		id := fmt.Sprintf("%s-o%d", w.programme, i)
		w.organisations = append(w.organisations, create(t, l, &grant.Organisation{ID: id, DisplayName: id, State: "US"}).ID)
	}
	for i := range 5 {
		g := award(fmt.Sprintf("%s-g%d", w.programme, i), rapid.Int64Range(1, 2).Draw(t, "amount"))
		g.Programme, g.Funders[0].Organisation = w.programme, w.organisations[i%3]
		w.grants = append(w.grants, create(t, l, g).ID)
	}
	w.first = l.State().Revision
	return w
}

// act does something, which may be refused.
func (w *world) act(t *rapid.T) (what string, err error) {
	a, b := rapid.SampledFrom(w.grants).Draw(t, "grant"), rapid.SampledFrom(w.grants).Draw(t, "other")
	o, p := rapid.SampledFrom(w.organisations).Draw(t, "organisation"), rapid.SampledFrom(w.organisations).Draw(t, "other organisation")
	revision := rapid.Int64Range(w.first, w.State().Revision).Draw(t, "revision")
	changeOrganisation := func(change func(*grant.Organisation)) error {
		_, err := w.Update(w.ctx, staff, "organisation", grant.Key{Kind: grant.Organisations, ID: o}, func(e grant.Entity) (grant.Entity, error) {
			change(e.(*grant.Organisation))
			return e, nil
		})
		return err
	}
	switch what = rapid.SampledFrom([]string{
		"link", "link", "link", "merge", "merge", "unmerge", "unmerge", "unlink", "delete", "undelete", "restore", "restore", "pay",
		"merge organisations", "unmerge organisation", "successor", "parent", "restore organisation",
	}).Draw(t, "act"); what {
	case "link":
		kind := grant.LinkType(rapid.IntRange(1, 4).Draw(t, "type"))
		_, _, err = w.CreateLink(w.ctx, staff, a, grant.Link{Type: kind, Target: b, Reason: "a test"})
	case "merge":
		_, _, err = w.MergeGrants(w.ctx, staff, ledger.Merging{Survivor: a, Other: b, Leave: rapid.Bool().Draw(t, "leave")})
	case "unmerge":
		_, err = w.UnmergeGrant(w.ctx, staff, a)
	case "unlink":
		_, _, err = w.DeleteLink(w.ctx, staff, a, fmt.Sprint(rapid.IntRange(1, 6).Draw(t, "link")))
	case "delete":
		_, err = w.Delete(w.ctx, staff, key(a))
	case "undelete":
		_, err = w.Undelete(w.ctx, staff, key(a))
	case "restore":
		_, err = w.Restore(w.ctx, staff, "grant", key(a), revision)
	case "pay":
		_, _, err = w.CreateTransaction(w.ctx, staff, a, grant.Transaction{Type: grant.Commitment, Amount: money.Amount{Currency: "USD", Minor: 1}})
	case "merge organisations":
		_, err = w.MergeOrganisations(w.ctx, staff, o, p, "")
	case "unmerge organisation":
		_, err = w.UnmergeOrganisation(w.ctx, staff, o)
	case "successor":
		err = changeOrganisation(func(x *grant.Organisation) { x.Successor = rapid.SampledFrom([]string{p, ""}).Draw(t, "successor") })
	case "parent":
		err = changeOrganisation(func(x *grant.Organisation) { x.Parent = rapid.SampledFrom([]string{p, ""}).Draw(t, "parent") })
	case "restore organisation":
		_, err = w.Restore(w.ctx, staff, "organisation", grant.Key{Kind: grant.Organisations, ID: o}, revision)
	}
	return what, err
}

// records reads every grant as it is stored.
func (w *world) records(t rapid.TB) map[string]*grant.Grant {
	all := map[string]*grant.Grant{}
	for _, id := range w.grants {
		v, err := w.Store.Get(w.ctx, key(id), 0)
		if err != nil {
			t.Fatal(err)
		}
		e, err := grant.Decode(v.Key, v.Body)
		if err != nil {
			t.Fatal(err)
		}
		all[id] = e.(*grant.Grant)
		all[id].Deleted = v.Deleted
	}
	return all
}

// standing follows a grant to the one that stands for it, as a reader would who has never heard of the ledger; nil if that is deleted.
func standing(t rapid.TB, all map[string]*grant.Grant, id string) *grant.Grant {
	for range len(all) + 1 {
		g := all[id]
		if g == nil || g.Deleted != 0 {
			return nil
		}
		if g.Successor == "" {
			return g
		}
		id = g.Successor
	}
	t.Fatalf("the successors of %s go in a circle", id)
	return nil
}

// climb fails the test if what a grant is a sub-grant or a duplicate of leads back to a grant that is below it.
func climb(t rapid.TB, all map[string]*grant.Grant, g *grant.Grant, below []*grant.Grant) {
	if slices.Contains(below, g) {
		t.Fatalf("links lead back to %s", g.ID)
	}
	for _, id := range []string{g.Parent(), g.Original()} {
		if up := standing(t, all, id); up != nil {
			climb(t, all, up, append(slices.Clone(below), g))
		}
	}
}

// reckon is what all grants come to: those that stand, that record no other once more, and that pass nothing on.
func reckon(t rapid.TB, all map[string]*grant.Grant) (cents int64) {
	for _, g := range all {
		if standing(t, all, g.ID) != g || standing(t, all, g.Original()) != nil {
			continue
		}
		parent := standing(t, all, g.Parent())
		if parent != nil {
			continue // under a duplicate it stands under the original
		}
		for _, x := range g.Transactions {
			cents += x.Amount.Minor
		}
	}
	return cents
}

// check holds what the ledger keeps and answers against its rules.
func (w *world) check(t *rapid.T) {
	all := w.records(t)
	for _, g := range all {
		if standing(t, all, g.ID) != g {
			continue
		}
		climb(t, all, g, nil)
		if err := g.Validate(); err != nil {
			t.Fatalf("%s: %v", g.ID, err)
		}
		for _, l := range g.Links {
			other := standing(t, all, l.Target)
			if other == nil {
				t.Fatalf("%s has a link to %s, which does not stand", g.ID, l.Target)
			}
			for _, x := range []*grant.Grant{g, other} {
				for _, m := range x.Links {
					if end := standing(t, all, m.Target); (x == g && end == other || x == other && end == g) && m.Type != l.Type && !m.Type.Agrees(l.Type) {
						t.Fatalf("%s is %s %s, and %s is %s %s", g.ID, l.Type, l.Target, x.ID, m.Type, m.Target)
					}
				}
			}
		}
	}
	for _, id := range w.organisations {
		reg := w.State().Registry
		at := id
		for step := 0; at != ""; step++ {
			if step > len(w.organisations) {
				t.Fatalf("the successors and parents of %s go in a circle", id)
			}
			o := reg.Organisation(at)
			if at = o.Parent; o.Successor != "" {
				at = o.Successor
			}
		}
	}
	want := money.SumOf(reckon(t, all)).Decimal("USD")
	for _, attribution := range []analysis.Attribution{analysis.Final, analysis.Prime} {
		res, _, err := w.Allocations(w.ctx, analysis.Query{
			Currency: "USD", Attribution: attribution, Principal: staff.Principal, Filter: analysis.Filter{Programmes: []string{w.programme}},
			GroupBy: []analysis.Dimension{analysis.Donor},
		}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := res.Total.Central.Decimal("USD"); got != want {
			t.Fatalf("attribution %d: the total is %s and should be %s", attribution, got, want)
		}
	}
}

// Whatever is linked, merged, undone, deleted, brought back and restored, and in whatever order: nothing goes in a circle, no links deny one another,
// and the totals are those of the records.
func TestNothingGoesInACircle(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	done := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, l)
		for range rapid.IntRange(1, 25).Draw(t, "acts") {
			before := w.State().Revision
			what, err := w.act(t)
			switch fault.KindOf(err) {
			case fault.Invalid, fault.NotFound, fault.Precondition:
				if w.State().Revision != before {
					t.Fatalf("%s was refused (%v) and wrote something", what, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			done[what]++
			w.check(t)
		}
	})
	t.Log(done)
}

// A merge that is undone leaves every record as it was but for its revision, and so does one that is only checked.
func TestMergeAndUnmerge(t *testing.T) {
	for name, dsn := range stores {
		t.Run(name, func(t *testing.T) {
			l := open(t, dsn(t))
			field(t, l)
			a, b := create(t, l, award("a", 100)), create(t, l, award("b", 200))
			create(t, l, award("c", 300))
			if _, _, err := l.CreateLink(t.Context(), staff, "b", grant.Link{Type: grant.SubGrantOf, Target: "c"}); err != nil {
				t.Fatal(err)
			}
			b = got(t, l, "b")
			dry := staff
			dry.ValidateOnly = true
			_, planned, err := l.MergeGrants(t.Context(), dry, ledger.Merging{Survivor: "a", Other: "b"})
			if err != nil || total(t, l, 0) != "4.003" {
				t.Fatalf("a merge to be checked: %v; the total is %s", err, total(t, l, 0))
			}
			once := staff
			once.RequestID, once.Fingerprint = "once", "x"
			merged, done, err := l.MergeGrants(t.Context(), once, ledger.Merging{Survivor: "a", Other: "b"})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(planned, done); diff != "" {
				t.Errorf("what was to be done and what was (-planned +done): %s", diff)
			}
			if merged.Parent() != "c" || total(t, l, 0) != "3.002" {
				t.Errorf("the merged grant is under %q; the total is %s", merged.Parent(), total(t, l, 0))
			}
			again, repeated, err := l.MergeGrants(t.Context(), once, ledger.Merging{Survivor: "a", Other: "b"})
			if err != nil || !cmp.Equal(again, merged) || !cmp.Equal(repeated, done) {
				t.Errorf("the repeated request: %v, %v", repeated, err)
			}
			if g := got(t, l, "b"); g.ID != "a" || !slices.Equal(g.Aliases, []string{"b"}) {
				t.Errorf("b is answered with %s, aliases %v", g.ID, g.Aliases)
			}
			if _, err := l.Delete(t.Context(), staff, key("b")); fault.KindOf(err) != fault.Precondition {
				t.Errorf("what was merged was deleted: %v", err)
			}
			if _, err := l.Restore(t.Context(), staff, "grant", key("a"), a.Revision); fault.KindOf(err) != fault.Precondition {
				t.Errorf("one side of a merge was restored: %v", err)
			}
			if _, err := l.UnmergeGrant(t.Context(), staff, "b"); err != nil {
				t.Fatal(err)
			}
			for _, was := range []*grant.Grant{a, b} {
				is := *got(t, l, was.ID)
				is.Meta, is.Serial = was.Meta, was.Serial
				if diff := cmp.Diff(was, &is); diff != "" {
					t.Errorf("%s: %s", was.ID, diff)
				}
			}
		})
	}
}

func got(t *testing.T, l *ledger.Ledger, id string) *grant.Grant {
	t.Helper()
	e, err := l.Get(t.Context(), staff.Principal, key(id), 0)
	if err != nil {
		t.Fatal(err)
	}
	return e.(*grant.Grant)
}

// What is merged does not show to those who do not see it, nor does what it was merged into.
func TestMergesKeepSecrets(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	viewer := grant.Principal{Name: "v", Role: grant.Viewer}
	for id, v := range map[string]grant.Visibility{"open": grant.Public, "secret": grant.Restricted, "other": grant.Public, "third": grant.Public} {
		g := award(id, 100)
		g.Visibility = v
		create(t, l, g)
	}
	if _, _, err := l.MergeGrants(t.Context(), staff, ledger.Merging{Survivor: "open", Other: "secret"}); fault.KindOf(err) != fault.Precondition {
		t.Errorf("a restricted grant was merged into a public one: %v", err)
	}
	merge := func(survivor, other string) {
		t.Helper()
		if _, _, err := l.MergeGrants(t.Context(), staff, ledger.Merging{Survivor: survivor, Other: other}); err != nil {
			t.Fatal(err)
		}
	}
	// Public into restricted: it is gone for who does not see the survivor, from lists of the deleted and from the history too.
	merge("secret", "open")
	if _, err := l.Get(t.Context(), viewer, key("open"), 0); err == nil || err.Error() != `"grants/open" does not exist` {
		t.Errorf("found %v", err)
	}
	page, err := l.Grants(t.Context(), analysis.Selection{Principal: viewer, Limit: 10, ShowDeleted: true}, 0)
	if err != nil || page.Total != 2 {
		t.Errorf("%d grants are listed: %v", page.Total, err)
	}
	entries, _, err := l.History(t.Context(), viewer, ledger.HistoryQuery{Limit: 1})
	if err != nil || len(entries[0].Changes) != 0 {
		t.Errorf("the merge shows: %+v, %v", entries, err)
	}
	// Restricted, then made public: what was merged into it while nobody saw it does not show.
	for _, id := range []string{"other", "secret"} {
		visibility := grant.Public
		if id == "other" {
			visibility = grant.Restricted
		}
		if _, err := l.Update(t.Context(), staff, "grant", key(id), func(e grant.Entity) (grant.Entity, error) {
			e.(*grant.Grant).Visibility = visibility
			return e, nil
		}); err != nil {
			t.Fatal(err)
		}
		if id == "other" {
			merge("secret", "other")
		}
	}
	e, err := l.Get(t.Context(), viewer, key("open"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if g := e.(*grant.Grant); !slices.Equal(g.Aliases, []string{"open"}) || slices.ContainsFunc(g.Transactions, func(x grant.Transaction) bool { return x.Origin == "grants/other/transactions/1" }) {
		t.Errorf("found aliases %v of %+v", g.Aliases, g.Transactions)
	}
	if _, err := l.Get(t.Context(), viewer, key("other"), 0); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the unseen alias is answered: %v", err)
	}
}

// Links say who and when, are found from both ends, are made once, and do not deny one another.
func TestLinks(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	for _, id := range []string{"a", "b", "c"} {
		create(t, l, award(id, 100))
	}
	link := func(from string, kind grant.LinkType, to, why string) error {
		_, _, err := l.CreateLink(t.Context(), staff, from, grant.Link{Type: kind, Target: to, Reason: why})
		return err
	}
	if err := link("a", grant.ConfirmedDistinct, "b", "two calls"); err != nil {
		t.Fatal(err)
	}
	if made := got(t, l, "a").Links[0]; made.By != staff.Principal.Name || made.At != got(t, l, "a").Updated {
		t.Errorf("the link is signed %q at %d", made.By, made.At)
	}
	linked, err := l.LinkedBy(t.Context(), staff.Principal, got(t, l, "b"), 0)
	if err != nil || len(linked) != 1 || linked[0].Name() != "grants/a/links/2" {
		t.Errorf("from the other end: %v, %v", linked, err)
	}
	for what, c := range map[string]struct {
		err  error
		want string
	}{
		"again":            {link("a", grant.ConfirmedDistinct, "b", "x"), `grant.links[1].target: the two are CONFIRMED_DISTINCT already, by "grants/a/links/2"`},
		"from the other":   {link("b", grant.ConfirmedDistinct, "a", "x"), `grant.links[0].target: the two are CONFIRMED_DISTINCT already, by "grants/a/links/2"`},
		"denied":           {link("b", grant.DuplicateOf, "a", "x"), `grant.links[0].type: DUPLICATE_OF denies "grants/a/links/2", by which "grants/a" is CONFIRMED_DISTINCT "grants/b" (two calls)`},
		"without a reason": {link("b", grant.DuplicateOf, "c", ""), `grant.links[0].reason: is missing; say who decided it, and why`},
	} {
		if c.err == nil || c.err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", what, c.err, c.want)
		}
	}
	if _, _, err := l.MergeGrants(t.Context(), staff, ledger.Merging{Survivor: "b", Other: "a"}); fault.KindOf(err) != fault.Precondition {
		t.Errorf("what is confirmed as distinct was merged: %v", err)
	}
	if err := link("a", grant.CoFundedWith, "b", ""); err != nil {
		t.Errorf("two grants that are two may be co-funded: %v", err)
	}
	// A duplicate counts no more, and what it was a part of is no circle.
	if err := link("c", grant.DuplicateOf, "a", "one press release"); err != nil || total(t, l, 0) != "2.002" {
		t.Errorf("the total is %s: %v", total(t, l, 0), err)
	}
	if err := link("a", grant.SubGrantOf, "c", ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a circle over a duplicate: %v", err)
	}
}

// A record goes back to an earlier state as a new revision; numbers are not given twice; what breaks a rule of today is refused.
func TestRestore(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	first := create(t, l, award("g", 100))
	_, after, err := l.CreateTransaction(t.Context(), staff, "g", grant.Transaction{Type: grant.Commitment, Amount: money.Amount{Currency: "USD", Minor: 50}})
	if err != nil {
		t.Fatal(err)
	}
	restore := func(revision int64) error {
		_, err := l.Restore(t.Context(), staff, "grant", key("g"), revision)
		return err
	}
	if err := restore(first.Revision); err != nil || total(t, l, 0) != "1.001" || total(t, l, after.Revision) != "1.501" {
		t.Errorf("back to the first: %v; the total is %s, and was %s", err, total(t, l, 0), total(t, l, after.Revision))
	}
	newest := l.State().Revision
	if err := restore(first.Revision); err != nil || l.State().Revision != newest {
		t.Errorf("back to where it is: %v, revision %d", err, l.State().Revision)
	}
	made, _, err := l.CreateTransaction(t.Context(), staff, "g", grant.Transaction{Type: grant.Commitment, Amount: money.Amount{Currency: "USD", Minor: 7}})
	if err != nil || made.ID != "3" {
		t.Errorf("the next transaction is %q: %v", made.ID, err)
	}
	deleted, err := l.Delete(t.Context(), staff, key("g"))
	if err != nil {
		t.Fatal(err)
	}
	if err := restore(deleted.Ledgered().Revision); fault.KindOf(err) != fault.Precondition {
		t.Errorf("back to being deleted: %v", err)
	}
	if err := restore(after.Revision); err != nil || total(t, l, 0) != "1.501" {
		t.Errorf("a deleted grant restored: %v; the total is %s", err, total(t, l, 0))
	}
	for _, revision := range []int64{0, 1, l.State().Revision + 1} {
		if err := restore(revision); fault.KindOf(err) != fault.Invalid {
			t.Errorf("revision %d: %v", revision, err)
		}
	}
	theme := grant.Key{Kind: grant.Themes, ID: "water"}
	if _, err := l.Update(t.Context(), staff, "grant", key("g"), func(e grant.Entity) (grant.Entity, error) {
		e.(*grant.Grant).Themes = []grant.Split{{ID: "water", Percent: grant.Whole}}
		return e, nil
	}); err != nil {
		t.Fatal(err)
	}
	themed := l.State().Revision
	if err := restore(after.Revision); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Delete(t.Context(), staff, theme); err != nil {
		t.Fatal(err)
	}
	if err := restore(themed); err == nil || err.Error() != `grant.themes[0].name: "themes/water" does not exist` {
		t.Errorf("back to a theme that is gone: %v", err)
	}
}
