package analysis

import (
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// CoverageQuery asks how far a target is met.
type CoverageQuery struct {
	Currency  money.Currency // of the answer; none is that of the target
	RateDate  period.Date    // convert at this day's rates; no date: each transaction at its own, and the target at the first day of its period
	AsOf      period.Day     // the day by whose end time has elapsed
	Principal grant.Principal
}

// Coverage is how far a target is met by what is allocated in its cell, with all that is below it in the trees, and its period. Figures are in minor units of Currency.
type Coverage struct {
	Target      *grant.Target
	Currency    money.Currency
	Wanted      *money.Sum // nil when there is no rate to convert it
	Allocated   Row
	Undated     Row    // of the cell, what cannot be placed in time and so is not in Allocated
	Elapsed     string // how much of the days has passed, in percent
	Provisional bool   // something was converted at the newest rate, which is older than its date
}

// Missing is what is wanted and not allocated, and nothing when there is more than is wanted: a surplus here meets no target elsewhere. ok is false when what is wanted could not
// be converted.
func (c Coverage) Missing() (missing money.Sum, ok bool) {
	if c.Wanted == nil {
		return money.Sum{}, false
	}
	missing = c.Wanted.Minus(c.Allocated.Central)
	if missing.Cmp(money.Sum{}) < 0 {
		missing = money.Sum{}
	}
	return missing, true
}

// Percent is what is allocated of what is wanted, in percent; "" when what is wanted could not be converted.
func (c Coverage) Percent() string {
	if c.Wanted == nil {
		return ""
	}
	return c.Allocated.Central.Percent(*c.Wanted)
}

// Coverage answers for one target.
func (s *Snapshot) Coverage(t *grant.Target, q CoverageQuery) (Coverage, error) {
	c := Coverage{Target: t, Currency: q.Currency, Elapsed: elapsed(t.Span(), q.AsOf)}
	if c.Currency == "" {
		c.Currency = t.Currency
	}
	cell := Query{Measure: Allocated, Currency: c.Currency, RateDate: q.RateDate, From: t.Start, To: t.End, Principal: q.Principal, Filter: Filter{
		Themes: oneOrAny(t.Theme), Locations: oneOrAny(t.Location), Populations: oneOrAny(t.Population),
	}}
	res, err := s.Allocate(cell)
	if err != nil {
		return Coverage{}, err
	}
	c.Allocated, c.Undated, c.Provisional = res.Total, *res.Undated, res.Provisional
	c.Wanted = s.converted(t.Minor, t.Currency, cell, t.Start.First, &c.Provisional)
	return c, nil
}

func oneOrAny(id string) []string {
	if id == "" {
		return nil
	}
	return []string{id}
}
