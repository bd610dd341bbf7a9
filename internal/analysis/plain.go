package analysis

import (
	"math"

	"github.com/allmep/tandem/internal/period"
)

// viewable tells whether views answer a query: they know calendar years, and nothing shorter.
func (e *evaluation) viewable() bool {
	if e.Measure != Allocated || e.Calendar.FirstMonth > 1 || e.Explain {
		return false
	}
	if unit, timed := e.keys.finest.unit(); e.keys.timed && timed && unit != period.Year {
		return false
	}
	_, month, day := e.window.First.Civil()
	_, after, first := (e.window.Last + 1).Civil()
	return !e.windowed || month == 1 && day == 1 && (after == 1 && first == 1 || e.To.IsZero())
}

// byPair tells whether a query asks nothing of themes, locations and populations, so that the facts by pair of funder and recipient answer it.
func (e *evaluation) byPair() bool {
	for _, d := range e.GroupBy {
		if d == Theme || d == Location || d == Population {
			return false
		}
	}
	return e.sieve.lists[themes] == nil && e.sieve.lists[locations] == nil && e.sieve.lists[populations] == nil
}

// addPlain adds a plain grant from its facts.
func (e *evaluation) addPlain(out *sheet, number int, r *record, v *view, g plain) {
	from, to := 0, int(g.years) // of the years that are asked for
	if e.windowed {
		from = max(0, e.years[0]-int(g.year))
		to = min(to, e.years[1]-int(g.year)+1)
	}
	if from >= to {
		return
	}
	out.provisional = out.provisional || g.provisional
	if e.pairs {
		next := int(g.pair)
		r.eachPair(func(codes [lists]int32) {
			e.addFacts(out, number, r, codes, int(g.year)+from, v.pairs[next+from:next+to])
			next += int(g.years)
		})
		return
	}
	next := int(g.first)
	r.eachPart(func(codes [lists]int32) {
		e.addFacts(out, number, r, codes, int(g.year)+from, v.facts[next+from:next+to])
		next += int(g.years)
	})
}

// eachPair calls f for each funder and recipient, in the order of the parts.
func (r *record) eachPair(f func(codes [lists]int32)) {
	givers, takers := r.list(funders), r.list(recipients)
	if len(takers) == 0 {
		takers = unspecified
	}
	for _, a := range givers {
		for _, b := range takers {
			f([lists]int32{a.code, b.code, none, none, none})
		}
	}
}

// addFacts adds the facts of one part, or of the parts of a pair, year by year from the first.
func (e *evaluation) addFacts(out *sheet, number int, r *record, codes [lists]int32, first int, facts []int64) {
	for list, a := range e.sieve.lists {
		if a != nil && !a.has(codes[list]) {
			return
		}
	}
	row, sum := out.open.find(e.keys.of(r, codes)), int64(0)
	for _, amount := range facts {
		sum += amount
	}
	out.total.addPlain(number, sum)
	if !e.keys.timed {
		out.open.of(row, 0).addPlain(number, sum)
		return
	}
	years := out.open.run(row, first, len(facts))
	for i, amount := range facts {
		years[i].addPlain(number, amount)
	}
}

// yearsOf returns the first and the last year of a window.
func yearsOf(w period.Span) [2]int {
	var calendar period.Calendar
	return [2]int{max(calendar.Index(period.Year, w.First), math.MinInt16), min(calendar.Index(period.Year, w.Last), math.MaxInt16)}
}
