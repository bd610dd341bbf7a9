package analysis_test

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

// listed gives a grant what lists look at: a title, and when it was made and changed.
func listed(t *rapid.T, g *grant.Grant) *grant.Grant {
	g.Title = rapid.SampledFrom([]string{"Water", "water", "WATER for all", "Étude", "مياه", "מים", strings.Repeat("long ", 30) + g.ID}).Draw(t, "title")
	g.Created = rapid.Int64Range(1, 5).Draw(t, "created")
	g.Updated = g.Created + rapid.Int64Range(0, 5).Draw(t, "changed after")
	return g
}

func anySelection(t *rapid.T) analysis.Selection {
	q := anyQuery(t)
	s := analysis.Selection{
		Filter: q.Filter, Currency: q.Currency, RateDate: q.RateDate, Principal: q.Principal, Limit: 100, ShowDeleted: rapid.Bool().Draw(t, "deleted too"),
		Order: anyOrder(t), StaleSince: rapid.Int64Range(0, 8).Draw(t, "stale since"),
	}
	if backwards := !q.To.IsZero() && q.To.Last() < q.From.First; rapid.Bool().Draw(t, "in a period") && !backwards {
		s.From, s.To = q.From, q.To
	}
	if rapid.Bool().Draw(t, "with a least amount") {
		s.Min = new(rapid.Int64Range(-10, 600_000).Draw(t, "least"))
	}
	if rapid.Bool().Draw(t, "with a greatest amount") {
		s.Max = new(rapid.Int64Range(-10, 2_000_000).Draw(t, "greatest"))
	}
	return s
}

func anyOrder(t *rapid.T) analysis.Order {
	return analysis.Order{By: analysis.OrderBy(rapid.IntRange(0, 5).Draw(t, "order")), Desc: rapid.Bool().Draw(t, "descending")}
}

// refAmount is what was awarded, reckoned by the reference; it is nil when it is not known, and ok is false when it cannot be converted.
func refAmount(reg *grant.Registry, g *grant.Grant, q analysis.Selection) (central *big.Int, ok bool) {
	for _, m := range []analysis.Measure{analysis.Allocated, analysis.Pledged} {
		ref := &reference{q: analysis.Query{Measure: m, Currency: q.Currency, RateDate: q.RateDate}, reg: reg}
		r := ref.look(g)
		if r.unknown {
			return nil, true
		}
		if !r.counts {
			continue
		}
		for _, f := range r.flows {
			if f.currency != q.Currency {
				return nil, false
			}
		}
		return r.sum(q.Currency)[1], true
	}
	return nil, true
}

// refKey is what a grant is ordered by, and whether there is such a thing.
func refKey(reg *grant.Registry, g *grant.Grant, q analysis.Selection) (number *big.Int, text string, ok bool) {
	span, dated := g.Span()
	switch q.Order.By {
	case analysis.ByCreation:
		return big.NewInt(g.Created), "", true
	case analysis.ByUpdate:
		return big.NewInt(g.Updated), "", true
	case analysis.ByStart:
		return big.NewInt(int64(span.First)), "", dated
	case analysis.ByEnd:
		return big.NewInt(int64(span.Last)), "", dated
	case analysis.ByAmount:
		central, _ := refAmount(reg, g, q)
		return central, "", central != nil
	}
	letters := []rune(strings.ToLower(g.Title))
	return new(big.Int), string(letters[:min(100, len(letters))]), true
}

// refSelect is Select written slowly.
func refSelect(reg *grant.Registry, grants []*grant.Grant, q analysis.Selection) analysis.Found {
	ref := &reference{q: analysis.Query{Filter: q.Filter, Principal: q.Principal}, reg: reg, every: map[string]*grant.Grant{}}
	for _, g := range grants {
		ref.every[g.ID] = g
	}
	var found analysis.Found
	var kept []*grant.Grant
	for _, g := range grants {
		if (g.Deleted != 0 || g.Successor != "") && !q.ShowDeleted || !ref.seesMerged(g) || !ref.grantPasses(g) || !refHolds(ref, g) || q.StaleSince != 0 && g.Updated >= q.StaleSince {
			continue
		}
		span, dated := g.Span()
		period := !q.From.IsZero() || !q.To.IsZero()
		if period && dated && (!q.From.IsZero() && span.Last < q.From.First || !q.To.IsZero() && span.First > q.To.Last()) {
			continue
		}
		central, converted := refAmount(reg, g, q)
		amount := q.Min != nil || q.Max != nil
		if amount && central != nil && (q.Min != nil && central.Cmp(big.NewInt(*q.Min)) < 0 || q.Max != nil && central.Cmp(big.NewInt(*q.Max)) > 0) {
			continue
		}
		switch {
		case period && !dated:
			found.LeftOut.Undated++
		case amount && !converted:
			found.LeftOut.Unconverted++
		case amount && central == nil:
			found.LeftOut.Unknown++
		default:
			kept = append(kept, g)
		}
	}
	slices.SortFunc(kept, func(a, b *grant.Grant) int {
		numberA, textA, okA := refKey(reg, a, q)
		numberB, textB, okB := refKey(reg, b, q)
		c := 0
		switch {
		case okA && okB:
			c = cmp.Or(numberA.Cmp(numberB), strings.Compare(textA, textB))
			if q.Order.Desc {
				c = -c
			}
		case okA:
			c = -1
		case okB:
			c = 1
		}
		return cmp.Or(c, strings.Compare(a.ID, b.ID))
	})
	found.Total = len(kept)
	for _, g := range kept {
		found.IDs = append(found.IDs, g.ID)
	}
	return found
}

