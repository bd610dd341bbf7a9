package analysis_test

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

func overlaps(s *analysis.Snapshot, q analysis.OverlapQuery) analysis.OverlapResult {
	res, err := s.Overlaps(q)
	if err != nil {
		panic(err)
	}
	return res
}

// DESIGN's check value.
func TestOverlapOfTheExample(t *testing.T) {
	reg, grants := example()
	res := overlaps(build(reg, grants), analysis.OverlapQuery{Scope: grant.MemberScope, Currency: "USD", Limit: 10, Principal: staff})
	want := []analysis.Overlap{{
		ID: grant.OverlapID{
			Scope: grant.MemberScope, Grants: [2]string{"se", "us"}, States: [2]string{"SE", "US"}, Recipients: [2]string{"ecopeace", "ecopeace"},
		},
		Window: period.Span{First: date("2023-02-01").First, Last: date("2026-01-31").First},
		Amount: 198_000_000, Totals: [2]int64{698_702_932, 330_000_000},
		Cells:  []analysis.OverlapCell{{Theme: "water", Amounts: [2]int64{419_374_816, 198_000_000}, Overlap: 198_000_000}},
		Reason: "The United States and Sweden both fund EcoPeace for water from 1 Feb 2023 to 31 Jan 2026; 1,980,000.00 USD of their money meets.",
	}}
	if diff := cmp.Diff(want, res.Overlaps); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	if res.Count != 1 || res.PairTotal != money.SumOf(198_000_000) || res.Next != nil {
		t.Errorf("found %d overlaps of %s, next %v", res.Count, minor(res.PairTotal), res.Next)
	}
	if r := res.Overlaps[0].Relative(); r.RatString() != "3/5" {
		t.Errorf("relative: found %s, want 3/5", r.RatString())
	}
}

// anyOverlapQuery asks for everything on one page, more often than not of all money.
func anyOverlapQuery(t *rapid.T) analysis.OverlapQuery {
	q := anyQuery(t)
	q.Filter.Donors = nil
	if rapid.IntRange(0, 2).Draw(t, "of all") < 2 {
		q.Filter, q.From, q.To = analysis.Filter{}, period.Date{}, period.Date{}
	}
	if rapid.IntRange(0, 3).Draw(t, "of staff") < 3 {
		q.Principal = staff
	}
	if q.Currency == "ILS" && rapid.IntRange(0, 3).Draw(t, "with rates") < 3 {
		q.Currency = "USD"
	}
	return analysis.OverlapQuery{
		Scope: grant.Scope(rapid.IntRange(1, 2).Draw(t, "scope")), Depth: rapid.IntRange(0, 2).Draw(t, "depth"), Currency: q.Currency, From: q.From, To: q.To, RateDate: q.RateDate,
		Filter: q.Filter, MinAmount: rapid.SampledFrom([]int64{0, 0, 0, 0, 1000, 100_000}).Draw(t, "least"), Limit: 1000, Principal: q.Principal,
	}
}

