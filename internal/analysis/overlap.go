package analysis

import (
	"cmp"
	"math/big"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// OverlapQuery says which overlaps to find.
type OverlapQuery struct {
	Scope    grant.Scope
	Depth    int // to which themes and locations are rolled up, the top being 1; 0 is 1 in CELL scope, and as recorded in MEMBER scope
	Currency money.Currency
	From, To period.Date // the window; either may be no date
	RateDate period.Date // as of Query
	// Filter says which money is looked at. But of donor states, donors and, in CELL scope, members it is enough that one of the two sides has them.
	Filter    Filter
	MinAmount int64            // in minor units: only overlaps of at least as much
	Undecided bool             // only overlaps on which nobody has decided
	Only      *grant.OverlapID // only this one; nil: all
	Explain   bool             // say of each overlap what makes the amounts of its cells
	Order     OverlapOrder
	After     *OverlapCursor // where the page before ended
	Limit     int
	Principal grant.Principal
}

// OverlapOrder is what overlaps are ordered by; what is equal in it is ordered by name.
type OverlapOrder uint8

// The orders of overlaps.
const (
	OverlapsByAmount OverlapOrder = iota // the largest first
	OverlapsByName
)

// OverlapCursor is the place of an overlap in an ordered list.
type OverlapCursor struct {
	Amount int64
	Name   string
}

// Overlap is money of two donors that meets. Amounts are in minor units of the currency that was asked for, and the central ones: of a range the middle, of "at least x"
// x. The sides are in the order of their donor states.
type Overlap struct {
	ID      grant.OverlapID
	Window  period.Span   // in which both run
	Amount  int64         // what meets: the sum over the cells of the lesser of the two amounts
	Totals  [2]int64      // the whole amount of each part
	Cells   []OverlapCell // where most meets first
	Inexact bool          // some amount behind it is a bound, or is not all known or converted
	Reason  string
	// Decision is what a person has decided; nil when nobody has.
	Decision *grant.Decision
	// Suggested is what the records suggest, and Grounds why: see Suggest, which needs more of the grants than is in a snapshot and is for the caller to call.
	Suggested grant.Verdict
	Grounds   string
	// Explanations say what each side has in the cells, all cells together, when it was asked for.
	Explanations []Explanation
}

// Relative is what meets as a fraction of the smaller of the two parts.
func (o *Overlap) Relative() *big.Rat { return big.NewRat(o.Amount, min(o.Totals[0], o.Totals[1])) }

// OverlapCell is a cell in which both sides have money. Location and Population are empty in MEMBER scope, and ids are "unspecified" where a grant does not say.
type OverlapCell struct {
	Theme, Location, Population string
	Amounts                     [2]int64
	Overlap                     int64 // the lesser of them
}

// OverlapResult is the answer to an OverlapQuery.
type OverlapResult struct {
	Overlaps  []Overlap // a page
	Next      *OverlapCursor
	Count     int       // on all pages
	PairTotal money.Sum // of their amounts. Money that meets that of several others is in it several times
	// Grants that are looked at, whose amount is not known, or not converted, or not placed in time, at least in part. What is not known of them meets nothing here.
	UnknownCount, UnconvertedCount, UndatedCount int
	// Money in the window without a recipient, theme, location or population. It meets only such money, and without a recipient none in MEMBER scope. What a scope does not look
	// at is 0.
	UnspecifiedRecipient, UnspecifiedTheme, UnspecifiedLocation, UnspecifiedPopulation money.Sum
	Provisional                                                                        bool          // some money that was looked at was converted at the newest rate, which is older than its date
	Defects                                                                            []string      // of the data, that the figures had to work around
	Undisclosed                                                                        []Undisclosed // of the first page
}

// maxMeetings is how often two parts may be in one cell at one time, in one answer. Holding them against each other takes some ten seconds.
const maxMeetings = 1_000_000_000

// Overlaps finds where money of two donors meets. Two parts of grants, a part being what one donor state (or several undivided) gives to one recipient under one grant, overlap
// if they are of two grants, have no donor state in common, are not linked as confirmed distinct, and O = Σ min(x, y) > 0 over the cells, x and y being what they have
// there while both run (DESIGN, "Overlap"). Sub-grants stand under the donor of the first grant of their family, so that a family never meets itself; merged
// grants and duplicates are no grants.
//
// Themes are as they were recorded in MEMBER scope, unless a depth is given. Errors: Exhausted when there are too many parts in one place to be held against each other.
func (s *Snapshot) Overlaps(q OverlapQuery) (OverlapResult, error) {
	h := s.holdOverlaps(q)
	lists := h.lists()
	if meetings(lists) > maxMeetings {
		return OverlapResult{}, fault.New(fault.Exhausted, "more than %d times two grants run at once in one cell; narrow the question by members, themes, locations or a window", maxMeetings)
	}
	m := h.match(q, lists)
	out := OverlapResult{
		Count: m.count, PairTotal: m.total, UnknownCount: h.remarks.unknown, UnconvertedCount: h.remarks.unconverted, UndatedCount: h.remarks.undated,
		UnspecifiedRecipient: h.remarks.unspecified[recipients], UnspecifiedTheme: h.remarks.unspecified[themes],
		UnspecifiedLocation: h.remarks.unspecified[locations], UnspecifiedPopulation: h.remarks.unspecified[populations],
		Provisional: h.remarks.provisional, Defects: h.remarks.defects,
	}
	if q.After == nil && q.Only == nil {
		out.Undisclosed = h.undisclosed(q)
	}
	best := m.best.sorted()
	if len(best) > q.Limit {
		best = best[:q.Limit]
		out.Next = &OverlapCursor{best[q.Limit-1].amount, best[q.Limit-1].name(h)}
	}
	for _, c := range best {
		o := h.overlap(c, q.Currency)
		if q.Explain {
			var err error
			if o.Explanations, err = h.explain(q, &o, c); err != nil {
				return OverlapResult{}, err
			}
		}
		out.Overlaps = append(out.Overlaps, o)
	}
	return out, nil
}

// holdOverlaps cuts the money that a query looks at into parts.
func (s *Snapshot) holdOverlaps(q OverlapQuery) *holdings {
	sides := Filter{DonorStates: q.Filter.DonorStates, Donors: q.Filter.Donors}
	if q.Scope == grant.CellScope {
		sides.Members = q.Filter.Members
	}
	h := s.newHoldings(q.Scope, q.depth(), sides, q.Principal)
	h.only, h.decisions = s.numbersOf(q.Only), s.decisions()
	h.hold(q.money())
	return h
}

// depth is that to which themes and locations are rolled up.
func (q *OverlapQuery) depth() int {
	switch {
	case q.Depth > 0:
		return q.Depth
	case q.Scope == grant.CellScope:
		return 1
	}
	return maxTree
}

// money asks for the money that is looked at.
func (q *OverlapQuery) money() Query {
	looked := q.Filter
	looked.DonorStates, looked.Donors = nil, nil
	if q.Scope == grant.CellScope {
		looked.Members = nil
	}
	return Query{Measure: Allocated, Currency: q.Currency, From: q.From, To: q.To, RateDate: q.RateDate, Filter: looked, Principal: q.Principal}
}

// overlap writes down an overlap in full.
func (h *holdings) overlap(c candidate, currency money.Currency) Overlap {
	a, b := &h.parts[c.parts[0]], &h.parts[c.parts[1]]
	o := Overlap{ID: c.id(h), Amount: c.amount, Totals: [2]int64{a.total, b.total}, Inexact: a.inexact || b.inexact}
	o.Window, _ = a.run.Intersect(b.run)
	h.common(a, b, func(x, y *partCell) bool {
		cell := OverlapCell{Amounts: [2]int64{h.amount(a, x, o.Window), h.amount(b, y, o.Window)}}
		if cell.Overlap = min(cell.Amounts[0], cell.Amounts[1]); cell.Overlap > 0 {
			codes := h.codes(x.code)
			for i, code := range codes[:len(h.widths)] {
				*[...]*string{&cell.Theme, &cell.Location, &cell.Population}[i] = h.termID(i, code)
			}
			o.Cells = append(o.Cells, cell)
		}
		return true
	})
	slices.SortFunc(o.Cells, func(a, b OverlapCell) int {
		return cmp.Or(cmp.Compare(b.Overlap, a.Overlap), strings.Compare(a.Theme, b.Theme), strings.Compare(a.Location, b.Location), strings.Compare(a.Population, b.Population))
	})
	o.Decision = h.decisions[o.ID]
	o.Reason = h.reason(&o, currency)
	return o
}

// termID returns the id of a code of the i-th dimension of cells.
func (h *holdings) termID(i int, code int32) string {
	if code == none {
		return grant.Unspecified
	}
	return idOf(h.terms.names[i][code].key)
}

// idOf returns the id in a resource name.
func idOf(name string) string { return name[strings.IndexByte(name, '/')+1:] }

// recipientID returns the id of a recipient, or "unspecified".
func (h *holdings) recipientID(code int32) string {
	if code == none {
		return grant.Unspecified
	}
	return idOf(h.donors.names[1][code].key)
}
