package analysis

import (
	"iter"
	"slices"

	"github.com/allmep/tandem/internal/money"
)

// Result is the answer to a Query. Figures are in minor units of its currency.
type Result struct {
	Rows        Rows
	Total       Row
	Undated     *Row     // what no window can hold, when one was asked for; it is not in the total
	Provisional bool     // something was converted at the newest rate, which is older than its date
	Defects     []string // of the data, that the figures had to work around
}

// Row is money under one combination of keys.
type Row struct {
	Keys, Labels                               []string
	Lower, Central, Upper                      money.Sum
	UpperOpen                                  bool
	GrantCount, UnknownCount, UnconvertedCount int
	Unconverted                                []Unconverted
	Undisclosed                                bool          // another donor, undisclosed, is present: see presence
	Explanation                                []Explanation // of the central figure, when asked for; of the total only where it is the one row
}

// Rows are the rows of an answer, in order of their keys. A row is made when it is asked for: there may be millions, of which a page shows a thousand.
type Rows struct {
	evaluation *evaluation
	placed     []placed
}

// Len returns how many rows there are.
func (r Rows) Len() int { return len(r.placed) }

// At makes the i-th row.
func (r Rows) At(i int) Row { return r.row(i, make([]string, r.names())) }

// names is how many names a row has.
func (r Rows) names() int { return 2 * len(r.evaluation.GroupBy) }

func (r Rows) row(i int, names []string) Row {
	p := r.placed[i]
	row := p.tally.row()
	row.Explanation = r.evaluation.explain(p.tally)
	row.Keys, row.Labels = r.evaluation.keys.row(p.codes, names)
	return row
}

// namedAtOnce is of how many rows the names are made at once.
const namedAtOnce = 256

// All makes each row in turn.
func (r Rows) All() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		var names []string
		for i := range r.placed {
			if i%namedAtOnce == 0 {
				names = make([]string, r.names()*min(namedAtOnce, len(r.placed)-i))
			}
			if !yield(r.row(i, names[:r.names():r.names()])) {
				return
			}
			names = names[r.names():]
		}
	}
}

// ByCentral returns the same rows in order of their central figures, those whose figures are equal in order of their keys.
func (r Rows) ByCentral(desc bool) Rows {
	r.placed = slices.Clone(r.placed)
	slices.SortStableFunc(r.placed, func(a, b placed) int {
		if desc {
			a, b = b, a
		}
		return a.tally.central().Cmp(b.tally.central())
	})
	return r
}

// Unconverted is money that could not be converted for want of a rate.
type Unconverted struct {
	Currency money.Currency
	Sum      money.Sum
}

// result makes the answer of what was added up.
func (e *evaluation) result(s *sheet, defects []string) Result {
	res := Result{Total: s.total.row(), Provisional: s.provisional, Defects: defects}
	if e.windowed {
		u := s.undated.row()
		u.Explanation = e.explain(&s.undated)
		res.Undated = &u
	}
	all := s.open.inOrder(e.keys)
	if len(e.GroupBy) > 0 {
		res.Rows = Rows{e, all}
	} else if len(all) == 1 {
		res.Total.Explanation = e.explain(all[0].tally)
	}
	return res
}
