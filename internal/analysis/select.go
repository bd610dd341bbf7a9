package analysis

import (
	"container/heap"
	"slices"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// Selection says which grants to list. A grant whose days or amount are not known meets no condition on them; Found tells how many were left out for that.
type Selection struct {
	Filter      Filter
	From, To    period.Date    // the grant has a day in this period; either may be no date
	Min, Max    *int64         // what was awarded lies between, in minor units of the currency
	Currency    money.Currency // of Min, of Max and of the order by amount
	RateDate    period.Date    // convert at this day's rates; no date: each transaction at its own
	StaleSince  int64          // last changed before this instant; 0 asks nothing
	Unconfirmed bool           // no report on it is confirmed
	Principal   grant.Principal
	Order       Order
	After       *Cursor // where the page before ended
	Limit       int
	ShowDeleted bool
	Among       []Cursor // when not nil, only these grants, each once; their values are what ByRank orders by
}

// Found is a page of grants.
type Found struct {
	IDs     []string
	Total   int     // on all pages
	Next    *Cursor // where this page ended; nil on the last
	LeftOut LeftOut
}

// LeftOut counts the grants that might match if more were known of them. Each counts once, for the first of these reasons.
type LeftOut struct {
	Undated     int // cannot be placed in time, and a period was asked for
	Unknown     int // of an amount that is not known, and an amount was asked for
	Unconverted int // of an amount for which there is no rate
}

// Select returns a page of the grants that the principal may see and that match. It looks at every grant, or at those of Among, and keeps no more than a page.
func (s *Snapshot) Select(q Selection) Found {
	sieve := s.newSieve(q.Filter, q.Principal)
	page := &latest{order: q.Order, after: q.After, limit: q.Limit}
	var found Found
	narrow := q.Min != nil || q.Max != nil || !q.From.IsZero() || !q.To.IsZero()
	consider := func(r *record, a award, rank int64) {
		if r.deleted && !q.ShowDeleted || !q.recent(r) || !sieve.passes(r) || !sieve.holds(r) || narrow && !q.matches(r, a, &found.LeftOut) {
			return
		}
		found.Total++
		place := Cursor{Value: rank, ID: r.id}
		if q.Order.By != ByRank {
			place = q.Order.place(r, a)
		}
		page.offer(place)
	}
	for _, c := range q.Among {
		if place, ok := s.place(c.ID); ok {
			chunk := s.chunks[place/chunkSize]
			consider(&chunk.records[place%chunkSize], s.awardsFor(chunk, q).of(place%chunkSize), c.Value)
		}
	}
	chunks := s.chunks
	if q.Among != nil {
		chunks = nil
	}
	for _, c := range chunks {
		awards := s.awardsFor(c, q)
		for i := range c.records {
			consider(&c.records[i], awards.of(i), 0)
		}
	}
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

// recent tells whether a grant is as old, and as unconfirmed, as is asked for.
func (q *Selection) recent(r *record) bool {
	return (q.StaleSince == 0 || r.updated < q.StaleSince) && (!q.Unconfirmed || !r.confirmed)
}

// matches tells whether the days and the award of a grant are those that are asked for, and counts it when that cannot be told.
func (q *Selection) matches(r *record, a award, out *LeftOut) bool {
	var reason *int
	if window, asked := windowOf(q.From, q.To); asked {
		_, runs := r.span.Intersect(window)
		switch {
		case r.span.First > r.span.Last:
			reason = &out.Undated
		case !runs:
			return false
		}
	}
	if q.Min != nil || q.Max != nil {
		switch {
		case a.state == unknown && reason == nil:
			reason = &out.Unknown
		case a.state == unconverted && reason == nil:
			reason = &out.Unconverted
		case a.state == known && (q.Min != nil && a.central < *q.Min || q.Max != nil && a.central > *q.Max):
			return false
		}
	}
	if reason != nil {
		*reason++
	}
	return reason == nil
}

// latest is a heap with the last of its cursors on top, once there are more than fit on the page: a page of everything is only sorted.
type latest struct {
	order   Order
	after   *Cursor
	limit   int
	cursors []Cursor
}

// offer keeps a place if, as far as can be told by now, it is on the page or is the one that tells that another page follows.
func (l *latest) offer(c Cursor) {
	switch {
	case l.after != nil && l.order.Compare(c, *l.after) <= 0:
	case l.Len() <= l.limit:
		if l.cursors = append(l.cursors, c); l.Len() > l.limit {
			heap.Init(l)
		}
	case l.order.Compare(c, l.cursors[0]) < 0:
		l.cursors[0] = c
		heap.Fix(l, 0)
	}
}

func (l *latest) Len() int           { return len(l.cursors) }
func (l *latest) Less(i, j int) bool { return l.order.Compare(l.cursors[i], l.cursors[j]) > 0 }
func (l *latest) Swap(i, j int)      { l.cursors[i], l.cursors[j] = l.cursors[j], l.cursors[i] }

// Push and Pop are never called: the heap does not grow.
func (l *latest) Push(any) {}
func (l *latest) Pop() any { return nil }

// Revision returns the number of the revision that last changed a grant, deleted or not; ok is false when there is none.
func (s *Snapshot) Revision(id string) (number int64, ok bool) {
	r := s.find(id)
	if r == nil {
		return 0, false
	}
	return r.revision, true
}
