package analysis

// award is what was awarded with a grant, in a currency: its commitments less its cancellations or, of a grant in the pipeline that has none, its pledges. It is what the
// measure allocated spreads, whose law it follows: each transaction converted at its own day.
type award struct {
	central int64 // in minor units, when it is known
	state   awardState
}

// awardState tells what is known of an award. Some part of it that is not known makes the whole not known.
type awardState uint8

const (
	known awardState = iota
	unknown
	unconverted
)

func (p pricing) award(r *record, currencies []string) award {
	p.measure = Allocated
	f := p.figure(r, currencies)
	if !f.counts {
		p.measure = Pledged
		f = p.figure(r, currencies)
	}
	switch {
	case f.unknown || !f.counts:
		return award{state: unknown}
	case len(f.unconverted) > 0:
		return award{state: unconverted}
	}
	return award{central: f.money.total[1]}
}

// awards are those of the grants of a chunk; nil when nobody asks for them.
type awards []award

func (a awards) of(i int) award {
	if a == nil {
		return award{}
	}
	return a[i]
}

// awardsFor returns the awards of the grants of a chunk, which are worked out once and kept; nil if a selection does not ask for them.
func (s *Snapshot) awardsFor(c *chunk, q Selection) awards {
	if q.Min == nil && q.Max == nil && q.Order.By != ByAmount {
		return nil
	}
	p := pricing{currency: q.Currency, rateDay: noDay, rates: s.rates}
	if !q.RateDate.IsZero() {
		p.rateDay = q.RateDate.First
	}
	return c.awards.get(p, func() awards {
		currencies := s.line.currencies.all()
		all := make(awards, len(c.records))
		for i := range c.records {
			all[i] = p.award(&c.records[i], currencies)
		}
		return all
	})
}
