package analysis

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// Order is an order of a list. The zero Order is by creation.
type Order struct {
	By   OrderBy
	Desc bool
}

// OrderBy is what a list is ordered by; what is equal in it is ordered by id.
type OrderBy uint8

// What lists are ordered by.
const (
	ByCreation OrderBy = iota
	ByUpdate
	ByStart
	ByEnd
	ByName   // in lower case, letter by letter in the order of Unicode, of which the first hundred count
	ByAmount // what was awarded, in the currency that was asked for
	ByRank   // by the values of Selection.Among, or the ranks of what is searched for
)

var orders = map[string]OrderBy{
	"create_time": ByCreation, "update_time": ByUpdate, "start": ByStart, "end": ByEnd, "title": ByName, "display_name": ByName, "amount": ByAmount,
}

// ParseOrder reads one of the words that a list accepts, with " desc" to turn it round; nothing is by creation. Its error is a fault of the field orderBy.
func ParseOrder(s string, accepted ...string) (Order, error) {
	if s == "" {
		return Order{}, nil
	}
	name, desc := strings.CutSuffix(s, " desc")
	if !slices.Contains(accepted, name) {
		return Order{}, fault.Field("orderBy", "found %q; accepted are %s, each alone or followed by \" desc\"", s, strings.Join(accepted, ", "))
	}
	return Order{By: orders[name], Desc: desc}, nil
}

// Cursor is the place of a record in an ordered list: what it is ordered by, which is a number or a text, and its id.
type Cursor struct {
	Value int64
	Text  string
	ID    string
}

// absent is the value of what has none. It comes last either way.
const absent = math.MaxInt64

// Compare orders two places.
func (o Order) Compare(a, b Cursor) int {
	c := cmp.Compare(a.Value, b.Value)
	if c == 0 {
		c = strings.Compare(a.Text, b.Text)
	}
	switch {
	case c == 0:
		return strings.Compare(a.ID, b.ID)
	case o.Desc && a.Value != absent && b.Value != absent:
		return -c
	}
	return c
}

// Place returns the place of a record other than a grant, which is called by a name.
func (o Order) Place(e grant.Entity, name string) Cursor {
	c := Cursor{ID: e.Key().ID}
	target, _ := e.(*grant.Target)
	switch {
	case o.By == ByName:
		c.Text = nameKey(name)
	case o.By == ByUpdate:
		c.Value = e.Ledgered().Updated
	case o.By == ByStart && target != nil:
		c.Value = int64(target.Start.First)
	case o.By == ByEnd && target != nil:
		c.Value = int64(target.End.Last())
	default:
		c.Value = e.Ledgered().Created
	}
	return c
}

// place returns the place of a grant.
func (o Order) place(r *record, a award) Cursor {
	c := Cursor{ID: r.id}
	dated := r.span.First <= r.span.Last
	switch {
	case o.By == ByCreation:
		c.Value = r.created
	case o.By == ByUpdate:
		c.Value = r.updated
	case o.By == ByName:
		c.Text = r.title
	case o.By == ByAmount && a.state == known:
		c.Value = a.central
	case o.By == ByStart && dated:
		c.Value = int64(r.span.First)
	case o.By == ByEnd && dated:
		c.Value = int64(r.span.Last)
	default:
		c.Value = absent
	}
	return c
}

// maxNameKey is how many letters of a name count in an order, so that a page's token stays short.
const maxNameKey = 100

// nameKey returns that by which a name is ordered.
func nameKey(name string) string {
	letters := 0
	for i := range name {
		if letters++; letters > maxNameKey {
			name = name[:i]
			break
		}
	}
	return strings.ToLower(name)
}
