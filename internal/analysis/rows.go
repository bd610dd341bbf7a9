package analysis

import (
	"iter"
	"maps"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// openRows are the rows that are being added up: found by their codes without those of time, without a look-up in a map once they are many, and then by the number of the period.
type openRows struct {
	sizes [3]int           // of each dimension: how many codes there are, with none as the last of them
	rows  map[key]*openRow // nil when there is dense
	dense []openRow        // a row for all codes that there may be, in the order of keys
	last  *openRow         // that was found last
	count int              // of tallies in all rows
}

// openRow is the tallies of a row by the number of the shortest period that is asked for, without gaps from a first one. Without a dimension of time there is one tally, at 0.
type openRow struct {
	codes   key // without those of time, which are 0
	base    int
	tallies []tally
	undated *tally // of what cannot be placed in time
	count   int    // of tallies with something in them
}

// periodsAtOnce is how many periods a row that needs more of them gets at least.
const periodsAtOnce = 4

// There may be so many dense rows, of some 50 bytes each, and no more than so many for each that is used.
const (
	maxDense  = 1 << 20
	maxUnused = 32
)

// openRows returns no rows yet.
func (k *keyring) openRows() *openRows {
	p := &openRows{sizes: [3]int{1, 1, 1}, rows: map[key]*openRow{}}
	for i, d := range k.dims {
		if _, timed := d.unit(); !timed {
			p.sizes[i] = len(k.names[i]) + 1
		}
	}
	return p
}

// find returns the row of some codes. It holds until another one is found.
func (p *openRows) find(k key) *openRow {
	if p.last != nil && p.last.codes == k {
		return p.last
	}
	if p.dense == nil {
		if p.last = p.rows[k]; p.last != nil {
			return p.last
		}
		if n := p.sizes[0] * p.sizes[1] * p.sizes[2]; n > min(maxDense, maxUnused*(len(p.rows)+1)) {
			p.last = &openRow{codes: k}
			p.rows[k] = p.last
			return p.last
		}
		p.densify()
	}
	p.last = p.slot(k)
	p.last.codes = k
	return p.last
}

// densify makes the rows dense.
func (p *openRows) densify() {
	p.dense = make([]openRow, p.sizes[0]*p.sizes[1]*p.sizes[2])
	for k, r := range p.rows {
		*p.slot(k) = *r
	}
	p.rows = nil
}

// slot returns the dense row of some codes.
func (p *openRows) slot(k key) *openRow {
	slot := 0
	for i, size := range p.sizes {
		code := int(k[i])
		if k[i] == none {
			code = size - 1
		}
		slot = slot*size + code
	}
	return &p.dense[slot]
}

// run returns the tallies of so many periods from the first on. They hold until the row is asked for others, and each of them is to be added to.
func (p *openRows) run(r *openRow, first, periods int) []tally {
	r.reach(first, periods)
	run := r.tallies[first-r.base:][:periods]
	for i := range run {
		if run[i].empty() {
			r.count++
			p.count++
		}
	}
	return run
}

// of returns the tally of a period, as run does.
func (p *openRows) of(r *openRow, period int) *tally { return &p.run(r, period, 1)[0] }

// undatedOf returns the tally of what cannot be placed in time.
func (p *openRows) undatedOf(r *openRow) *tally {
	if r.undated == nil {
		r.undated = &tally{}
		r.count++
		p.count++
	}
	return r.undated
}

// reach makes a row have some periods.
func (r *openRow) reach(first, periods int) {
	if r.tallies == nil {
		r.base, r.tallies = first, make([]tally, periods)
		return
	}
	base, end := r.base, r.base+len(r.tallies)
	if first < base {
		base = min(first, base-periodsAtOnce)
	}
	if first+periods > end {
		end = max(first+periods, end+periodsAtOnce)
	}
	if end-base > len(r.tallies) {
		tallies := make([]tally, end-base)
		copy(tallies[r.base-base:], r.tallies)
		r.base, r.tallies = base, tallies
	}
}

// merge adds the rows of other grants.
func (p *openRows) merge(o *openRows) {
	if p.dense == nil || o.dense == nil {
		for r := range o.all() {
			p.count += p.find(r.codes).merge(r)
		}
		return
	}
	var more atomic.Int64
	inParallel(len(p.dense), func(from, to int) {
		count := 0
		for i := from; i < to; i++ {
			if r := &o.dense[i]; r.count > 0 {
				p.dense[i].codes = r.codes
				count += p.dense[i].merge(r)
			}
		}
		more.Add(int64(count))
	})
	p.count += int(more.Load())
}

// merge adds the same row of other grants, and returns how many tallies there are more.
func (r *openRow) merge(o *openRow) (more int) {
	before := r.count
	if before == 0 {
		*r = *o
		return r.count
	}
	if len(o.tallies) > 0 {
		r.reach(o.base, len(o.tallies))
	}
	for number, t := range o.each() {
		own := r.undated
		switch {
		case t != o.undated:
			own = &r.tallies[number-r.base]
		case own == nil:
			r.undated = &tally{}
			own = r.undated
		}
		if own.empty() {
			r.count++
		}
		own.merge(t)
	}
	return r.count - before
}

// all are the rows that there are, in the order of their keys if they are dense.
func (p *openRows) all() iter.Seq[*openRow] {
	if p.dense == nil {
		return maps.Values(p.rows)
	}
	return func(yield func(*openRow) bool) {
		for i := range p.dense {
			if r := &p.dense[i]; r.count > 0 && !yield(r) {
				return
			}
		}
	}
}

// each are the tallies of a row by the numbers of their periods, that of what cannot be placed in time last.
func (r *openRow) each() iter.Seq2[int, *tally] {
	return func(yield func(int, *tally) bool) {
		for i := range r.tallies {
			if t := &r.tallies[i]; !t.empty() && !yield(r.base+i, t) {
				return
			}
		}
		if r.undated != nil {
			yield(0, r.undated)
		}
	}
}

// placed is a tally with the codes of its row.
type placed struct {
	codes key
	tally *tally
}

// inOrder returns the tallies with all their codes, in the order of their keys, and gives the keyring the names of their periods.
func (p *openRows) inOrder(k *keyring) []placed {
	var rows []*openRow
	first, end := math.MaxInt32, math.MinInt32 // of the periods
	for r := range p.all() {
		rows = append(rows, r)
		if len(r.tallies) > 0 {
			first, end = min(first, r.base), max(end, r.base+len(r.tallies))
		}
	}
	if p.dense == nil {
		slices.SortFunc(rows, func(a, b *openRow) int { return compareKeys(a.codes, b.codes) })
	}
	places := make([]int, len(rows)) // of the first tally of each row
	for i := range len(rows) - 1 {
		places[i+1] = places[i] + rows[i].count
	}
	times, undated := k.times(first, end)
	all := make([]placed, p.count)
	inParallel(len(rows), func(from, to int) {
		for i := from; i < to; i++ {
			place := places[i]
			for number, t := range rows[i].each() {
				time := undated
				if t != rows[i].undated {
					time = times[number-first]
				}
				codes := rows[i].codes
				for i := range codes {
					codes[i] += time[i]
				}
				all[place] = placed{codes, t}
				place++
			}
		}
	})
	// When time is asked for last, they are in order already.
	if compare := func(a, b placed) int { return compareKeys(a.codes, b.codes) }; !slices.IsSortedFunc(all, compare) {
		slices.SortFunc(all, compare)
	}
	return all
}

// inParallel calls f with pieces of a range that are as many as the processors.
func inParallel(n int, f func(from, to int)) {
	pieces := runtime.GOMAXPROCS(0)
	var wait sync.WaitGroup
	for i := range pieces {
		wait.Go(func() { f(n*i/pieces, n*(i+1)/pieces) })
	}
	wait.Wait()
}
