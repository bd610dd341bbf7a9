package analysis

import (
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// UtilisationQuery asks how far the envelopes of a programme are used.
type UtilisationQuery struct {
	Currency  money.Currency
	RateDate  period.Date // convert at this day's rates; no date: each transaction at its own, and a ceiling at the first day of its period
	AsOf      period.Day  // the day by whose end time has elapsed
	Principal grant.Principal
}

// Utilisation is how far the envelopes of a programme are used. What of its money is in no envelope stands in Outside, that without a date too, so that envelopes
// which do not overlap and Outside sum to Whole.
type Utilisation struct {
	Programme      *grant.Programme
	Envelopes      []EnvelopeUse // in the order of the programme
	Outside, Whole Use
	Provisional    bool // something was converted at the newest rate, which is older than its date
}

// Use is money of a programme in minor units of the currency that was asked for: of the grants as they were awarded, so that what a grant passes on counts with it.
type Use struct{ Committed, Disbursed Row }

// EnvelopeUse is how far an envelope is used by what was committed and disbursed on its days.
type EnvelopeUse struct {
	Use
	Envelope grant.Envelope
	Ceiling  *money.Sum // its best single figure in the currency that was asked for; nil when it is not known or could not be converted
	Elapsed  string     // how much of the days has passed, in percent
	Overlaps bool       // it has days in common with another envelope of the programme; what falls on these counts in both
}

// Unallocated is what is left of the ceiling; it is negative when more was committed than there is. ok is false when there is no ceiling.
func (u EnvelopeUse) Unallocated() (left money.Sum, ok bool) {
	if u.Ceiling == nil {
		return money.Sum{}, false
	}
	return u.Ceiling.Minus(u.Committed.Central), true
}

// Utilisation answers for one programme.
func (s *Snapshot) Utilisation(p *grant.Programme, q UtilisationQuery) (Utilisation, error) {
	u := Utilisation{Programme: p}
	whole := Query{
		Currency: q.Currency, RateDate: q.RateDate, Attribution: Prime, Principal: q.Principal, Filter: Filter{Programmes: []string{p.ID}},
	}
	outside := whole
	for i, e := range p.Envelopes {
		within := whole
		within.From, within.To = e.Start, e.End
		outside.except = append(outside.except, e.Span())
		use, err := s.use(within, &u)
		if err != nil {
			return Utilisation{}, err
		}
		one := EnvelopeUse{Use: use, Envelope: e, Elapsed: elapsed(e.Span(), q.AsOf)}
		if e.Amount.Qualifier != money.Unknown {
			one.Ceiling = s.converted(e.Amount.Bounds().Central, e.Amount.Currency, whole, e.Start.First, &u.Provisional)
		}
		for j, other := range p.Envelopes {
			_, both := e.Span().Intersect(other.Span())
			one.Overlaps = one.Overlaps || both && i != j
		}
		u.Envelopes = append(u.Envelopes, one)
	}
	var err error
	if u.Outside, err = s.use(outside, &u); err != nil {
		return Utilisation{}, err
	}
	u.Whole, err = s.use(whole, &u)
	return u, err
}

// use answers a query for both measures of a use.
func (s *Snapshot) use(q Query, u *Utilisation) (use Use, err error) {
	for _, m := range []struct {
		measure Measure
		row     *Row
	}{{Committed, &use.Committed}, {Disbursed, &use.Disbursed}} {
		q.Measure = m.measure
		res, err := s.Allocate(q)
		if err != nil {
			return Use{}, err
		}
		*m.row = res.Total
		u.Provisional = u.Provisional || res.Provisional
	}
	return use, nil
}

// converted returns an amount of a day in the currency of a query, nil when there is no rate for it.
func (s *Snapshot) converted(minor int64, from money.Currency, q Query, on period.Day, provisional *bool) *money.Sum {
	if !q.RateDate.IsZero() {
		on = q.RateDate.First
	}
	c, ok := s.rates.Convert(minor, from, q.Currency, on)
	if !ok {
		return nil
	}
	*provisional = *provisional || c.Provisional
	sum := money.SumOf(c.Minor)
	return &sum
}

// elapsed is how much of the days has passed by the end of a day, in percent.
func elapsed(days period.Span, by period.Day) string {
	return money.SumOf(int64(days.Elapsed(by))).Percent(money.SumOf(int64(days.Days())))
}