// crowded draws grants that are likelier to meet: most have an amount and run in 2010, and many have one donor.
func crowded(t *rapid.T) []*grant.Grant {
	var grants []*grant.Grant
	var ids []string
	donors := rapid.Permutation([]string{"usaid", "sida", "deza", "embassy", "asdi"}).Draw(t, "donors")
	for i := range 2 + rapid.IntRange(0, 4).Draw(t, "grants") {
		g := anyGrant(t, fmt.Sprintf("g%d", i), ids)
		grants, ids = append(grants, g), append(ids, g.ID)
		if rapid.IntRange(0, 3).Draw(t, "many donors") < 3 {
			g.Funders = []grant.Participation{{Organisation: donors[i%len(donors)]}}
		}
		if rapid.IntRange(0, 4).Draw(t, "to one") < 4 {
			g.Recipients = []grant.Participation{{Organisation: memberIDs[rapid.IntRange(0, 1).Draw(t, "of m1 and m2")]}}
		}
		if rapid.IntRange(0, 4).Draw(t, "for two themes") < 4 {
			g.Themes = []grant.Split{{ID: "taps", Percent: 33_333_333}, {ID: rapid.SampledFrom([]string{"water", "youth"}).Draw(t, "other theme"), Percent: 66_666_667}}
		}
		if rapid.IntRange(0, 9).Draw(t, "in 2010") < 9 {
			g.Status = rapid.SampledFrom([]grant.Status{grant.Active, grant.Active, grant.Active, g.Status}).Draw(t, "mostly active")
			g.Start, g.DurationMonths = date(rapid.SampledFrom([]string{"2010", "2010-03", "2010-06-11", "2010-12-31"}).Draw(t, "starts")), 2+rapid.IntRange(0, 12).Draw(t, "runs")
			g.Transactions = append(g.Transactions, grant.Transaction{ID: "9", Type: grant.Commitment, Amount: money.Amount{
				Currency: rapid.SampledFrom([]money.Currency{"USD", "USD", "EUR", "JPY"}).Draw(t, "committed in"), Minor: 100_000 + rapid.Int64Range(0, 900_003).Draw(t, "committed"),
			}})
		}
	}
	return grants
}

// The product agrees with the reference, whatever the data and the question.
func TestOverlapsAgreeWithTheReference(t *testing.T) {
	reg := field()
	rapid.Check(t, func(t *rapid.T) {
		grants, q := crowded(t), anyOverlapQuery(t)
		if diff := cmp.Diff(referenceOverlaps(reg, grants, q).answer(), overlapAnswer(build(reg, grants), q)); diff != "" {
			t.Fatalf("%+v\n(-reference +product):\n%s", q, diff)
		}
	})
}

// Neither the order of grants nor the size of pages matters, and pages come in the order that was asked for.
func TestOverlapsDoNotDependOnOrderOrPages(t *testing.T) {
	reg := field()
	rapid.Check(t, func(t *rapid.T) {
		grants, q := crowded(t), anyOverlapQuery(t)
		q.Order = analysis.OverlapOrder(rapid.IntRange(0, 1).Draw(t, "order"))
		want := overlaps(build(reg, grants), q).Overlaps
		shuffled := build(reg, rapid.Permutation(grants).Draw(t, "shuffled"))
		q.Limit = rapid.IntRange(1, 3).Draw(t, "limit")
		var got []analysis.Overlap
		for {
			page := overlaps(shuffled, q)
			got = append(got, page.Overlaps...)
			if page.Next == nil {
				break
			}
			q.After = page.Next
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-one page +pages of shuffled grants):\n%s", diff)
		}
		for i := range want[min(1, len(want)):] {
			a, b := want[i], want[i+1]
			if inOrder := a.Amount > b.Amount || a.Amount == b.Amount && a.ID.String() < b.ID.String(); q.Order == analysis.OverlapsByAmount && !inOrder {
				t.Fatalf("%s (%d) comes before %s (%d)", a.ID, a.Amount, b.ID, b.Amount)
			}
			if q.Order == analysis.OverlapsByName && a.ID.String() >= b.ID.String() {
				t.Fatalf("%s comes before %s", a.ID, b.ID)
			}
		}
	})
}

// One grant more takes nothing from the overlaps of others.
func TestAnotherGrantLowersNoOverlap(t *testing.T) {
	reg := field()
	rapid.Check(t, func(t *rapid.T) {
		grants, q := crowded(t), anyOverlapQuery(t)
		amounts := map[grant.OverlapID]int64{}
		for _, o := range overlaps(build(reg, append(grants, anyGrant(t, "another", nil))), q).Overlaps {
			amounts[o.ID] = o.Amount
		}
		for _, o := range overlaps(build(reg, grants), q).Overlaps {
			if amounts[o.ID] < o.Amount {
				t.Fatalf("%s fell from %d to %d", o.ID, o.Amount, amounts[o.ID])
			}
		}
	})
}

