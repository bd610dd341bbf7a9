package analysis

import (
	"cmp"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/grant"
)

// presence is all that a shadow gives away: that for these cells of these recipients there is another donor. It has no way back to the grant: neither donor, money, dates, status nor
// programme of a hidden grant can get into an answer that is made of presences, nor how many of them there are where they meet.
type presence struct {
	codes [lists][]int32 // of recipients, themes, locations and populations; none where nothing is specified
}

// presences returns those of the grants that the principal of a sieve may not see and that cast a shadow for it. A grant that is deleted, merged into another or a duplicate of one
// casts none. What has a share of 0 % is not among its cells: there is no money. The filter of the sieve is not asked.
func (s *Snapshot) presences(v *sieve) []presence {
	if v.principal.SeesAll() {
		return nil
	}
	var found []presence
	for _, c := range s.chunks {
		for _, i := range c.shadows() {
			if r := &c.records[i]; !v.sees(r) && v.tells(r) {
				found = append(found, r.presence())
			}
		}
	}
	return found
}

func (r *record) presence() presence {
	var p presence
	p.codes[funders] = []int32{none}
	for list := recipients; list < lists; list++ {
		for _, e := range r.list(list) {
			if e.weight > 0 {
				p.codes[list] = append(p.codes[list], e.code)
			}
		}
		if len(p.codes[list]) == 0 {
			p.codes[list] = []int32{none}
		}
	}
	return p
}

// cells are the codes of each recipient and cell. That of the funder is none.
func (p presence) cells(yield func(codes [lists]int32) bool) {
	for _, a := range p.codes[recipients] {
		for _, b := range p.codes[themes] {
			for _, c := range p.codes[locations] {
				for _, d := range p.codes[populations] {
					if !yield([lists]int32{none, a, b, c, d}) {
						return
					}
				}
			}
		}
	}
}

// asked tells whether a recipient and a cell match the lists of a filter, that of the funders aside.
func (v *sieve) asked(codes [lists]int32) bool {
	for list := recipients; list < lists; list++ {
		if !v.lists[list].has(codes[list]) {
			return false
		}
	}
	return true
}

// undisclose marks the total, and the rows where that gives nothing else away, when another donor is present that the principal may not know. Neither measure nor currency nor window
// matter: a mark that came and went with them would tell of types of transactions and of dates. A row is made where there is none, for else the mark would show only beside money.
func (e *evaluation) undisclose(out *sheet) {
	if e.Filter.asksMore() {
		return
	}
	rows := len(e.GroupBy) > 0
	for _, d := range e.GroupBy {
		rows = rows && d.ofCells()
	}
	for _, p := range e.snapshot.presences(e.sieve) {
		for codes := range p.cells {
			if !e.sieve.asked(codes) {
				continue
			}
			out.total.more().undisclosed = true
			if !rows {
				break
			}
			out.open.of(out.open.find(e.keys.of(&record{}, codes)), 0).more().undisclosed = true
		}
	}
}

// Undisclosed is a place where another donor is present whom the principal may not know: of a recipient in MEMBER scope, of whichever in CELL scope, as of OverlapCell. Ids are
// "unspecified" where the grant does not say.
type Undisclosed struct{ Recipient, Theme, Location, Population string }

// undisclosed returns the places that a query looks at where another donor is present, in order. As in an answer of allocations, neither money nor days matter.
func (h *holdings) undisclosed(q OverlapQuery) []Undisclosed {
	if q.Filter.asksMore() {
		return nil
	}
	var places []Undisclosed
	v := h.snapshot.newSieve(q.Filter, q.Principal)
	for _, p := range h.snapshot.presences(v) {
		for codes := range p.cells {
			if placed := h.scope != grant.MemberScope || codes[recipients] != none; placed && v.asked(codes) {
				places = append(places, h.place(codes))
			}
		}
	}
	slices.SortFunc(places, func(a, b Undisclosed) int {
		return cmp.Or(strings.Compare(a.Recipient, b.Recipient), strings.Compare(a.Theme, b.Theme), strings.Compare(a.Location, b.Location), strings.Compare(a.Population, b.Population))
	})
	return slices.Compact(places)
}

// place names the place of a recipient and a cell.
func (h *holdings) place(codes [lists]int32) (u Undisclosed) {
	if h.scope == grant.MemberScope {
		u.Recipient = h.recipientID(h.donors.roll[1][codes[recipients]])
	}
	for i, id := range []*string{&u.Theme, &u.Location, &u.Population}[:len(h.widths)] {
		code := codes[themes+i]
		if code != none {
			code = h.terms.roll[i][code]
		}
		*id = h.termID(i, code)
	}
	return u
}

// asksMore tells whether a filter asks for what no shadow gives away. An answer that then told of one would tell who, or what.
func (f Filter) asksMore() bool {
	return len(f.DonorStates)+len(f.Donors)+len(f.Programmes)+len(f.Statuses)+len(f.Visibilities) > 0
}

// ofCells tells whether a dimension is of what a shadow gives away: the recipient and the cell.
func (d Dimension) ofCells() bool {
	return d == Member || d == Theme || d == Location || d == Population
}
