package analysis

import (
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// Change is one thing that a scenario supposes.
type Change struct {
	Kind    ChangeKind
	Of      Of            // of all kinds but Add
	Date    period.Day    // of a Withdrawal: the first day without the money
	Months  int           // of a Delay: by how many months; below 0 for earlier
	Percent grant.Percent // of a Scaling: to how much of what there is; it may be above 100
	Grant   *grant.Grant  // of an Addition: valid, and admitted by the registry
}

// ChangeKind is a kind of change.
type ChangeKind uint8

// The kinds of changes.
const (
	Withdrawal ChangeKind = iota + 1
	Addition
	Delay
	Scaling
)

// Of says which grants a change is about: those of a donor state, those under a programme, or one. Exactly one field is set.
type Of struct{ DonorState, Programme, Grant string }

// Suppose returns the snapshot as it would be after changes, in their order, as far as the principal sees the grants that they are about, and what could not be supposed, in
// sentences. The money of sub-grants is that of the grant that they come from: they change with it, and not on their own account. The snapshot itself stays as it is.
//
// Errors: Invalid, with the path of the change under changes, if it names a programme or a grant that the principal does not see, or adds one whose id is taken.
func (s *Snapshot) Suppose(p grant.Principal, changes []Change) (*Snapshot, []string, error) {
	w := &supposing{
		Snapshot: Snapshot{line: s.line, chunks: slices.Clone(s.chunks), size: s.size, reg: s.reg, rates: s.rates, today: s.today, added: map[string]int{}},
		copied:   map[int]bool{},
	}
	var v fault.List
	for i, c := range changes {
		w.sieve = w.newSieve(Filter{}, p)
		w.families = w.Snapshot.families(w.sieve)
		w.passed = map[string]bool{}
		for _, subs := range w.families.children {
			for _, sub := range subs {
				w.passed[sub.id] = true
			}
		}
		at := fmt.Sprintf("changes[%d]", i)
		if c.Kind == Addition {
			w.add(&v, at, c.Grant)
			continue
		}
		w.change(&v, at, c)
	}
	return &w.Snapshot, w.notes, v.Err()
}

// supposing is a snapshot that is being changed. Chunks that are in copied belong to it alone.
type supposing struct {
	Snapshot
	copied   map[int]bool
	sieve    *sieve
	families families
	passed   map[string]bool // the sub-grants of families
	notes    []string
}

// add adds a grant, which everyone who asks sees.
func (w *supposing) add(v *fault.List, at string, g *grant.Grant) {
	if w.Shows(w.sieve.principal, g.ID) || w.supposes(supposedID(g.ID)) {
		v.Add(at+".add.grant.name", "%q is recorded already; leave the name out", g.Key())
		return
	}
	supposed := *g
	supposed.ID, supposed.Visibility = supposedID(g.ID), grant.Public
	if w.size%chunkSize == 0 {
		w.chunks = append(w.chunks, &chunk{})
		w.copied[len(w.chunks)-1] = true
	}
	w.own(w.size / chunkSize).records = append(w.own(w.size/chunkSize).records, w.line.record(&supposed))
	w.added[supposed.ID] = w.size
	w.size++
}

// supposedID is the id by which a grant that a scenario adds goes. No recorded grant has one like it: a hidden grant may be of the name that was chosen, and is not to be told by that.
func supposedID(id string) string { return "+" + id }

// own returns a chunk that may be changed.
func (w *supposing) own(i int) *chunk {
	if !w.copied[i] {
		w.chunks[i] = &chunk{records: slices.Clone(w.chunks[i].records)}
		w.copied[i] = true
	}
	return w.chunks[i]
}

// change makes a change of what is recorded.
func (w *supposing) change(v *fault.List, at string, c Change) {
	of, err := w.meant(c.Of)
	if err != nil {
		v.Merge(at, err)
		return
	}
	var undivided, undated, passing, large int
	for place := range w.size {
		r := w.at(place)
		if r.deleted || !w.sieve.sees(r) || w.passed[r.id] {
			continue
		}
		whole, codes, joined := of(r)
		switch {
		case joined:
			undivided++
		case !whole && len(codes) == 0:
		case c.Kind != Scaling && r.span.First > r.span.Last:
			undated++
		case whole:
			large += w.family(place, c)
		case w.families.has(place):
			passing++
		case !w.part(place, codes, c):
			large++
		}
	}
	w.note(undivided, "%s given undivided by several donor states, of which one is meant; it is not known how much is its part")
	w.note(undated, "%s without the dates that would place it in time")
	w.note(passing, "%s of several donor states with shares that pass money on; it is not known whose money is passed on")
	if large > 0 {
		v.Add(at+".scale.percent", "makes an amount of a grant larger than an amount can be")
	}
}

// note says that grants stay as they are.
func (w *supposing) note(n int, format string) {
	if n == 0 {
		return
	}
	w.notes = append(w.notes, "Left as recorded: "+fmt.Sprintf(format, fault.Number(n, "grant"))+".")
}

func (w *supposing) at(place int) *record { return &w.chunks[place/chunkSize].records[place%chunkSize] }

// meaning tells of a record whether a change is about all of it, or about the parts of the donors with these codes, or cannot be told, since it is given undivided.
type meaning func(*record) (whole bool, codes []int32, joined bool)

// meant returns what a change is about. Errors: Invalid.
func (w *supposing) meant(of Of) (meaning, error) {
	switch {
	case of.Grant != "":
		meant := supposedID(of.Grant)
		switch {
		case w.supposes(meant):
		case w.Sees(w.sieve.principal, of.Grant):
			meant = w.counted(of.Grant)
		default:
			return nil, fault.Field("grant", "%q does not exist", grant.Key{Kind: grant.Grants, ID: of.Grant})
		}
		return func(r *record) (bool, []int32, bool) { return r.id == meant, nil, false }, nil
	case of.Programme != "":
		k := grant.Key{Kind: grant.Programmes, ID: of.Programme}
		if !w.reg.Has(k) {
			return nil, fault.Field("programme", "%q does not exist", k)
		}
		code, known := w.line.programmes.find(of.Programme)
		return func(r *record) (bool, []int32, bool) { return known && r.programme == code, nil, false }, nil
	}
	return w.ofState(of.DonorState), nil
}

// counted returns the id of the grant whose money that of a grant is: what it was merged into, or is a duplicate of.
func (w *supposing) counted(id string) string {
	for r := w.survivor(w.find(id)); r != nil; r = w.target(w.sieve, r, grant.DuplicateOf) {
		id = r.id
	}
	return id
}

// ofState returns what is about the money of a donor state.
func (w *supposing) ofState(state string) meaning {
	const mine, shared = 1, 2
	donors := make([]uint8, len(w.line.donors.all()))
	for code, donor := range w.line.donors.all() {
		ids := donorIDs(donor)
		own := 0
		for _, id := range ids {
			if w.reg.DonorState(id) == state {
				own++
			}
		}
		switch {
		case own == len(ids):
			donors[code] = mine
		case own > 0:
			donors[code] = shared
		}
	}
	return func(r *record) (whole bool, codes []int32, joined bool) {
		for _, e := range r.list(funders) {
			switch donors[e.code] {
			case mine:
				codes = append(codes, e.code)
			case shared:
				return false, nil, true
			}
		}
		if len(codes) == int(r.counts[funders]) {
			return len(codes) > 0, nil, false
		}
		return false, codes, false
	}
}

// family changes a grant and all that it passes on. It returns how many of them would become too large.
func (w *supposing) family(place int, c Change) (large int) {
	r := &w.own(place / chunkSize).records[place%chunkSize]
	if !r.suppose(c) {
		large++
	}
	for _, sub := range w.families.children[r.id] {
		child, _ := w.place(sub.id)
		large += w.family(child, c)
	}
	return large
}

// part changes what some donors give of a grant: their parts are reckoned as those of a variant of it. It returns whether the amounts are not too large.
func (w *supposing) part(place int, codes []int32, c Change) bool {
	r := &w.own(place / chunkSize).records[place%chunkSize]
	m := more{}
	if r.more != nil {
		m = *r.more
	}
	m.supposed = maps.Clone(m.supposed)
	if m.supposed == nil {
		m.supposed = map[int32]*record{}
	}
	fits := true
	for _, code := range codes {
		variant := *r.as(code)
		fits = variant.suppose(c) && fits
		m.supposed[code] = &variant
	}
	r.more = &m
	return fits
}

// as returns the record by which the parts of a donor are reckoned: r itself, unless a scenario supposes something of that donor alone.
func (r *record) as(donor int32) *record {
	if r.more != nil && r.more.supposed[donor] != nil {
		return r.more.supposed[donor]
	}
	return r
}

// suppose changes a record that nobody else has; what it refers to is shared and replaced. It returns whether the amounts are not too large.
func (r *record) suppose(c Change) bool {
	switch c.Kind {
	case Withdrawal:
		r.until = min(r.until, c.Date-1)
	case Delay:
		r.delay(c.Months)
	case Scaling:
		return r.scale(c.Percent)
	}
	return true
}

// delay moves the days of a record.
func (r *record) delay(months int) {
	r.span = delayed(r.span, months)
	for _, d := range []*period.Day{&r.cut, &r.until} {
		if *d != MaxDay {
			*d = (*d + 1).AddMonths(months) - 1
		}
	}
	if r.more == nil || len(r.more.budgets) == 0 {
		return
	}
	m := *r.more
	m.budgets = slices.Clone(m.budgets)
	for i := range m.budgets {
		m.budgets[i].span = delayed(m.budgets[i].span, months)
	}
	r.more = &m
}

// delayed moves a span: both its ends are the same days of other months, so that whole months stay whole.
func delayed(s period.Span, months int) period.Span {
	first := s.First.AddMonths(months)
	return period.Span{First: first, Last: max(first, (s.Last+1).AddMonths(months)-1)}
}

// scale makes the amounts of a record larger or smaller, each rounded half to even. It returns whether none is larger than an amount can be.
func (r *record) scale(p grant.Percent) bool {
	fits := true
	scaled := func(minor int64) int64 {
		out := new(big.Int).Mul(big.NewInt(minor), big.NewInt(int64(p)))
		if limit := new(big.Int).Mul(big.NewInt(money.MaxMinor), big.NewInt(int64(grant.Whole))); out.CmpAbs(limit) > 0 {
			fits = false
			return minor
		}
		return scale(minor, int64(p), int64(grant.Whole))
	}
	r.flows = slices.Clone(r.flows)
	for i := range r.flows {
		r.flows[i].minor = scaled(r.flows[i].minor)
	}
	if r.more == nil || len(r.more.ranges) == 0 {
		return fits
	}
	m := *r.more
	m.ranges = maps.Clone(m.ranges)
	for i, ends := range m.ranges {
		m.ranges[i] = [2]int64{scaled(ends[0]), scaled(ends[1])}
	}
	r.more = &m
	return fits
}