// Sub-grants do not overlap with what they come from, however far up, nor with one another; duplicates overlap with nothing, and what is confirmed distinct not with
// each other. The two sides have no donor state in common.
func TestWhatIsLinkedDoesNotOverlap(t *testing.T) {
	reg := field()
	rapid.Check(t, func(t *rapid.T) {
		grants, q := crowded(t), anyOverlapQuery(t)
		q.Principal = staff
		byID := map[string]*grant.Grant{}
		for _, g := range grants {
			byID[g.ID] = g
		}
		ref := newReference(reg, grants, analysis.Query{Principal: staff})
		root := func(g *grant.Grant) *grant.Grant {
			for p := ref.parent(g); p != nil; p = ref.parent(g) {
				g = p
			}
			return g
		}
		for _, o := range overlaps(build(reg, grants), q).Overlaps {
			a, b := byID[o.ID.Grants[0]], byID[o.ID.Grants[1]]
			if root(a) == root(b) || ref.all[a.ID] == nil || ref.all[b.ID] == nil || ref.linked(a, b, grant.ConfirmedDistinct) {
				t.Fatalf("%s overlap", o.ID)
			}
		}
	})
}

// What each side has in each cell is what the allocations say that the grant has there in the window.
func TestOverlapsAgreeWithAllocations(t *testing.T) {
	reg := field()
	rapid.Check(t, func(t *rapid.T) {
		grants := crowded(t)
		for _, g := range grants {
			g.Programme = g.ID // so that it can be asked for
		}
		s := build(reg, grants)
		day := func(d period.Day) period.Date { return period.Date{First: d, Precision: period.ToDay} }
		for _, o := range overlaps(s, analysis.OverlapQuery{Scope: grant.MemberScope, Currency: "USD", Limit: 1000, Principal: staff}).Overlaps {
			for i, g := range o.ID.Grants {
				rows, _ := figures(s, analysis.Query{
					GroupBy: []analysis.Dimension{analysis.DonorState, analysis.Member, analysis.Theme}, Currency: "USD", Principal: staff,
					From: day(o.Window.First), To: day(o.Window.Last), Filter: analysis.Filter{Programmes: []string{g}},
				})
				for _, c := range o.Cells {
					theme := "themes/" + c.Theme
					if c.Theme == grant.Unspecified {
						theme = c.Theme
					}
					key := o.ID.States[i] + " organisations/" + o.ID.Recipients[i] + " " + theme + " "
					if got := money.FormatMinor("USD", c.Amounts[i]); got != rows[key] {
						t.Fatalf("%s, %s: the overlap has %s, the allocations %s", o.ID, key, got, rows[key])
					}
				}
			}
		}
	})
}

