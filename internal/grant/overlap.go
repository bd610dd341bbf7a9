package grant

import (
	"fmt"
	"slices"
	"strings"
)

// Scope is where the money of two donors may meet.
type Scope uint8

// The scopes of overlaps.
const (
	MemberScope Scope = 1 // in one recipient; a cell is a theme
	CellScope   Scope = 2 // anywhere; a cell is a theme, a location and a population
)

var scopes = words{"", "MEMBER", "CELL"}

// Verdict is what an overlap is.
type Verdict uint8

// The verdicts on overlaps.
const (
	SameGrant Verdict = 1 // two records of one grant
	SubGrant  Verdict = 2 // the one passes on money of the other
	CoFunded  Verdict = 3 // the donors have agreed on it
	Overlaps  Verdict = 4 // money of two donors for the same thing
	Distinct  Verdict = 5 // two things that only look alike
)

var verdicts = words{"", "SAME_GRANT", "SUB_GRANT", "CO_FUNDED", "OVERLAP", "DISTINCT"}

// OverlapID says which parts of which grants an overlap is of: what the one donor state gives under the one grant, and the other under the other. It is the same whatever the
// currency, the window and the figures, so that a decision on it holds. The sides are in the order of the donor states.
type OverlapID struct {
	Scope      Scope     `json:"scope"`
	Grants     [2]string `json:"grants"`
	States     [2]string `json:"donorStates"` // several that give undivided are joined by "+"
	Recipients [2]string `json:"recipients"`  // in MEMBER scope both are the same; Unspecified where a grant names none
}

// overlapSeparator separates the elements of an OverlapID's text. It is in no id, and needs no escape in an address.
const overlapSeparator = "~"

// String returns the id as the last part of a resource name: member~se~SE~us~US~ecopeace, or cell~se~SE~ecopeace~us~US~rozana.
func (o OverlapID) String() string {
	parts := []string{strings.ToLower(o.Scope.String())}
	for i := range o.Grants {
		parts = append(parts, o.Grants[i], o.States[i])
		if o.Scope == CellScope || i == 1 {
			parts = append(parts, o.Recipients[i])
		}
	}
	return strings.Join(parts, overlapSeparator)
}

// ParseOverlapID reads what String wrote. Its error says what is accepted.
func ParseOverlapID(s string) (o OverlapID, err error) {
	p := strings.Split(s, overlapSeparator)
	switch {
	case p[0] == "member" && len(p) == 6:
		o = OverlapID{MemberScope, [2]string{p[1], p[3]}, [2]string{p[2], p[4]}, [2]string{p[5], p[5]}}
	case p[0] == "cell" && len(p) == 7:
		o = OverlapID{CellScope, [2]string{p[1], p[4]}, [2]string{p[2], p[5]}, [2]string{p[3], p[6]}}
	default:
		return o, fmt.Errorf("found %q; accepted is the name of an overlap as the list of overlaps gives it", s)
	}
	if o.Grants[0] == o.Grants[1] || o.States[0] >= o.States[1] || slices.Contains(p, "") {
		return o, fmt.Errorf("found %q, which names no two grants of two donor states in order; accepted is the name of an overlap as the list of overlaps gives it", s)
	}
	return o, nil
}

// String returns the word of the contract, such as MEMBER.
func (s Scope) String() string { return scopes.name(uint8(s)) }

// MarshalText writes the word.
func (s Scope) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the word.
func (s *Scope) UnmarshalText(text []byte) (err error) {
	*(*uint8)(s), err = scopes.parse(text)
	return err
}

// String returns the word of the contract, such as CO_FUNDED.
func (v Verdict) String() string { return verdicts.name(uint8(v)) }

// MarshalText writes the word.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads the word.
func (v *Verdict) UnmarshalText(text []byte) (err error) {
	*(*uint8)(v), err = verdicts.parse(text)
	return err
}
