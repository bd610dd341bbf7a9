package analysis

import (
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/grant"
)

// decisions returns what was decided about overlaps. A decision holds on when a recipient is merged into another.
func (s *Snapshot) decisions() map[grant.OverlapID]*grant.Decision {
	decided := map[grant.OverlapID]*grant.Decision{}
	for _, e := range s.reg.All(grant.Decisions) {
		d := e.(*grant.Decision)
		id := d.Overlap
		for i, r := range id.Recipients {
			id.Recipients[i] = s.reg.Survivor(r)
		}
		if before := decided[id]; d.Deleted == 0 && (before == nil || before.Updated < d.Updated) {
			decided[id] = d
		}
	}
	return decided
}

// numbersOf returns the numbers of the grants of an overlap; nil is no overlap and no numbers.
func (s *Snapshot) numbersOf(id *grant.OverlapID) map[int]bool {
	if id == nil {
		return nil
	}
	numbers := map[int]bool{}
	for _, g := range id.Grants {
		if n, ok := s.place(g); ok {
			numbers[n] = true
		}
	}
	return numbers
}

// MayOverlap tells whether a name is of two parts of grants that a principal sees: each grant counts, and what its donor states, those of the first grant of its family, give
// goes to that recipient. Whether and how much they overlap depends on the window and the currency.
func (s *Snapshot) MayOverlap(p grant.Principal, id grant.OverlapID) bool {
	sieve := s.newSieve(Filter{}, p)
	families := s.families(sieve)
	var roots [2]int
	for i, g := range id.Grants {
		r := s.find(g)
		number, _ := s.place(g)
		if r == nil || r.deleted || families.replaced(number) || !sieve.sees(r) {
			return false
		}
		roots[i] = families.of(number)
		root := &s.chunks[roots[i]/chunkSize].records[roots[i]%chunkSize]
		gives := slices.ContainsFunc(root.list(funders), func(e entry) bool { return s.donorStateKey(s.line.donors.all()[e.code]).key == id.States[i] })
		gets := slices.ContainsFunc(r.list(recipients), func(e entry) bool { return s.reg.Survivor(s.line.organisations.all()[e.code]) == id.Recipients[i] })
		nobody := len(r.list(recipients)) == 0 && id.Recipients[i] == grant.Unspecified && id.Scope == grant.CellScope
		if !gives || !gets && !nobody {
			return false
		}
	}
	common := slices.ContainsFunc(strings.Split(id.States[0], joint), func(state string) bool { return slices.Contains(strings.Split(id.States[1], joint), state) })
	return roots[0] != roots[1] && !common && (id.Scope == grant.CellScope || id.Recipients[0] == id.Recipients[1])
}
