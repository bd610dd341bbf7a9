package analysis

import (
	"cmp"
	"slices"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// Review is what is to be said of grants one by one: which end soon, which nothing was heard of for long, and what is not known of which. Ids are in order.
type Review struct {
	Ending []Ending // the first to end first
	Stale  []Stale  // the longest silence first
	// Grants whose amount is not known or could not be converted, that cannot be placed in time, that name no recipient, theme or location, or of which no report is confirmed.
	Unknown, Unconverted, Undated, NoRecipient, NoTheme, NoLocation, Unconfirmed []string
}

// Ending is a grant that ends soon.
type Ending struct {
	ID       string
	End      period.Day
	LastYear money.Sum // central, minor units: what of it falls into the twelve months before its end
	Known    bool      // LastYear is known: no amount is unknown or unconverted
}

// Stale is a grant that was last changed long ago.
type Stale struct {
	ID      string
	Updated int64 // microseconds since 1970
}

const (
	// endingMonths is how far a review looks ahead.
	endingMonths = 18
	// staleMonths is after how long a grant that is planned or runs should have been heard of.
	staleMonths = 12
)

// Review looks at each grant that the principal of a query may see and that its filter holds, from a day. Of the query it takes the currency, the rate date, the filter and the principal.
func (s *Snapshot) Review(q Query, asOf period.Day) Review {
	q.Measure = Allocated
	e := s.evaluation(q)
	var out Review
	for i, c := range s.chunks {
		for j := range c.records {
			if r := &c.records[j]; !r.deleted && !e.families.replaced(i*chunkSize+j) && e.sieve.passes(r) && e.sieve.holds(r) {
				out.look(e, r, asOf)
			}
		}
	}
	for _, ids := range []*[]string{&out.Unknown, &out.Unconverted, &out.Undated, &out.NoRecipient, &out.NoTheme, &out.NoLocation, &out.Unconfirmed} {
		slices.Sort(*ids)
	}
	slices.SortFunc(out.Ending, func(a, b Ending) int { return cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(out.Stale, func(a, b Stale) int { return cmp.Or(cmp.Compare(a.Updated, b.Updated), cmp.Compare(a.ID, b.ID)) })
	return out
}

// look notes what is to be said of a grant.
func (out *Review) look(e *evaluation, r *record, asOf period.Day) {
	f := e.figure(r, e.currencies)
	out.unknown(r, &f)
	out.ending(r, &f, asOf)
	if r.alive() && r.updated < int64(asOf.AddMonths(-staleMonths))*microsecondsInDay {
		out.Stale = append(out.Stale, Stale{r.id, r.updated})
	}
}

const microsecondsInDay = 24 * 60 * 60 * 1_000_000

// alive tells whether a grant is planned or runs.
func (r *record) alive() bool {
	return r.status == grant.Pipeline || r.status == grant.Active || r.status == grant.Finalising
}

// unknown notes what is not known of a grant.
func (out *Review) unknown(r *record, f *figure) {
	for _, missing := range []struct {
		ids *[]string
		is  bool
	}{
		{&out.Unknown, f.unknown}, {&out.Unconverted, len(f.unconverted) > 0}, {&out.Undated, r.span.First > r.span.Last},
		{&out.NoRecipient, r.counts[recipients] == 0}, {&out.NoTheme, r.counts[themes] == 0}, {&out.NoLocation, r.counts[locations] == 0},
		{&out.Unconfirmed, !r.confirmed},
	} {
		if missing.is {
			*missing.ids = append(*missing.ids, r.id)
		}
	}
}

// ending notes a grant that ends within the months that a review looks ahead.
func (out *Review) ending(r *record, f *figure, asOf period.Day) {
	spread := r.spread()
	last := spread.kept().Last
	if !spread.dated() || last <= asOf || last > asOf.AddMonths(endingMonths) { // dates alone tell: what is closed today ran on a day before
		return
	}
	e := Ending{ID: r.id, End: last, Known: !f.unknown && len(f.unconverted) == 0}
	if f.money != nil {
		m := f.money.total[1]
		e.LastYear = money.SumOf(spread.upTo(last).of(m) - spread.upTo((last+1).AddMonths(-12)-1).of(m))
	}
	out.Ending = append(out.Ending, e)
}
