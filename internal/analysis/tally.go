package analysis

import (
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/money"
)

// tally adds up a row. A grant adds to it part by part; what is counted by grant is counted once.
type tally struct {
	sums        [3]money.Sum
	exact       money.Sum // to be added to all three
	open        bool
	counts      counts
	last        counts // the numbers of the grants that were counted last, plus one
	unconverted map[money.Currency]*money.Sum
	pieces      []piece // for the explanation
}

type counts struct{ grants, unknown, unconverted int }

// see counts a grant, which is told by its number.
func (t *tally) see(number int, f *figure) {
	once(&t.counts.grants, &t.last.grants, number)
	t.open = t.open || f.open
}

func (t *tally) seeUnknown(number int) { once(&t.counts.unknown, &t.last.unknown, number) }

func once(count, last *int, number int) {
	if *last != number+1 {
		*last = number + 1
		*count++
	}
}

func (t *tally) add(v triple) {
	for i := range t.sums {
		t.sums[i].Add(v[i])
	}
}

// addPlain adds an amount of a grant all of whose three figures it is.
func (t *tally) addPlain(number int, amount int64) {
	t.exact.Add(amount)
	once(&t.counts.grants, &t.last.grants, number)
}

func (t *tally) addUnconverted(number int, c money.Currency, central int64) {
	once(&t.counts.unconverted, &t.last.unconverted, number)
	if t.unconverted == nil {
		t.unconverted = map[money.Currency]*money.Sum{}
	}
	if t.unconverted[c] == nil {
		t.unconverted[c] = &money.Sum{}
	}
	t.unconverted[c].Add(central)
}

// merge adds the tally of other grants.
func (t *tally) merge(o *tally) {
	for i := range t.sums {
		t.sums[i].AddSum(o.sums[i])
	}
	t.exact.AddSum(o.exact)
	t.pieces = append(t.pieces, o.pieces...)
	t.open = t.open || o.open
	t.counts.grants += o.counts.grants
	t.counts.unknown += o.counts.unknown
	t.counts.unconverted += o.counts.unconverted
	for c, sum := range o.unconverted {
		if t.unconverted == nil {
			t.unconverted = map[money.Currency]*money.Sum{}
		}
		if t.unconverted[c] == nil {
			t.unconverted[c] = &money.Sum{}
		}
		t.unconverted[c].AddSum(*sum)
	}
}

func (t *tally) row() Row {
	for i := range t.sums {
		t.sums[i].AddSum(t.exact)
	}
	t.exact = money.Sum{}
	r := Row{
		Lower: t.sums[0], Central: t.sums[1], Upper: t.sums[2], UpperOpen: t.open,
		GrantCount: t.counts.grants, UnknownCount: t.counts.unknown, UnconvertedCount: t.counts.unconverted,
	}
	for c, sum := range t.unconverted {
		r.Unconverted = append(r.Unconverted, Unconverted{c, *sum})
	}
	slices.SortFunc(r.Unconverted, func(a, b Unconverted) int { return strings.Compare(string(a.Currency), string(b.Currency)) })
	return r
}
