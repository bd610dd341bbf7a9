package analysis

import (
	"iter"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/period"
)

// maxRows is how many rows an answer may have. Each takes some 100 bytes while it is reckoned, so that the largest answer needs 300 megabytes.
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
