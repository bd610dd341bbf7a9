package analysis

import (
	"math/big"
	"slices"

	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// figure is what a measure makes of a grant before it is cut: how much it is, in how many currencies, and what is not known.
type figure struct {
	currency    money.Currency // that is asked for
	counts      bool           // the grant has something to do with the measure
	unknown     bool           // an amount is not known
	open        bool           // the upper end is open
	provisional bool           // something was converted at the newest rate
	money       *stream        // what could be converted; nil when nothing could
	unconverted []*stream
}

// stream is money of one currency. total is lower, central and upper in minor units.
type stream struct {
	currency money.Currency
	total    triple
	steps    []step // of a measure by date: how it adds up, in order of the days, undated last
}

// step is how much has come together with a day.
type step struct {
	day period.Day
	sum triple
	// unknown tells that an amount of the day is not known.
	unknown bool
}

// triple is lower, central and upper.
type triple [3]int64

func (t *triple) add(b money.Bounds) {
	t[0] += b.Lower
	t[1] += b.Central
	t[2] += b.Upper
}

// each returns what f makes of the three, once if they are equal.
func (t triple) each(f func(int64) int64) triple {
	first := f(t[0])
	if t[0] == t[1] && t[1] == t[2] {
		return triple{first, first, first}
	}
	return triple{first, f(t[1]), f(t[2])}
}

// pricing is how amounts are converted.
type pricing struct {
	measure  Measure
	currency money.Currency
	rateDay  period.Day // noDay: each at its own day
	rates    *fx.Table
}

// figure reckons the figure of a record: each transaction of the measure is converted at its effective date and rounded, then they are added up.
func (p *pricing) figure(r *record, currencies []string) figure {
	f := figure{currency: p.currency}
	committed := false
	for i := range r.flows {
		flow := &r.flows[i]
		if !p.measure.takes(flow.kind) {
			continue
		}
		f.counts = true
		committed = committed || flow.kind == grant.Commitment
		if flow.qualifier == money.Unknown {
			f.unknown = true
			f.at(flow.day, p.currency).unknown = true
			continue
		}
		bounds := r.signed(i)
		f.open = f.open || bounds.Open && flow.kind.Sign() > 0
		p.add(&f, flow.day, money.Currency(currencies[flow.currency]), bounds)
	}
	if (p.measure == Allocated || p.measure == Committed) && !committed && r.status != grant.Pipeline {
		f.counts, f.unknown = true, true
		f.at(noDay, p.currency).unknown = true
	}
	f.finish()
	return f
}

// add adds an amount, converted if there is a rate for it.
func (p *pricing) add(f *figure, day period.Day, from money.Currency, b money.Bounds) {
	converted, provisional, ok := p.convert(day, from, b)
	to := p.currency
	if !ok {
		to = from
	}
	f.provisional = f.provisional || provisional
	f.at(day, to).sum.add(converted)
	s := f.stream(to)
	s.total.add(converted)
}

// convert converts an amount; ok is false, and the amount as it was, when there is no rate for it.
func (p *pricing) convert(day period.Day, from money.Currency, b money.Bounds) (converted money.Bounds, provisional, ok bool) {
	on := day
	if p.rateDay != noDay {
		on = p.rateDay
	}
	converted = b
	for _, v := range []*int64{&converted.Lower, &converted.Central, &converted.Upper} {
		c, ok := p.rates.Convert(*v, from, p.currency, on)
		if !ok {
			return b, provisional, false
		}
		*v = c.Minor
		provisional = provisional || c.Provisional
	}
	return converted, provisional, true
}

// stream returns the stream of a currency.
func (f *figure) stream(c money.Currency) *stream {
	if c == f.currency {
		if f.money == nil {
			f.money = &stream{currency: c}
		}
		return f.money
	}
	for _, s := range f.unconverted {
		if s.currency == c {
			return s
		}
	}
	s := &stream{currency: c}
	f.unconverted = append(f.unconverted, s)
	return s
}

// at returns the step of a day.
func (f *figure) at(day period.Day, c money.Currency) *step {
	s := f.stream(c)
	for i := range s.steps {
		if s.steps[i].day == day {
			return &s.steps[i]
		}
	}
	s.steps = append(s.steps, step{day: day})
	return &s.steps[len(s.steps)-1]
}

// finish puts steps in order, what has no day last, and adds them up.
func (f *figure) finish() {
	for _, s := range append([]*stream{f.money}, f.unconverted...) {
		if s == nil {
			continue
		}
		slices.SortFunc(s.steps, func(a, b step) int { return int(orderOf(a.day)) - int(orderOf(b.day)) })
		for i := 1; i < len(s.steps); i++ {
			for j := range s.steps[i].sum {
				s.steps[i].sum[j] += s.steps[i-1].sum[j]
			}
		}
	}
}

func orderOf(d period.Day) period.Day {
	if d == noDay {
		return MaxDay
	}
	return d
}

// split is the parts of a record: the product of its lists, each list in its order, the last fastest.
type split struct {
	cum   []uint64 // cumulative weights
	total uint64
	big   []*big.Int // in place of cum, when the weights are beyond 63 bits
	whole *big.Int
}

func (r *record) split() split {
	var weights [lists][]uint64
	n := 1
	for list := range lists {
		entries := r.list(list)
		for _, e := range entries {
			weights[list] = append(weights[list], uint64(e.weight))
		}
		n *= max(1, len(entries))
	}
	if n == 1 {
		return split{cum: []uint64{1}, total: 1}
	}
	cum, total, ok := money.Weights(weights[:]...)
	if ok {
		return split{cum: cum, total: total}
	}
	var s split
	s.big, s.whole = money.WeightsBig(weights[:]...)
	return s
}

func (s *split) len() int { return max(len(s.cum), len(s.big)) }

// empty tells whether the k-th part has no weight: a share of 0 % is nothing.
func (s *split) empty(k int) bool {
	if s.big != nil {
		before := new(big.Int)
		if k > 0 {
			before = s.big[k-1]
		}
		return s.big[k].Cmp(before) == 0
	}
	if k == 0 {
		return s.cum[0] == 0
	}
	return s.cum[k] == s.cum[k-1]
}

// part returns the k-th part of m, by the one law.
func (s *split) part(m int64, k int) int64 {
	upTo := s.upTo(m, k)
	if k == 0 {
		return upTo
	}
	return upTo - s.upTo(m, k-1)
}

func (s *split) upTo(m int64, k int) int64 {
	if s.big != nil {
		return money.ShareBig(m, s.big[k], s.whole)
	}
	return money.Share(m, s.cum[k], s.total)
}
