package analysis

import (
	"slices"
	"sync"

	"github.com/allmep/tandem/internal/period"
)

// view is what a measure in a currency makes of the grants of a chunk, worked out once and kept: the facts, one for each part of a grant and calendar year. It holds the
// plain grants only, which are nearly all: those whose three figures are one, whose money could all be converted, and whose days are known. The others are
// reckoned anew for each question.
type view struct {
	grants []plain
	facts  []int64 // of each plain grant in turn: part by part, and year by year in each
	pairs  []int64 // the same, added up over themes, locations and populations: for each funder and recipient, and year by year
}

// plain is where the facts of a grant are.
type plain struct {
	first       int32 // index of its first fact; -1 when the grant is not plain
	pair        int32 // index of its first fact by pair
	year        int16 // the year of the first fact of each part
	years       uint8 // how many facts a part has
	counts      bool  // the grant has something to do with the measure
	provisional bool
}

// cache keeps what was worked out of a chunk for the pricings that were asked for last.
type cache[T any] struct {
	mu   sync.Mutex
	kept []priced[T] // the one asked for last is at the end
}

type priced[T any] struct {
	pricing
	value T
}

// maxKept is how many pricings of a chunk are kept.
const maxKept = 4

// get returns what there is for a pricing, and makes it when there is nothing.
func (c *cache[T]) get(p pricing, make func() T) T {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, kept := range c.kept {
		if kept.pricing == p {
			c.kept = append(append(c.kept[:i:i], c.kept[i+1:]...), kept)
			return kept.value
		}
	}
	made := priced[T]{p, make()}
	c.kept = append(c.kept, made)
	if len(c.kept) > maxKept {
		c.kept = append([]priced[T](nil), c.kept[1:]...)
	}
	return made.value
}

func newView(p pricing, c *chunk, currencies []string) *view {
	v := &view{grants: make([]plain, len(c.records))}
	for i := range c.records {
		r := &c.records[i]
		f := p.figure(r, currencies)
		v.grants[i] = plain{first: -1, counts: f.counts}
		if f.plain() && (r.more == nil || r.more.supposed == nil) {
			v.add(&v.grants[i], r, &f)
		}
	}
	v.facts, v.pairs = slices.Clone(v.facts), slices.Clone(v.pairs) // as long as they need to be
	return v
}

// plain tells whether one figure says it all.
func (f *figure) plain() bool {
	return f.counts && !f.unknown && !f.open && f.money != nil && len(f.unconverted) == 0 && f.money.total[0] == f.money.total[1] && f.money.total[1] == f.money.total[2]
}

// add adds the facts of a grant, if its days and its parts are plain too.
func (v *view) add(g *plain, r *record, f *figure) {
	spread, split := r.spread(), r.split()
	days := spread.kept()
	if len(spread.budgets) > 0 || !spread.dated() || days.Days() == 0 || split.big != nil {
		return
	}
	for k := range split.len() {
		if split.empty(k) {
			return
		}
	}
	var calendar period.Calendar
	first, last := calendar.Index(period.Year, days.First), calendar.Index(period.Year, days.Last)
	ends := make([]fraction, 0, 8)
	for year := first; year <= last; year++ {
		ends = append(ends, spread.upTo(min(days.Last, calendar.Span(period.Year, year).Last)))
	}
	*g = plain{
		first: int32(len(v.facts)), pair: int32(len(v.pairs)), year: int16(first), years: uint8(len(ends)), counts: true, provisional: f.provisional,
	}
	inner := split.len() / (max(1, len(r.list(funders))) * max(1, len(r.list(recipients)))) // parts of a pair
	var pair []int64
	for k := range split.len() {
		if k%inner == 0 {
			v.pairs = append(v.pairs, make([]int64, len(ends))...)
			pair = v.pairs[len(v.pairs)-len(ends):]
		}
		part, before := split.part(f.money.total[1], k), int64(0)
		for i, end := range ends {
			with := end.of(part)
			v.facts = append(v.facts, with-before)
			pair[i] += with - before
			before = with
		}
	}
}
