package grant

import "github.com/allmep/tandem/internal/fault"

// Link is a relation of a grant to another, with who says so.
type Link struct {
	ID     string   `json:"id"`
	Type   LinkType `json:"type"`
	Target string   `json:"target"` // a grant's id
	Reason string   `json:"reason,omitempty"`
	By     string   `json:"by,omitempty"`     // the principal who made it
	At     int64    `json:"at,omitzero"`      // when, in microseconds since 1970
	Origin string   `json:"origin,omitempty"` // the name that it had in the grant that was merged into this one
}

// Symmetric tells whether a link of this type says the same of both grants, so that it is found from both ends.
func (t LinkType) Symmetric() bool { return t == CoFundedWith || t == ConfirmedDistinct }

// Agrees tells whether two links of different types may stand between the same two grants. What is confirmed as two may well be a sub-grant or
// co-funded; all else denies one another.
func (t LinkType) Agrees(o LinkType) bool {
	return t == ConfirmedDistinct && o != DuplicateOf || o == ConfirmedDistinct && t != DuplicateOf
}

// Parent returns the id of the grant of which g is a sub-grant, or "".
func (g *Grant) Parent() string { return g.linkedTo(SubGrantOf) }

// Original returns the id of the grant that g records once more, or "".
func (g *Grant) Original() string { return g.linkedTo(DuplicateOf) }

func (g *Grant) linkedTo(t LinkType) string {
	for _, l := range g.Links {
		if l.Type == t {
			return l.Target
		}
	}
	return ""
}

// checkLinks checks what the links of a grant say by themselves; what they say together with those of the other grants is the ledger's to check.
func (g *Grant) checkLinks(v *fault.List) {
	seen := map[LinkType]bool{}
	for i, l := range g.Links {
		at := index("links", i)
		checkID(v, at+".name", l.ID)
		checkText(v, at+".reason", l.Reason, maxLine)
		switch {
		case l.Type.String() == "":
			v.Add(at+".type", "is missing; accepted are SUB_GRANT_OF, CO_FUNDED_WITH, DUPLICATE_OF and CONFIRMED_DISTINCT")
		case l.Target == "":
			v.Add(at+".target", "is missing")
		case l.Target == g.ID:
			v.Add(at+".target", "is the grant itself")
		case l.Reason == "" && (l.Type == DuplicateOf || l.Type == ConfirmedDistinct):
			v.Add(at+".reason", "is missing; say who decided it, and why")
		case seen[l.Type] && !l.Type.Symmetric():
			v.Add(at+".target", "the grant is %s another already; it can be so of one", l.Type)
		}
		seen[l.Type] = true
	}
}
