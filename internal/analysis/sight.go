package analysis

import "github.com/allmep/tandem/internal/grant"

// Under returns a snapshot of the past as those of today may see it: a principal sees a grant in it only if it may see the grant as it was and as it is today. Who takes part is
// told by the organisations of today. What was made confidential later is so in every answer about the past.
func (s *Snapshot) Under(today *Snapshot) *Snapshot {
	past := *s
	past.today = today
	return &past
}

// Sees tells whether a grant, or the one that it was merged into, stands and the principal may see it.
func (s *Snapshot) Sees(p grant.Principal, id string) bool {
	r := s.find(id)
	return r != nil && s.shows(p, r) && !s.survivor(r).deleted
}

// Shows tells whether there is a grant, deleted or not, that the principal may see. One that was merged is seen by those who see what it was merged into as well.
func (s *Snapshot) Shows(p grant.Principal, id string) bool {
	r := s.find(id)
	return r != nil && s.shows(p, r)
}

// ShowsVersion tells whether the principal may see a version of a grant, whichever revision left it: by the version itself, and by the grant as the snapshot has it.
func (s *Snapshot) ShowsVersion(p grant.Principal, g *grant.Grant) bool {
	return p.SeesAll() || p.Sees(g.Visibility, func() bool { return s.present().TakesPart(p, g) }) && s.Shows(p, g.ID) && (g.Successor == "" || s.Shows(p, g.Successor))
}

func (s *Snapshot) shows(p grant.Principal, r *record) bool {
	if heir := r.successor(); heir != "" && !s.Shows(p, heir) {
		return false
	}
	return p.Sees(r.visibility, func() bool { return s.present().TakesPart(p, s.parties(r)) }) && (s.today == nil || s.today.Shows(p, r.id))
}

// present returns the registry of today.
func (s *Snapshot) present() *grant.Registry {
	if s.today != nil {
		return s.today.reg
	}
	return s.reg
}

// tells tells whether a shadow may show: of a snapshot of the past only if the grant casts one today too, or may be seen.
func (v *sight) tells(r *record) bool {
	if v.today == nil {
		return true
	}
	now := v.today.find(r.id)
	return now != nil && (now.shadow || v.today.shows(v.principal, now))
}

// parties returns a grant with nothing but those who give and get.
func (s *Snapshot) parties(r *record) *grant.Grant {
	var g grant.Grant
	for _, e := range r.list(funders) {
		for _, id := range donorIDs(s.line.donors.all()[e.code]) {
			g.Funders = append(g.Funders, grant.Participation{Organisation: id})
		}
	}
	for _, e := range r.list(recipients) {
		g.Recipients = append(g.Recipients, grant.Participation{Organisation: s.line.organisations.all()[e.code]})
	}
	return &g
}

// sight is Shows for the records of one snapshot, worked out for one principal.
type sight struct {
	principal grant.Principal
	snapshot  *Snapshot
	takes     [2][]bool // by code of donor and of recipient: whether the principal takes part with it
	today     *Snapshot // nil when it has nothing to add
}

func (s *Snapshot) sight(p grant.Principal) sight {
	v := sight{principal: p, snapshot: s, today: s.today}
	if p.SeesAll() {
		v.today = nil
	}
	if p.Role != grant.Donor && p.Role != grant.Member {
		return v
	}
	donors, organisations, reg := s.line.donors.all(), s.line.organisations.all(), s.present()
	v.takes = [2][]bool{make([]bool, len(donors)), make([]bool, len(organisations))}
	for i, d := range donors {
		for _, id := range donorIDs(d) {
			v.takes[0][i] = v.takes[0][i] || reg.TakesPart(p, &grant.Grant{Funders: []grant.Participation{{Organisation: id}}})
		}
	}
	for i, id := range organisations {
		v.takes[1][i] = reg.TakesPart(p, &grant.Grant{Recipients: []grant.Participation{{Organisation: id}}})
	}
	return v
}

// sees tells whether the principal may see a grant, by the one rule.
func (v *sight) sees(r *record) bool {
	if heir := r.successor(); heir != "" {
		if h := v.snapshot.find(heir); h == nil || !v.sees(h) {
			return false
		}
	}
	return v.principal.Sees(r.visibility, func() bool { return v.takesPart(r) }) && (v.today == nil || v.snapshot.supposes(r.id) || v.today.Shows(v.principal, r.id))
}

func (v *sight) takesPart(r *record) bool {
	if v.takes[0] == nil {
		return false
	}
	for _, e := range r.list(funders) {
		if v.takes[0][e.code] {
			return true
		}
	}
	for _, e := range r.list(recipients) {
		if v.takes[1][e.code] {
			return true
		}
	}
	return false
}
