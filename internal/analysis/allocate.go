package analysis

import (
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// maxRows is how many rows an answer may have. Each takes some 300 bytes while it is reckoned, so that the largest answer needs a gigabyte.
const maxRows = 3_000_000

// Allocate answers a query. Parts, days and currencies are those of DESIGN's arithmetic: a grant is cut once into funders × recipients × themes × locations × populations,
// and each part over time, so that whatever is asked for sums to the whole. Errors: Exhausted when
// the answer would have more than three million rows.
func (s *Snapshot) Allocate(q Query) (Result, error) {
	e := s.evaluation(q)
	sheets := e.chunks()
	whole := sheets[0]
	for _, other := range sheets[1:] {
		whole.merge(other)
	}
	defects := e.placeFamilies(func(number int, r *record, f *figure) {
		if e.only == nil || e.only[number] {
			e.add(whole, number, r, f)
		}
	})
	e.undisclose(whole)
	if e.explained.Load() > maxPieces {
		return Result{}, fault.New(fault.Exhausted, "the answer is made of more than %d pieces; narrow the question with filters or a window, or ask without an explanation", maxPieces)
	}
	if e.tooMany.Load() || whole.open.count > maxRows {
		return Result{}, fault.New(fault.Exhausted, "the answer has more than %d rows; group by fewer dimensions or longer periods, or narrow it with filters or a window", maxRows)
	}
	return e.result(whole, defects), nil
}

// evaluation sets a query to work.
func (s *Snapshot) evaluation(q Query) *evaluation {
	e := &evaluation{Query: q, snapshot: s, keys: s.newKeyring(q), sieve: s.newSieve(q.Filter, q.Principal), currencies: s.line.currencies.all()}
	e.pricing = pricing{measure: q.Measure, currency: q.Currency, rateDay: noDay, rates: s.rates}
	if !q.RateDate.IsZero() {
		e.rateDay = q.RateDate.First
	}
	e.window, e.windowed = q.window()
	e.years = yearsOf(e.window)
	e.pairs = e.byPair()
	e.families = s.families(e.sieve)
	e.received = s.receivedBy(e.sieve.lists[recipients])
	return e
}

// evaluation is a query at work. It is shared by the goroutines that share the chunks.
type evaluation struct {
	Query
	pricing
	snapshot   *Snapshot
	keys       *keyring
	sieve      *sieve
	currencies []string
	window     period.Span
	windowed   bool
	years      [2]int // of the window
	pairs      bool   // see byPair
	families   families
	received   map[int][]int // see receivedBy
	tooMany    atomic.Bool   // some goroutine has met more rows than an answer may have
	explained  atomic.Int64  // how many pieces of rows were kept for the explanation
}

// sheet is what one goroutine has added up.
type sheet struct {
	open           *openRows
	total, undated tally
	provisional    bool
}

func (s *sheet) merge(o *sheet) {
	s.open.merge(o.open)
	s.total.merge(&o.total)
	s.undated.merge(&o.undated)
	s.provisional = s.provisional || o.provisional
}

// chunks evaluates every grant that is in no family, and returns a sheet from each goroutine.
func (e *evaluation) chunks() []*sheet {
	workers := max(1, min(runtime.GOMAXPROCS(0), len(e.snapshot.chunks)))
	sheets := make([]*sheet, workers)
	var wait sync.WaitGroup
	for w := range workers {
		sheets[w] = &sheet{open: e.keys.openRows()}
		wait.Go(func() {
			for i := w; i < len(e.snapshot.chunks) && !e.tooMany.Load() && e.explained.Load() <= maxPieces; i += workers {
				e.chunk(sheets[w], i)
				if sheets[w].open.count > maxRows {
					e.tooMany.Store(true)
				}
			}
		})
	}
	wait.Wait()
	return sheets
}

func (e *evaluation) chunk(out *sheet, index int) {
	if e.only != nil && !e.wants(index) {
		return
	}
	c := e.snapshot.chunks[index]
	var v *view
	if e.viewable() && e.received == nil { // few grants are reckoned as fast as a view of all is made
		v = c.views.get(e.pricing, func() *view { return newView(e.pricing, c, e.currencies) })
	}
	listed := e.sieve.lists != [lists]*accepted{}
	for i := range e.places(index) {
		r, number := &c.records[i], index*chunkSize+i
		if v != nil && !v.grants[i].counts || e.only != nil && !e.only[number] || !e.alone(number, r) || listed && !e.sieve.holds(r) {
			continue
		}
		if v != nil && v.grants[i].first >= 0 {
			e.addPlain(out, number, r, v, v.grants[i])
			continue
		}
		if f := e.figure(r, e.currencies); f.counts {
			e.add(out, number, r, &f)
		}
	}
}

// places are those of a chunk where there is something to look at.
func (e *evaluation) places(index int) iter.Seq[int] {
	return func(yield func(int) bool) {
		if e.received == nil {
			for i := range e.snapshot.chunks[index].records {
				if !yield(i) {
					return
				}
			}
			return
		}
		for _, i := range e.received[index] {
			if !yield(i) {
				return
			}
		}
	}
}

// wants tells whether a chunk has a grant that is looked at.
func (e *evaluation) wants(index int) bool {
	for number := range e.only {
		if number/chunkSize == index {
			return true
		}
	}
	return false
}

// alone tells whether a grant counts, and is in no family.
func (e *evaluation) alone(number int, r *record) bool {
	return !r.deleted && e.sieve.passes(r) && !e.families.has(number)
}

// rowsAtOnce is how many rows a goroutine makes.
const rowsAtOnce = 8192

// result makes the answer of what was added up.
func (e *evaluation) result(s *sheet, defects []string) Result {
	res := Result{Total: s.total.row(), Provisional: s.provisional, Defects: defects}
	if e.windowed {
		u := s.undated.row()
		u.Explanation = e.explain(&s.undated)
		res.Undated = &u
	}
	all := s.open.inOrder(e.keys)
	if len(e.GroupBy) == 0 {
		if len(all) == 1 {
			res.Total.Explanation = e.explain(all[0].tally)
		}
		return res
	}
	res.Rows = make([]Row, len(all))
	names := make([]string, 2*len(e.GroupBy)*len(all)) // of all rows at once
	var wait sync.WaitGroup
	for from := 0; from < len(all); from += rowsAtOnce {
		wait.Go(func() {
			for i := from; i < min(from+rowsAtOnce, len(all)); i++ {
				row, n := &res.Rows[i], len(e.GroupBy)
				*row = all[i].tally.row()
				row.Explanation = e.explain(all[i].tally)
				names := names[2*n*i:][:2*n]
				row.Keys, row.Labels = e.keys.row(all[i].codes, names[:0:n], names[n:n])
			}
		})
	}
	wait.Wait()
	return res
}

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
