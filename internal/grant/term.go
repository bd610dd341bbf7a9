package grant

import (
	"iter"

	"github.com/allmep/tandem/internal/fault"
)

// Term is a node of one of the three trees by which grants are classified: themes, locations and populations.
type Term struct {
	Meta        `json:"-"`
	Of          Kind     `json:"-"` // Themes, Locations or Populations
	ID          string   `json:"id"`
	DisplayName string   `json:"displayName"`
	Parent      string   `json:"parent,omitempty"` // the id of a term of the same kind
	Codes       []string `json:"codes,omitempty"`  // of a theme: DAC purpose codes; of a location: ISO 3166 or IATI region codes
	Description string   `json:"description,omitempty"`
}

// Key implements Entity.
func (t *Term) Key() Key { return Key{t.Of, t.ID} }

// Validate implements Entity.
func (t *Term) Validate() error {
	var v fault.List
	checkID(&v, "name", t.ID)
	if t.ID == Unspecified || t.ID == Undated {
		v.Add("name", "%q is what answers call money without a %s; choose another", t.ID, t.Of)
	}
	checkName(&v, "displayName", t.DisplayName, maxName)
	codes := "codes"
	if t.Of == Themes {
		codes = "dacCodes"
	}
	checkNames(&v, codes, t.Codes, maxName)
	checkText(&v, "description", t.Description, maxText)
	return v.Err()
}

// References implements Entity.
func (t *Term) References() iter.Seq[Reference] {
	return refer(func(to *references) { to.add("parent", t.Of, t.Parent) })
}

// Unspecified is the key under which answers put money that has no value in a dimension, Undated that which has no place in time.
const (
	Unspecified = "unspecified"
	Undated     = "undated"
)
