package build

import "github.com/allmep/tandem/internal/exchange"

// Keys are the keys of a file's drafts, with the line on which each was first.
type Keys map[string]int

// Once refuses a draft with a key that an earlier one has: recorded, it would take the earlier one's place.
func (k Keys) Once(d *exchange.Draft, field string) {
	if d.Key == "" {
		return
	}
	if first, twice := k[d.Key]; twice {
		d.Problem(d.Place, exchange.Refused, field, "found %q, which line %d has too; accepted is an identifier that one grant has", d.Key, first)
		return
	}
	k[d.Key] = d.Place.Line
}
