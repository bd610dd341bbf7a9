package analysis

import (
	"cmp"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

// Difference is a row of an answer before and after.
type Difference struct {
	Keys, Labels []string
	Before       Row // of zeros when there was none
	After        Row // of zeros when there is none
}

// Change is what the central figure gains; it is below 0 for a loss.
func (d Difference) Change() money.Sum { return d.After.Central.Minus(d.Before.Central) }

// Compare holds the rows of two answers to one query against each other. It returns those that differ, the largest loss first, and of equal ones in the order of their keys.
func Compare(before, after Result) (rows []Difference, total Difference) {
	byKey := make(map[string]int, before.Rows.Len())
	for r := range before.Rows.All() {
		byKey[strings.Join(r.Keys, "\x00")] = len(rows)
		rows = append(rows, Difference{Keys: r.Keys, Labels: r.Labels, Before: r})
	}
	for r := range after.Rows.All() {
		i, known := byKey[strings.Join(r.Keys, "\x00")]
		if !known {
			i = len(rows)
			rows = append(rows, Difference{Keys: r.Keys, Labels: r.Labels})
		}
		rows[i].After = r
	}
	rows = slices.DeleteFunc(rows, func(d Difference) bool { return d.Before.figures() == d.After.figures() })
	slices.SortFunc(rows, func(a, b Difference) int { return cmp.Or(a.Change().Cmp(b.Change()), slices.Compare(a.Keys, b.Keys)) })
	return rows, Difference{Before: before.Total, After: after.Total}
}

// figures is all of a row that can be compared at once.
func (r Row) figures() [4]any {
	return [4]any{r.Lower, r.Central, r.Upper, [3]int{r.GrantCount, r.UnknownCount, r.UnconvertedCount}}
}

// OverlapChange is an overlap before and after. One of them is nil where there is none.
type OverlapChange struct{ Before, After *Overlap }

// Change is what more meets; it is below 0 when less does.
func (c OverlapChange) Change() int64 {
	var change int64
	if c.Before != nil {
		change -= c.Before.Amount
	}
	if c.After != nil {
		change += c.After.Amount
	}
	return change
}

// CompareOverlaps holds overlaps before and after against each other. It returns those that are not the same, the largest change first.
func CompareOverlaps(before, after []Overlap) []OverlapChange {
	changes := pairUp(before, after, func(o *Overlap) grant.OverlapID { return o.ID }, func(a, b *Overlap) bool {
		return a.Amount == b.Amount && a.Window == b.Window && a.Totals == b.Totals
	})
	all := make([]OverlapChange, len(changes))
	for i, c := range changes {
		all[i] = OverlapChange{c[0], c[1]}
	}
	size := func(c OverlapChange) int64 { return max(c.Change(), -c.Change()) }
	slices.SortStableFunc(all, func(a, b OverlapChange) int { return cmp.Compare(size(b), size(a)) })
	return all
}

// GapChange is a gap before and after. One of them is nil where there is none.
type GapChange struct{ Before, After *Gap }

// CompareGaps holds gaps before and after against each other. It returns those that are not the same: those that open first, then those that change, then those that close,
// each in the order that they had.
func CompareGaps(before, after []Gap) []GapChange {
	type name struct {
		kind GapKind
		of   string
	}
	changes := pairUp(before, after, func(g *Gap) name { return name{g.Kind, g.place().Of} }, func(a, b *Gap) bool {
		return a.place() == b.place() && a.Window == b.Window && a.Reason == b.Reason
	})
	all := make([]GapChange, len(changes))
	for i, c := range changes {
		all[i] = GapChange{c[0], c[1]}
	}
	rank := func(c GapChange) int {
		switch {
		case c.Before == nil:
			return 0
		case c.After != nil:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(all, func(a, b GapChange) int { return cmp.Compare(rank(a), rank(b)) })
	return all
}

// pairUp finds what has the same name before and after, and returns the pairs that are not the same: those of before in their order, then what is new.
func pairUp[T any, K comparable](before, after []T, name func(*T) K, same func(a, b *T) bool) (pairs [][2]*T) {
	later := make(map[K]*T, len(after))
	for i := range after {
		later[name(&after[i])] = &after[i]
	}
	for i := range before {
		b := &before[i]
		a := later[name(b)]
		delete(later, name(b))
		if a == nil || !same(b, a) {
			pairs = append(pairs, [2]*T{b, a})
		}
	}
	for i := range after {
		if a := &after[i]; later[name(a)] == a {
			pairs = append(pairs, [2]*T{nil, a})
		}
	}
	return pairs
}
