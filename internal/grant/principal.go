package grant

import (
	"fmt"

	"github.com/allmep/tandem/internal/fault"
)

// Principal is who asks. Name is how the history calls it: "tokens/…" or the subject that an identity provider vouches for.
type Principal struct {
	Name         string `json:"-"`
	DisplayName  string `json:"-"`
	Role         Role   `json:"role"`
	State        string `json:"state,omitempty"`        // the donor state that a DONOR is bound to
	Organisation string `json:"organisation,omitempty"` // the id of the organisation that a MEMBER is bound to
}

// Validate checks that a donor is bound to a state, a member to an organisation, and nobody else to anything.
func (p Principal) Validate() error {
	var v fault.List
	if p.Role.String() == "" {
		v.Add("role", "is missing; accepted are VIEWER, DONOR, MEMBER, STAFF and ADMIN")
	}
	checkState(&v, "donorState", p.State)
	if bound := p.State != ""; bound != (p.Role == Donor) {
		v.Add("donorState", "found %q for the role %s; a DONOR has one and nobody else", p.State, p.Role)
	}
	if bound := p.Organisation != ""; bound != (p.Role == Member) {
		v.Add("organisation", "found %q for the role %s; a MEMBER has one and nobody else", p.Organisation, p.Role)
	}
	return v.Err()
}

// MayWrite tells whether p may write records of a kind.
func (p Principal) MayWrite(kind Kind) bool {
	if kind == Tokens {
		return p.Role == Admin
	}
	return p.Role == Staff || p.Role == Admin
}

// MayRead tells whether p may read records of a kind at all; which grants it sees is for Sees to say. Decisions name grants: others than staff see them with the overlaps that
// they see. Mappings are for those who import.
func (p Principal) MayRead(kind Kind) bool {
	switch kind {
	case Tokens:
		return p.Role == Admin
	case Decisions, Mappings:
		return p.Role == Staff || p.Role == Admin
	}
	return true
}

// Sees tells whether p may see a grant of this visibility. takesPart tells whether p's donor state is among its funders, or p's organisation among
// its funders or recipients, both through mergers; it is asked only when it matters. This is the one rule of visibility: every list, figure, count
// and error must follow from it.
func (p Principal) Sees(v Visibility, takesPart func() bool) bool {
	switch p.Role {
	case Staff, Admin:
		return true
	case Donor:
		return v == Public || v == Coalition || v == Donors || v == Restricted && takesPart()
	case Member:
		return v == Public || v == Coalition || v == Restricted && takesPart()
	case Viewer:
		return v == Public
	}
	return false
}

// SeesAll tells whether p sees every grant, whoever takes part.
func (p Principal) SeesAll() bool { return p.Sees(Restricted, func() bool { return false }) }

// MayAdminister tells whether p may copy the whole database and put another in its place.
func (p Principal) MayAdminister() bool { return p.Role == Admin }

// Fingerprint names what p may see: principals with equal fingerprints get equal answers from the same revision.
func (p Principal) Fingerprint() string {
	return fmt.Sprintf("%s.%s.%s", p.Role, p.State, p.Organisation)
}