// Who is where on which day, found day by day.
func TestClustersAgreeWithTheDays(t *testing.T) {
	reg := field()
	rapid.Check(t, func(t *rapid.T) {
		grants, q := crowded(t), anyOverlapQuery(t)
		ref := referenceOverlaps(reg, grants, q)
		days := map[string]map[period.Day]map[string]bool{} // place, day, donor state
		sides := map[string]bool{}
		by := map[string]map[period.Day]map[string]bool{} // place, day, grant
		for _, p := range ref.parts {
			for cell, amounts := range p.cells {
				sum := new(big.Int)
				for _, v := range amounts {
					sum.Add(sum, v)
				}
				place := p.recipient + " " + cell
				if q.Scope == grant.CellScope {
					place = cell
				}
				if sum.Sign() <= 0 || q.Scope == grant.MemberScope && p.recipient == grant.Unspecified {
					continue
				}
				sides[place] = sides[place] || p.side
				run := slices.Sorted(maps.Keys(p.days))
				for d := run[0]; d <= run[len(run)-1]; d++ {
					for _, state := range strings.Split(p.states, "+") {
						if days[place] == nil {
							days[place] = map[period.Day]map[string]bool{}
						}
						if days[place][d] == nil {
							days[place][d] = map[string]bool{}
						}
						days[place][d][state] = true
						if by[place] == nil {
							by[place] = map[period.Day]map[string]bool{}
						}
						if by[place][d] == nil {
							by[place][d] = map[string]bool{}
						}
						by[place][d][p.g.ID] = true
					}
				}
			}
		}
		want, got := map[string]string{}, map[string]string{}
		for place, byDay := range days {
			for d, states := range byDay {
				if sides[place] && len(states) > 1 {
					want[fmt.Sprint(place, " ", d)] = fmt.Sprint(slices.Sorted(maps.Keys(states)))
				}
			}
		}
		for _, c := range build(reg, grants).Clusters(analysis.ClusterQuery{OverlapQuery: q}).Clusters {
			place := strings.Join(strings.Fields(strings.Join([]string{c.Recipient, c.Theme, c.Location, c.Population}, " ")), " ")
			deepest := 0
			for _, s := range c.Segments {
				deepest = max(deepest, len(s.DonorStates))
				grants := map[string]bool{}
				for d := s.Window.First; d <= s.Window.Last; d++ {
					maps.Copy(grants, by[place][d])
				}
				if want := slices.Sorted(maps.Keys(grants)); !slices.Equal(want, s.Grants) || s.GrantCount != len(want) {
					t.Fatalf("%s %v: found grants %v, want %v", place, s.Window, s.Grants, want)
				}
				for d := s.Window.First; d <= s.Window.Last; d++ {
					got[fmt.Sprint(place, " ", d)] = fmt.Sprint(s.DonorStates)
				}
			}
			if deepest != c.Depth {
				t.Fatalf("%s is %d deep, its segments %d", place, c.Depth, deepest)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-days +product):\n%s", diff)
		}
	})
}

// What the records of two grants suggest.
func TestSuggest(t *testing.T) {
	make := func(change func(a, b *grant.Grant)) (a, b *grant.Grant) {
		_, grants := example()
		a, b = grants[0], grants[1]
		change(a, b)
		return a, b
	}
	for name, c := range map[string]struct {
		change func(a, b *grant.Grant)
		want   grant.Verdict
	}{
		"nothing": {func(_, _ *grant.Grant) {}, grant.Overlaps},
		"co-funded": {func(a, b *grant.Grant) {
			b.Links = []grant.Link{{ID: "1", Type: grant.CoFundedWith, Target: a.ID}}
			a.Identifiers, b.Identifiers = []string{"X-1"}, []string{"X-1"}
		}, grant.CoFunded},
		"identifier": {func(a, b *grant.Grant) { a.Identifiers, b.Identifiers = []string{"X-1", "X-2"}, []string{"X-2"} }, grant.SameGrant},
		"passed on": {func(a, _ *grant.Grant) {
			a.Partners = []grant.Partner{{Organisation: "sida", Role: grant.Implementing}}
		}, grant.SubGrant},
		"alike": {func(a, b *grant.Grant) {
			b.Start, b.End = a.Start, a.End
			b.Transactions = []grant.Transaction{{ID: "1", Type: grant.Commitment, Amount: money.Amount{Currency: "USD", Minor: 323_400_000}}}
		}, grant.SameGrant},
		"a cent too far": {func(a, b *grant.Grant) {
			b.Start, b.End = a.Start, a.End
			b.Transactions = []grant.Transaction{{ID: "1", Type: grant.Commitment, Amount: money.Amount{Currency: "USD", Minor: 323_399_999}}}
		}, grant.Overlaps},
	} {
		a, b := make(c.change)
		if got, grounds := analysis.Suggest(a, b); got != c.want || grounds == "" {
			t.Errorf("%s: found %s (%s), want %s", name, got, grounds, c.want)
		}
	}
}

