package analysis

import (
	"cmp"
	"slices"

	"github.com/allmep/tandem/internal/period"
)

// openRows are the rows that are being added up: found by their codes without those of time, without a look-up in a map where that is possible, and then by the number of
// the period.
type openRows struct {
	sizes [3]int     // of each dimension: one more than its codes, for none
	dense []*openRow // by the codes; nil when there would be too many
	rows  map[key]*openRow
	last  key
	row   *openRow
	count int // of tallies in all rows
	block []tally
}

// openRow is the tallies of a row by the number of the shortest period that is asked for. Without a dimension of time there is one tally, at 0.
type openRow struct {
	base    int
	tallies []*tally
	undated *tally // of what cannot be placed in time
}

// maxDense is how large a table of rows may be.
const maxDense = 4 << 20

func (k *keyring) openRows() *openRows {
	p := &openRows{rows: map[key]*openRow{}}
	product := 1
	for i := range p.sizes {
		p.sizes[i] = 2 // for what is no code here: time, and dimensions that were not asked for
		if i < len(k.dims) {
			p.sizes[i] = max(len(k.names[i])+1, 8) // a status is below 8
		}
		product *= p.sizes[i]
	}
	if product <= maxDense {
		p.dense = make([]*openRow, product)
	}
	return p
}

// find returns the tallies of a row. Codes of time are 0.
func (p *openRows) find(k key) *openRow {
	if p.row != nil && k == p.last {
		return p.row
	}
	p.last = k
	if p.dense == nil {
		p.row = p.rows[k]
	} else {
		slot := &p.dense[((int(k[0])+1)*p.sizes[1]+int(k[1])+1)*p.sizes[2]+int(k[2])+1]
		p.row = *slot
		if p.row == nil {
			p.row = &openRow{}
			*slot = p.row
			p.rows[k] = p.row
		}
	}
	if p.row == nil {
		p.row = &openRow{}
		p.rows[k] = p.row
	}
	return p.row
}

// of returns the tally of a period.
func (p *openRows) of(r *openRow, period int) *tally {
	if r.tallies == nil {
		r.base = period
	}
	if period < r.base {
		r.tallies = append(make([]*tally, r.base-period, r.base-period+len(r.tallies)), r.tallies...)
		r.base = period
	}
	for period >= r.base+len(r.tallies) {
		r.tallies = append(r.tallies, nil)
	}
	t := r.tallies[period-r.base]
	if t == nil {
		t = p.tally()
		r.tallies[period-r.base] = t
	}
	return t
}

// undatedOf returns the tally of what cannot be placed in time.
func (p *openRows) undatedOf(r *openRow) *tally {
	if r.undated == nil {
		r.undated = p.tally()
	}
	return r.undated
}

// tally makes a tally. Many are made at once.
func (p *openRows) tally() *tally {
	if len(p.block) == 0 {
		p.block = make([]tally, min(max(16, p.count), 4096))
	}
	t := &p.block[0]
	p.block = p.block[1:]
	p.count++
	return t
}

// merge adds the rows of other grants.
func (p *openRows) merge(o *openRows) {
	for k, row := range o.rows {
		own := p.find(k)
		if own.tallies == nil && own.undated == nil {
			*own = *row
			p.count += row.count()
			continue
		}
		for i, t := range row.tallies {
			if t != nil {
				p.of(own, row.base+i).merge(t)
			}
		}
		if row.undated != nil {
			p.undatedOf(own).merge(row.undated)
		}
	}
}

// count is how many tallies a row has.
func (r *openRow) count() int {
	n := 0
	for _, t := range r.tallies {
		if t != nil {
			n++
		}
	}
	if r.undated != nil {
		n++
	}
	return n
}

// placed is a tally with the codes of its row and where these come in the order of keys.
type placed struct {
	codes key
	order key
	tally *tally
}

// inOrder returns the tallies with all their codes, in the order of their keys.
func (p *openRows) inOrder(k *keyring) []placed {
	rows := make([]placed, 0, len(p.rows)) // of openRows; the tally is not set yet
	for codes := range p.rows {
		rows = append(rows, placed{codes: codes, order: k.order(codes)})
	}
	slices.SortFunc(rows, comparePlaced)
	all := make([]placed, 0, p.count)
	unit, _ := k.finest.unit()
	add := func(codes key, day period.Day, t *tally) {
		if k.timed {
			k.when(&codes, day)
		}
		all = append(all, placed{codes, k.order(codes), t})
	}
	for _, r := range rows {
		row := p.rows[r.codes]
		for i, t := range row.tallies {
			if t == nil {
				continue
			}
			day := noDay
			if k.timed {
				day = k.calendar.Span(unit, row.base+i).First
			}
			add(r.codes, day, t)
		}
		if row.undated != nil {
			add(r.codes, noDay, row.undated)
		}
	}
	// When time is asked for last, they are in order already.
	if !slices.IsSortedFunc(all, comparePlaced) {
		slices.SortFunc(all, comparePlaced)
	}
	return all
}

func comparePlaced(a, b placed) int {
	for i := range a.order {
		if a.order[i] != b.order[i] {
			return cmp.Compare(a.order[i], b.order[i])
		}
	}
	return 0
}
