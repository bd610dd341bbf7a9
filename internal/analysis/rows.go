package analysis

// openRows are the rows that are being added up: found by their codes without those of time, without a look-up in a map where that is possible, and then by the number of
// the period.
type openRows struct {
	sizes [3]int     // of each dimension: one more than its codes, for none
	dense []*openRow // by the codes; nil when there would be too many
	rows  map[key]*openRow
	last  key
	row   *openRow
	count int // of tallies in all rows
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
	for period < r.base {
		r.tallies = append([]*tally{nil}, r.tallies...)
		r.base--
	}
	for period >= r.base+len(r.tallies) {
		r.tallies = append(r.tallies, nil)
	}
	t := r.tallies[period-r.base]
	if t == nil {
		t = &tally{}
		r.tallies[period-r.base] = t
		p.count++
	}
	return t
}

// undatedOf returns the tally of what cannot be placed in time.
func (p *openRows) undatedOf(r *openRow) *tally {
	if r.undated == nil {
		r.undated = &tally{}
		p.count++
	}
	return r.undated
}

// settle moves what the open rows came to into the rows with all their codes, and opens new ones.
func (s *sheet) settle(k *keyring) {
	unit, _ := k.finest.unit()
	for codes, row := range s.open.rows {
		for i, t := range row.tallies {
			if t == nil {
				continue
			}
			full := codes
			if k.timed {
				k.when(&full, k.calendar.Span(unit, row.base+i).First)
			}
			s.row(full).merge(t)
		}
		if row.undated != nil {
			full := codes
			k.when(&full, noDay)
			s.row(full).merge(row.undated)
		}
	}
	s.open = k.openRows()
}
