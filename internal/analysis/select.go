package analysis

import (
	"cmp"
	"container/heap"
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
)

var orders = []string{"create_time", "update_time", "start", "end"}

// ParseOrder reads "create_time", "update_time", "start" or "end", with " desc" to turn it round; nothing is by creation. Its error is a fault of the field orderBy.
func ParseOrder(s string) (Order, error) {
	if s == "" {
		return Order{}, nil
	}
	name, desc := strings.CutSuffix(s, " desc")
	i := slices.Index(orders, name)
	if i < 0 {
		return Order{}, fault.Field("orderBy", "found %q; accepted are %s, each alone or followed by \" desc\"", s, strings.Join(orders, ", "))
	}
	return Order{By: OrderBy(i), Desc: desc}, nil
}

// Cursor is the place of a record in an ordered list.
type Cursor struct {
	Value int64
	ID    string
}

// Compare orders two places.
func (o Order) Compare(a, b Cursor) int {
	c := cmp.Compare(a.Value, b.Value)
	if o.Desc && a.Value != absent && b.Value != absent {
		c = -c
	}
	return cmp.Or(c, strings.Compare(a.ID, b.ID))
}

// absent is the value of what has none. It comes last either way.
const absent = math.MaxInt64

// OfMeta returns the value by which a record other than a grant is ordered: when it was created or, for ByUpdate, updated.
func (o Order) OfMeta(m grant.Meta) int64 {
	if o.By == ByUpdate {
		return m.Updated
	}
	return m.Created
}

func (o Order) of(r *record) int64 {
	dated := r.span.First <= r.span.Last
	switch {
	case o.By == ByCreation:
		return r.created
	case o.By == ByUpdate:
		return r.updated
	case !dated:
		return absent
	case o.By == ByStart:
		return int64(r.span.First)
	}
	return int64(r.span.Last)
}

// Selection says which grants to list.
type Selection struct {
	Filter      Filter
	Principal   grant.Principal
	Order       Order
	After       *Cursor // where the page before ended
	Limit       int
	ShowDeleted bool
}

// Found is a page of grants.
type Found struct {
	IDs   []string
	Total int     // on all pages
	Next  *Cursor // where this page ended; nil on the last
}

// Select returns a page of the grants that the principal may see and that match. It looks at every grant and keeps no more than a page.
func (s *Snapshot) Select(q Selection) Found {
	sieve := s.newSieve(q.Filter, q.Principal)
	page := &latest{order: q.Order}
	var found Found
	s.each(func(r *record) {
		if r.deleted && !q.ShowDeleted || !sieve.passes(r) || !sieve.holds(r) {
			return
		}
		found.Total++
		c := Cursor{Value: q.Order.of(r), ID: r.id}
		if q.After != nil && q.Order.Compare(c, *q.After) <= 0 {
			return
		}
		if page.Len() <= q.Limit {
			heap.Push(page, c)
		} else if q.Order.Compare(c, page.cursors[0]) < 0 {
			page.cursors[0] = c
			heap.Fix(page, 0)
		}
	})
	slices.SortFunc(page.cursors, q.Order.Compare)
	if len(page.cursors) > q.Limit {
		page.cursors = page.cursors[:q.Limit]
		last := page.cursors[q.Limit-1]
		found.Next = &last
	}
	for _, c := range page.cursors {
		found.IDs = append(found.IDs, c.ID)
	}
	return found
}

// latest is a heap with the last of its cursors on top.
type latest struct {
	order   Order
	cursors []Cursor
}

func (l *latest) Len() int           { return len(l.cursors) }
func (l *latest) Less(i, j int) bool { return l.order.Compare(l.cursors[i], l.cursors[j]) > 0 }
func (l *latest) Swap(i, j int)      { l.cursors[i], l.cursors[j] = l.cursors[j], l.cursors[i] }
func (l *latest) Push(c any)         { l.cursors = append(l.cursors, c.(Cursor)) }
func (l *latest) Pop() any {
	last := l.cursors[len(l.cursors)-1]
	l.cursors = l.cursors[:len(l.cursors)-1]
	return last
}

// Revision returns the number of the revision that last changed a grant, deleted or not; ok is false when there is none.
func (s *Snapshot) Revision(id string) (number int64, ok bool) {
	r := s.find(id)
	if r == nil {
		return 0, false
	}
	return r.revision, true
}
