package analysis

import (
	"cmp"
	"slices"
	"strings"

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
	byKey := make(map[string]int, len(before.Rows))
	for _, r := range before.Rows {
		byKey[strings.Join(r.Keys, "\x00")] = len(rows)
		rows = append(rows, Difference{Keys: r.Keys, Labels: r.Labels, Before: r})
	}
	for _, r := range after.Rows {
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
