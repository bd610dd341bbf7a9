package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// Filter says which money counts. Values of one field are alternatives; fields must all hold. Themes, locations and populations bring their descendants with them, members
// those that were merged into them. The id "unspecified" stands for money without a value.
type Filter struct {
	DonorStates, Donors, Programmes, Members, Themes, Locations, Populations []string
	Statuses                                                                 []grant.Status
	Visibilities                                                             []grant.Visibility
}

// Check refuses, as Invalid, a filter that names what was never recorded: an empty answer to a misspelt question would pass for "no money".
func (f Filter) Check(reg *grant.Registry) error {
	var v fault.List
	for _, list := range []struct {
		field string
		kind  grant.Kind
		ids   []string
	}{
		{"donor", grant.Organisations, f.Donors}, {"programme", grant.Programmes, f.Programmes}, {"member", grant.Organisations, f.Members},
		{"theme", grant.Themes, f.Themes}, {"location", grant.Locations, f.Locations}, {"population", grant.Populations, f.Populations},
	} {
		for i, id := range list.ids {
			if k := (grant.Key{Kind: list.kind, ID: id}); id != grant.Unspecified && reg.Get(k) == nil {
				v.Add(fmt.Sprintf("%s[%d]", list.field, i), "%q does not exist", k)
			}
		}
	}
	return v.Err()
}

// accepted tells, by code, which values of a list count. nil accepts all.
type accepted struct {
	codes       []bool
	unspecified bool
}

func (a *accepted) has(code int32) bool {
	if a == nil {
		return true
	}
	if code == none {
		return a.unspecified
	}
	return a.codes[code]
}

// sieve is a filter and a principal, held against the codes of a snapshot.
type sieve struct {
	lists     [lists]*accepted
	programme *accepted
	statuses  uint16 // a bit for each
	visible   uint16
	sight
}

// newSieve makes a sieve. The size of its tables is that of the dictionaries.
func (s *Snapshot) newSieve(f Filter, p grant.Principal) *sieve {
	v := &sieve{sight: s.sight(p), statuses: ^uint16(0), visible: ^uint16(0)}
	donors, organisations := s.line.donors.all(), s.line.organisations.all()
	if len(f.DonorStates) > 0 || len(f.Donors) > 0 {
		wanted := s.survivors(f.Donors)
		v.lists[funders] = accept(donors, f.Donors, func(donor string) bool {
			return slices.ContainsFunc(donorIDs(donor), func(id string) bool {
				return (len(f.DonorStates) == 0 || slices.Contains(f.DonorStates, s.reg.DonorState(id))) && (len(wanted) == 0 || wanted[s.reg.Survivor(id)])
			})
		})
	}
	if len(f.Members) > 0 {
		wanted := s.survivors(f.Members)
		v.lists[recipients] = accept(organisations, f.Members, func(id string) bool { return wanted[s.reg.Survivor(id)] })
	}
	if len(f.Programmes) > 0 {
		v.programme = accept(s.line.programmes.all(), f.Programmes, func(id string) bool { return slices.Contains(f.Programmes, id) })
	}
	for list, ids := range [lists][]string{themes: f.Themes, locations: f.Locations, populations: f.Populations} {
		if len(ids) > 0 {
			v.lists[list] = accept(s.line.terms[list].all(), ids, func(id string) bool { return s.reg.Within(grant.Key{Kind: kinds[list], ID: id}, ids) })
		}
	}
	if len(f.Statuses) > 0 {
		v.statuses = bits(f.Statuses)
	}
	if len(f.Visibilities) > 0 {
		v.visible = bits(f.Visibilities)
	}
	return v
}

// kinds are the kinds of terms in the lists of a grant.
var kinds = [lists]grant.Kind{themes: grant.Themes, locations: grant.Locations, populations: grant.Populations}

func accept(all, asked []string, has func(id string) bool) *accepted {
	a := &accepted{codes: make([]bool, len(all)), unspecified: slices.Contains(asked, grant.Unspecified)}
	for i, id := range all {
		a.codes[i] = has(id)
	}
	return a
}

func bits[T ~uint8](values []T) uint16 {
	var set uint16
	for _, v := range values {
		set |= 1 << v
	}
	return set
}

// donorIDs returns the organisations of a donor; it is several when they give undivided.
func donorIDs(donor string) []string { return strings.Split(donor, joint) }

func (s *Snapshot) survivors(ids []string) map[string]bool {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[s.reg.Survivor(id)] = true
	}
	return set
}

// passes tells whether a grant as a whole may count, and the principal may see it. Its parts are for the lists to say.
func (v *sieve) passes(r *record) bool { return v.fits(r) && v.sees(r) }

// fits tells whether a grant as a whole matches the filter.
func (v *sieve) fits(r *record) bool {
	return v.statuses>>r.status&1 == 1 && v.visible>>r.visibility&1 == 1 && v.programme.has(r.programme)
}

// holds tells whether some value of each list counts.
func (v *sieve) holds(r *record) bool {
	for list, a := range v.lists {
		if a == nil {
			continue
		}
		entries := r.list(list)
		if len(entries) == 0 && !a.unspecified {
			return false
		}
		if len(entries) > 0 && !slices.ContainsFunc(entries, func(e entry) bool { return a.has(e.code) }) {
			return false
		}
	}
	return true
}
