package grant

import (
	"iter"

	"github.com/allmep/tandem/internal/fault"
)

// Decision is a person's verdict on an overlap.
type Decision struct {
	Meta    `json:"-"`
	ID      string    `json:"id"` // that of the overlap, as text
	Overlap OverlapID `json:"overlap"`
	Verdict Verdict   `json:"verdict"`
	Reason  string    `json:"reason,omitempty"`
	By      string    `json:"by"` // who decided: the name of a principal
}

// Key implements Entity.
func (d *Decision) Key() Key { return Key{Decisions, d.ID} }

// Validate implements Entity.
func (d *Decision) Validate() error {
	var v fault.List
	if d.ID != d.Overlap.String() {
		v.Add("name", "found %q; accepted is the name of the overlap, %q", d.ID, d.Overlap)
	}
	if d.Verdict.String() == "" {
		v.Add("verdict", "is missing; accepted are SAME_GRANT, SUB_GRANT, CO_FUNDED, OVERLAP and DISTINCT")
	}
	checkText(&v, "reason", d.Reason, maxText)
	return v.Err()
}

// References implements Entity. A decision holds nothing in place: what it is about may be merged or deleted, and the decision is then about nothing.
func (d *Decision) References() iter.Seq[Reference] { return refer(func(*references) {}) }
