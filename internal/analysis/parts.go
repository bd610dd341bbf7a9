package analysis

import (
	"slices"

	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// add adds a grant, which is told by its number.
func (e *evaluation) add(out *sheet, number int, r *record, f *figure) {
	split, p := r.split(), e.begin(out, number, r, f)
	k, donor := -1, none
	r.eachPart(func(codes [lists]int32) {
		k++
		if codes[funders] != donor {
			donor = codes[funders]
			if as := r.as(donor); as != p.record {
				of := f
				if as != r {
					supposed := e.figure(as, e.currencies)
					of = &supposed
				}
				p = e.begin(out, number, as, of)
			}
		}
		for list, a := range e.sieve.lists {
			if !a.has(codes[list]) {
				return
			}
		}
		if split.empty(k) {
			return
		}
		p.part, p.cells = k, codes
		p.add(e.keys.of(r, codes), func(m int64) int64 { return split.part(m, k) })
	})
}

// begin begins to add the parts of a grant.
func (e *evaluation) begin(out *sheet, number int, r *record, f *figure) *parts {
	out.provisional = out.provisional || f.provisional
	spread := r.spread()
	p := &parts{evaluation: e, out: out, number: number, figure: f, record: r, spread: &spread}
	p.periods()
	return p
}

// eachPart calls f for each part in order, with a code for each list.
func (r *record) eachPart(f func(codes [lists]int32)) {
	var nested [lists][]entry
	for list := range lists {
		if nested[list] = r.list(list); len(nested[list]) == 0 {
			nested[list] = unspecified
		}
	}
	for _, a := range nested[funders] {
		for _, b := range nested[recipients] {
			for _, c := range nested[themes] {
				for _, d := range nested[locations] {
					for _, g := range nested[populations] {
						f([lists]int32{a.code, b.code, c.code, d.code, g.code})
					}
				}
			}
		}
	}
}

var unspecified = []entry{{code: none, weight: 1}}

// parts adds the parts of one grant.
type parts struct {
	*evaluation
	out    *sheet
	number int
	figure *figure
	record *record
	spread *spread
	slices []slice // of time, in the window
	codes  key     // of the part at hand
	part   int
	cells  [lists]int32
	when   moment // of the amount at hand
	row    *openRow
}

// slice is a period in which the grant has days, by its number, and how much has come before it and with its end.
type slice struct {
	period       int
	days         period.Span
	before, with fraction
}

// periods cuts the days of the grant that are asked for into the periods that are asked for.
func (p *parts) periods() {
	days, any := p.spread.kept().Intersect(p.window)
	if p.Measure != Allocated || !p.spread.dated() || !any {
		return
	}
	unit, timed := p.keys.finest.unit()
	if !p.keys.timed || !timed {
		p.slices = []slice{{0, days, p.spread.upTo(days.First - 1), p.spread.upTo(days.Last)}}
		return
	}
	before := p.spread.upTo(days.First - 1)
	for first := days.First; first <= days.Last; {
		number := p.Calendar.Index(unit, first)
		last := min(days.Last, p.Calendar.Span(unit, number).Last)
		with := p.spread.upTo(last)
		p.slices = append(p.slices, slice{number, period.Span{First: first, Last: last}, before, with})
		first, before = last+1, with
	}
}

// add adds one part. codes are those of its row, without those of time; cut gives the part of an amount.
func (p *parts) add(codes key, cut func(int64) int64) {
	p.row = nil
	p.codes = codes
	if p.Measure == Allocated {
		p.addSpread(cut)
		return
	}
	for _, s := range p.figure.all() {
		p.addSteps(s, cut)
	}
}

// all returns the streams of a figure.
func (f *figure) all() []*stream {
	if f.money == nil {
		return f.unconverted
	}
	return append([]*stream{f.money}, f.unconverted...)
}

// addSpread adds a part that is spread over the days of the grant.
func (p *parts) addSpread(cut func(int64) int64) {
	amounts := make([]triple, 0, 1+len(p.figure.unconverted))
	streams := p.figure.all()
	for _, s := range streams {
		amounts = append(amounts, s.total.each(cut))
	}
	if !p.spread.dated() {
		tallies := p.undated()
		p.when = moment{day: noDay}
		for i, s := range streams {
			p.put(tallies, s.currency, amounts[i])
		}
		p.see(tallies, p.figure.unknown)
		return
	}
	for n, slice := range p.slices {
		tallies := p.in(slice.period)
		p.when = moment{day: noDay, slice: &p.slices[n]}
		for i, s := range streams {
			p.put(tallies, s.currency, amounts[i].each(func(m int64) int64 { return slice.with.of(m) - slice.before.of(m) }))
		}
		p.see(tallies, p.figure.unknown)
	}
}

// addSteps adds a part of a measure by date: what has come with a day less what had come before, cut each, so that days and parts both sum.
func (p *parts) addSteps(s *stream, cut func(int64) int64) {
	var before triple
	for _, step := range s.steps {
		with := step.sum.each(cut)
		v := triple{with[0] - before[0], with[1] - before[1], with[2] - before[2]}
		before = with
		if step.day != noDay && !p.asks(step.day) {
			continue
		}
		tallies := p.on(step.day)
		p.when = moment{day: step.day}
		p.put(tallies, s.currency, v)
		p.see(tallies, step.unknown)
	}
}

// asks tells whether a measure by date asks for what is of a day.
func (e *evaluation) asks(day period.Day) bool {
	return e.window.Contains(day) && !slices.ContainsFunc(e.except, func(s period.Span) bool { return s.Contains(day) })
}

// in returns the tallies of a period: its row's and the total.
func (p *parts) in(number int) [2]*tally {
	return [2]*tally{p.out.open.of(p.openRow(), number), &p.out.total}
}

// on returns the tallies of a day, or of none.
func (p *parts) on(day period.Day) [2]*tally {
	unit, _ := p.keys.finest.unit()
	switch {
	case day == noDay:
		return p.undated()
	case p.keys.timed:
		return p.in(p.Calendar.Index(unit, day))
	}
	return p.in(0)
}

// undated returns the tallies of what cannot be placed in time. Where a window was asked for it is in no row.
func (p *parts) undated() [2]*tally {
	switch {
	case p.windowed:
		return [2]*tally{&p.out.undated, nil}
	case p.keys.timed:
		return [2]*tally{p.out.open.undatedOf(p.openRow()), &p.out.total}
	}
	return p.in(0)
}

// openRow returns the row of the part, which is looked up once it has something to add.
func (p *parts) openRow() *openRow {
	if p.row == nil {
		p.row = p.out.open.find(p.codes)
	}
	return p.row
}

func (p *parts) put(tallies [2]*tally, c money.Currency, v triple) {
	if p.Explain && c == p.currency {
		p.keep(tallies[0], v[1])
	}
	for _, t := range tallies {
		switch {
		case t == nil:
		case c == p.currency:
			t.add(v)
		default:
			t.addUnconverted(p.number, c, v[1])
		}
	}
}

func (p *parts) see(tallies [2]*tally, unknown bool) {
	for _, t := range tallies {
		if t == nil {
			continue
		}
		t.see(p.number, p.figure)
		if unknown {
			t.seeUnknown(p.number)
		}
	}
}
