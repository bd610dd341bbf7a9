package bench

import (
	"iter"

	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// Fact is one part of a grant in one calendar year, as a peer is given it: everything joined and reckoned.
type Fact struct {
	DonorState, Member, Theme, Location string
	Year                                int
	Minor                               int64 // US cents
}

// Facts returns the facts of a grant. The grants of a World have one commitment, one funder and one recipient.
func Facts(reg *grant.Registry, g *grant.Grant) iter.Seq[Fact] {
	a := g.Transactions[0].Amount
	c, ok := fx.ECB().Convert(a.Minor, a.Currency, "USD", g.Transactions[0].Date.First)
	if !ok {
		panic("no rate for " + a.Currency)
	}
	weights := func(splits []grant.Split) (out []uint64) {
		for _, s := range splits {
			out = append(out, uint64(s.Percent))
		}
		return out
	}
	span, _ := g.Span()
	return func(yield func(Fact) bool) {
		for k, part := range money.Cut(c.Minor, weights(g.Themes), weights(g.Locations)) {
			f := Fact{
				DonorState: reg.DonorState(g.Funders[0].Organisation), Member: g.Recipients[0].Organisation,
				Theme: g.Themes[k/len(g.Locations)].ID, Location: g.Locations[k%len(g.Locations)].ID,
			}
			if !f.years(part, span, yield) {
				return
			}
		}
	}
}

// years yields the fact for each year of a span, with its part of an amount.
func (f Fact) years(minor int64, span period.Span, yield func(Fact) bool) bool {
	var calendar period.Calendar
	before := int64(0)
	for day := span.First; day <= span.Last; {
		f.Year = calendar.Index(period.Year, day)
		last := min(span.Last, calendar.Span(period.Year, f.Year).Last)
		with := money.Share(minor, uint64(last-span.First)+1, uint64(span.Days()))
		f.Minor = with - before
		if !yield(f) {
			return false
		}
		before, day = with, last+1
	}
	return true
}