// A decision is found under the name of its overlap, also when the recipient was merged into another since, and what is decided is not undecided.
func TestDecisions(t *testing.T) {
	reg, grants := example()
	id := grant.OverlapID{Scope: grant.MemberScope, Grants: [2]string{"se", "us"}, States: [2]string{"SE", "US"}, Recipients: [2]string{"ecopeace", "ecopeace"}}
	if parsed, err := grant.ParseOverlapID(id.String()); err != nil || parsed != id {
		t.Errorf("%s: found %v, %v", id, parsed, err)
	}
	reg = reg.With(&grant.Decision{ID: id.String(), Overlap: id, Verdict: grant.CoFunded, By: "tokens/1"}, &grant.Organisation{ID: "ecopeace", DisplayName: "EcoPeace", Successor: "foe"},
		&grant.Organisation{ID: "foe", DisplayName: "Friends of the Earth"})
	q := analysis.OverlapQuery{Scope: grant.MemberScope, Currency: "USD", Limit: 10, Principal: staff}
	all := overlaps(build(reg, grants), q).Overlaps
	if len(all) != 1 || all[0].ID.Recipients[0] != "foe" || all[0].Decision == nil || all[0].Decision.Verdict != grant.CoFunded {
		t.Errorf("found %+v", all)
	}
	if q.Undecided = true; overlaps(build(reg, grants), q).Count != 0 {
		t.Error("what is decided is undecided")
	}
	if s := build(reg, grants); !s.MayOverlap(staff, all[0].ID) || s.MayOverlap(staff, id) {
		t.Error("the name of the survivor is refused, or that of the merged one taken")
	}
}

// The product agrees with the reference where there are more cells than a mask has bits, so that cells share bits, and where parts have more cells than a guest has room for.
func TestOverlapsOfManyCells(t *testing.T) {
	reg := field()
	filler := &grant.Grant{ID: "filler", Title: "filler", Status: grant.Active, Visibility: grant.Public, Funders: []grant.Participation{{Organisation: "deza"}}}
	rest := grant.Whole
	for i := range 130 {
		id := fmt.Sprintf("t%d", i)
		reg = reg.With(&grant.Term{Of: grant.Themes, ID: id, DisplayName: id})
		filler.Themes = append(filler.Themes, grant.Split{ID: id, Percent: 1})
		rest--
	}
	filler.Themes[0].Percent += rest
	rapid.Check(t, func(t *rapid.T) {
		grants := []*grant.Grant{filler}
		for i := range rapid.IntRange(2, 5).Draw(t, "grants") {
			g := &grant.Grant{
				ID: fmt.Sprintf("g%d", i), Title: "g", Status: grant.Active, Visibility: grant.Public, Funders: []grant.Participation{{Organisation: []string{"usaid", "sida", "deza"}[i%3]}},
				Recipients: []grant.Participation{{Organisation: "m1"}}, Start: date("2010"), End: date(rapid.SampledFrom([]string{"2010-01", "2010-02-03"}).Draw(t, "end")),
				Transactions: []grant.Transaction{{ID: "1", Type: grant.Commitment, Amount: money.Amount{Currency: "USD", Minor: rapid.Int64Range(1000, 9000).Draw(t, "minor")}}},
			}
			ids := rapid.Permutation([]string{"t0", "t64", "t128", "t1", "t65", "t129", "t63", "t127"}).Draw(t, "themes")[:rapid.IntRange(1, 5).Draw(t, "theme count")]
			left := grant.Whole
			for j, id := range ids {
				share := left / 2
				if j == len(ids)-1 {
					share = left
				}
				left -= share
				g.Themes = append(g.Themes, grant.Split{ID: id, Percent: share})
			}
			grants = append(grants, g)
		}
		q := analysis.OverlapQuery{Scope: grant.Scope(rapid.IntRange(1, 2).Draw(t, "scope")), Currency: "USD", Limit: 1000, Principal: staff}
		if diff := cmp.Diff(referenceOverlaps(reg, grants, q).answer(), overlapAnswer(build(reg, grants), q)); diff != "" {
			t.Fatalf("(-reference +product):\n%s", diff)
		}
	})
}
