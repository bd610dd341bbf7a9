package analysis

import (
	"fmt"
	"slices"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// unmet finds the targets that are not covered. Each stands for itself: what another has too much is nothing to it. A target is converted at its first day, as if it were
// money of that day. When a window was asked for, targets for other times are passed over.
func (f *gapFinder) unmet() (gaps []*found) {
	for _, e := range f.snapshot.reg.All(grant.Targets) {
		t := e.(*grant.Target)
		span := period.Span{First: t.Start.First, Last: t.End.Last()}
		asked, _ := (Query{From: f.From, To: f.To}).window()
		if _, any := span.Intersect(asked); t.Deleted != 0 || !any {
			continue
		}
		on := span.First
		if !f.RateDate.IsZero() {
			on = f.RateDate.First
		}
		wanted, ok := f.snapshot.rates.Convert(t.Minor, t.Currency, f.Currency, on)
		if !ok {
			f.defects = append(f.defects, fmt.Sprintf("targets/%s cannot be converted for want of a rate and is not held against anything", t.ID))
			continue
		}
		f.holdings.remarks.provisional = f.holdings.remarks.provisional || wanted.Provisional
		if g := f.unmetTarget(t, span, wanted.Minor); g != nil {
			gaps = append(gaps, g)
		}
	}
	return gaps
}

func (f *gapFinder) unmetTarget(t *grant.Target, span period.Span, wanted int64) *found {
	var allocated money.Sum
	grants := weighed{}
	inexact := false
	accepts := f.accepts(GapCell{t.Theme, t.Location, t.Population})
	for i := range f.holdings.parts {
		p := &f.holdings.parts[i]
		if sum := f.holdings.in(p, span, accepts); sum != 0 {
			allocated.Add(sum)
			grants[p.number] += sum
			inexact = inexact || p.inexact
		}
	}
	whole := money.SumOf(wanted)
	missing := whole.Minus(allocated)
	if wanted == 0 || missing.Cmp(money.Sum{}) <= 0 {
		return nil // what rounds to nothing lacks nothing
	}
	g := &found{Gap: Gap{
		Kind: UnmetTarget, Target: t.ID, Cell: &GapCell{t.Theme, t.Location, t.Population}, Window: span, Whole: &whole, Part: &allocated, Amount: &missing, Share: quotient(allocated, whole), Inexact: inexact,
	}}
	g.finish = func() {
		g.Grants = grants.ids(f.snapshot)
		text := f.snapshot.cellInText(t.Theme, t.Location, t.Population)
		g.Reason = fmt.Sprintf("%s are wanted for %s %s; %s are recorded, so that %s are not covered.", sumInText(f.Currency, whole), text, spanInText(span), sumInText(f.Currency, allocated), sumInText(f.Currency, missing))
		f.elsewhere(g, span)
	}
	g.explain = func() error {
		within := func(kind grant.Kind, id, in string) bool {
			return in == "" || id != grant.Unspecified && f.snapshot.reg.Within(grant.Key{Kind: kind, ID: id}, []string{in})
		}
		return f.explained(g, "part", span, func(p *ExplainedPiece) bool {
			return within(grant.Themes, p.Theme, t.Theme) && within(grant.Locations, p.Location, t.Location) && within(grant.Populations, p.Population, t.Population)
		})
	}
	return g
}

// accepts tells which cells lie in a cell that is asked for: in its terms or under them. The ids of a cell may be "unspecified".
func (f *gapFinder) accepts(cell GapCell) func(code uint64) bool {
	tables := [3]*accepted{}
	for i, id := range [3]string{cell.Theme, cell.Location, cell.Population} {
		if id != "" {
			tables[i] = f.terms(i, id, func(other string) bool {
				return f.snapshot.reg.Within(grant.Key{Kind: kinds[themes+i], ID: other}, []string{id})
			})
		}
	}
	return f.acceptsAll(tables)
}

// terms accepts the codes of the i-th dimension of cells whose ids has accepts, and "unspecified" if it is what was asked for.
func (f *gapFinder) terms(i int, asked string, has func(id string) bool) *accepted {
	return accept(f.holdings.termIDs(i), []string{asked}, has)
}

// termIDs returns the ids of the i-th dimension of cells, by code.
func (h *holdings) termIDs(i int) (ids []string) {
	for _, n := range h.terms.names[i] {
		ids = append(ids, idOf(n.key))
	}
	return ids
}

func (f *gapFinder) acceptsAll(tables [3]*accepted) func(code uint64) bool {
	return func(code uint64) bool {
		for i, c := range f.holdings.codes(code) {
			if !tables[i].has(c) {
				return false
			}
		}
		return true
	}
}

// elsewhere says of a gap in a location what is booked above the location and without any: donors who cannot name the place name the region, or nothing.
func (f *gapFinder) elsewhere(g *found, w period.Span) {
	location := g.Cell.Location
	if location == "" || location == grant.Unspecified {
		return
	}
	var above []string
	key := grant.Key{Kind: grant.Locations, ID: location}
	for range maxTree {
		if key.ID = f.snapshot.reg.TermParent(key); key.ID == "" {
			break
		}
		above = append(above, key.ID)
	}
	tables := [3]*accepted{}
	for i, id := range [3]string{0: g.Cell.Theme, 2: g.Cell.Population} {
		if id != "" && i != 1 {
			tables[i] = f.terms(i, id, func(other string) bool {
				return f.snapshot.reg.Within(grant.Key{Kind: kinds[themes+i], ID: other}, []string{id})
			})
		}
	}
	sum := func(places *accepted) *money.Sum {
		tables := tables
		tables[1] = places
		accepts := f.acceptsAll(tables)
		var total money.Sum
		for i := range f.holdings.parts {
			total.Add(f.holdings.in(&f.holdings.parts[i], w, accepts))
		}
		return &total
	}
	g.ParentLocation = sum(f.terms(1, "", func(id string) bool { return slices.Contains(above, id) }))
	g.UnspecifiedLocation = sum(f.terms(1, grant.Unspecified, func(string) bool { return false }))
	if len(above) > 0 {
		g.Reason += fmt.Sprintf(" %s are booked above %s (%s).", sumInText(f.Currency, *g.ParentLocation), f.place(location), f.place(above[0]))
	}
	g.Reason += fmt.Sprintf(" %s are booked without a location.", sumInText(f.Currency, *g.UnspecifiedLocation))
}

func (f *gapFinder) place(id string) string {
	return f.snapshot.reg.Label(grant.Key{Kind: grant.Locations, ID: id})
}