// seesMerged tells whether the principal sees a grant and, if it was merged, all that it was merged into.
func (ref *reference) seesMerged(g *grant.Grant) bool {
	return ref.sees(g) && (g.Successor == "" || ref.every[g.Successor] != nil && ref.seesMerged(ref.every[g.Successor]))
}

// refHolds tells whether each list of a grant has a value that counts, be it one of 0 %.
func refHolds(ref *reference, g *grant.Grant) bool {
	parts := refParts(g, g.Funders)
	whole := ref.q.Filter
	for _, one := range []analysis.Filter{
		{DonorStates: whole.DonorStates, Donors: whole.Donors}, {Members: whole.Members}, {Themes: whole.Themes}, {Locations: whole.Locations}, {Populations: whole.Populations},
	} {
		ref.q.Filter = one
		if !slices.ContainsFunc(parts, ref.partPasses) {
			ref.q.Filter = whole
			return false
		}
	}
	ref.q.Filter = whole
	return true
}

// The lists agree with the reference, whatever the data and the question, and so does what they tell of grants left out.
func TestSelectAgreesWithTheReference(t *testing.T) {
	reg := field()
	rapid.Check(t, func(t *rapid.T) {
		grants := anyGrants(t)
		for _, g := range grants {
			listed(t, g)
		}
		q := anySelection(t)
		if diff := gocmp.Diff(refSelect(reg, grants, q), build(reg, grants).Select(q)); diff != "" {
			t.Fatalf("%+v\n(-reference +product):\n%s", q, diff)
		}
	})
}

// While others write between the pages of a list, every grant that was there and did not change meanwhile is on one page, once, in any order; and none is listed twice
// unless it was moved in that order by a change.
func TestPagesStayRightWhileOthersWrite(t *testing.T) {
	reg := field()
	rapid.Check(t, func(t *rapid.T) {
		all := map[string]*grant.Grant{}
		s := analysis.NewSnapshot(reg, fx.ECB())
		write := func(id string) {
			g := listed(t, anyGrant(t, id, nil))
			all[id] = g
			s = s.Next(reg, fx.ECB(), []*grant.Grant{g})
		}
		for i := range rapid.IntRange(0, 12).Draw(t, "grants") {
			write(fmt.Sprint("g", i))
		}
		q := analysis.Selection{Principal: staff, Currency: "USD", Order: anyOrder(t), Limit: rapid.IntRange(1, 4).Draw(t, "page size")}
		still := map[string]bool{}
		for id, g := range all {
			still[id] = g.Deleted == 0
		}
		moved, seen := map[string]bool{}, map[string]int{}
		for {
			page := s.Select(q)
			for _, id := range page.IDs {
				seen[id]++
			}
			if page.Next == nil {
				break
			}
			q.After = page.Next
			for range rapid.IntRange(0, 3).Draw(t, "writes") {
				id := fmt.Sprint("g", rapid.IntRange(0, 15).Draw(t, "written"))
				moved[id] = moved[id] || all[id] != nil
				delete(still, id)
				write(id)
			}
		}
		for id, there := range still {
			if there && seen[id] != 1 {
				t.Fatalf("%s was there all the time and was listed %d times", id, seen[id])
			}
		}
		for id, n := range seen {
			if n > 1 && !moved[id] {
				t.Fatalf("%s was listed %d times", id, n)
			}
		}
	})
}

// An amount is compared in one currency: 63,234,281 kronor of 2022 are less than 7 million dollars, and no grant is compared that has no figure.
func TestAmountsAreComparedInOneCurrency(t *testing.T) {
	reg, grants := example()
	said := *grants[0]
	said.ID, said.Transactions = "unknown", nil
	_ = said.SetAward(money.Amount{Qualifier: money.Unknown}, said.Start)
	early := *grants[0]
	early.ID, early.Transactions = "early", nil
	_ = early.SetAward(money.Amount{Currency: "ILS", Minor: 5_272_000}, date("2010-12-31"))
	s := build(reg, append(grants, &said, &early))
	got := s.Select(analysis.Selection{
		Principal: staff, Currency: "USD", Min: new(int64(330_000_000)), Max: new(int64(700_000_000)), Limit: 10, Order: analysis.Order{By: analysis.ByAmount, Desc: true},
	})
	want := analysis.Found{IDs: []string{"se", "us"}, Total: 2, LeftOut: analysis.LeftOut{Unknown: 1, Unconverted: 1}}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
