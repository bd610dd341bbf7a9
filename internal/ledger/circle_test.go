package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

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
