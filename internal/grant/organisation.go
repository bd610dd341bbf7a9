package grant

import (
	"iter"
	"slices"
	"strconv"

	"github.com/allmep/tandem/internal/fault"
)

// Organisation is anyone who gives or gets money. Its roles come from the grants that name it.
type Organisation struct {
	Meta        `json:"-"`
	ID          string   `json:"id"`
	DisplayName string   `json:"displayName"`
	Aliases     []string `json:"aliases,omitempty"`
	Identifiers []string `json:"identifiers,omitempty"` // in registers, with their prefix: XI-IATI-…, GB-CHC-…
	Parent      string   `json:"parent,omitempty"`      // an organisation's id
	Successor   string   `json:"successor,omitempty"`   // the id of the organisation that this one was merged into
	Given       []string `json:"given,omitempty"`       // the names of this one that its successor took over as aliases
	State       string   `json:"state,omitempty"`       // ISO 3166 alpha-2, EU, UN or PRIVATE
	Member      bool     `json:"member,omitzero"`       // of the coalition
	Website     string   `json:"website,omitempty"`
	Note        string   `json:"note,omitempty"`
}

// Private is the donor state of donors that no state stands behind.
const Private = "PRIVATE"

// Key implements Entity.
func (o *Organisation) Key() Key { return Key{Organisations, o.ID} }

// Validate implements Entity.
func (o *Organisation) Validate() error {
	var v fault.List
	checkID(&v, "name", o.ID)
	checkName(&v, "displayName", o.DisplayName, maxName)
	checkNames(&v, "aliases", o.Aliases, maxName)
	checkNames(&v, "identifiers", o.Identifiers, maxName)
	checkState(&v, "state", o.State)
	checkText(&v, "website", o.Website, maxLine)
	checkText(&v, "note", o.Note, maxText)
	return v.Err()
}

// References implements Entity.
func (o *Organisation) References() iter.Seq[Reference] {
	return refer(func(to *references) {
		to.add("parent", Organisations, o.Parent)
		to.add("successor", Organisations, o.Successor)
	})
}

// Merge makes o stand for other too: other's names become aliases of o. Identifiers stay with other, through which they lead to o.
func (o *Organisation) Merge(other *Organisation) {
	for _, name := range append([]string{other.DisplayName}, other.Aliases...) {
		if name != o.DisplayName && !slices.Contains(o.Aliases, name) {
			o.Aliases = append(o.Aliases, name)
			other.Given = append(other.Given, name)
		}
	}
	other.Successor = o.ID
}

// Unmerge undoes Merge.
func (o *Organisation) Unmerge(other *Organisation) {
	o.Aliases = slices.DeleteFunc(o.Aliases, func(name string) bool { return slices.Contains(other.Given, name) })
	other.Successor, other.Given = "", nil
}

func checkState(v *fault.List, field, s string) {
	if _, ok := states[s]; s != "" && !ok {
		v.Add(field, "found %q; accepted are the code of a country (ISO 3166, two capital letters), EU, UN and PRIVATE", s)
	}
}

// mergeAt merges what is wrong with an element of a list, whose place is made text only where something is.
func mergeAt(v *fault.List, list string, i int, of *fault.List) {
	if err := of.Err(); err != nil {
		v.Merge(index(list, i), err)
	}
}

func index(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }
