package analysis

import (
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/money"
)

// tally adds up a row. A grant adds to it part by part; what is counted by grant is counted once. There may be millions of them, so that what few rows need is elsewhere.
type tally struct {
	exact  money.Sum // of amounts whose three figures are one
	grants counter
	rest   *rest // nil while there is nothing in it
}

// rest is what rows need that are not made of plain grants alone.
type rest struct {
	sums                 [3]money.Sum // to which exact is to be added
	open                 bool
	unknown, unconverted counter
	currencies           map[money.Currency]*money.Sum
	undisclosed          bool    // another donor is present
	pieces               []piece // for the explanation
}

// counter counts grants, each of which comes with all its parts before the next one.
type counter struct {
	count int32
	last  int32 // the number of the grant that was counted last, plus one
}

func (c *counter) see(number int) {
	if c.last != int32(number)+1 {
		c.last = int32(number) + 1
		c.count++
	}
}

// empty tells whether nothing was added: there is no row for it.
func (t *tally) empty() bool { return t.grants.count == 0 && t.rest == nil }

func (t *tally) more() *rest {
	if t.rest == nil {
		t.rest = &rest{}
	}
	return t.rest
}

// see counts a grant, which is told by its number.
func (t *tally) see(number int, f *figure) {
	t.grants.see(number)
	if f.open {
		t.more().open = true
	}
}

func (t *tally) seeUnknown(number int) { t.more().unknown.see(number) }

func (t *tally) add(v triple) {
	if v[0] == v[1] && v[1] == v[2] {
		t.exact.Add(v[1])
		return
	}
	sums := &t.more().sums
	for i := range sums {
		sums[i].Add(v[i])
	}
}

// addPlain adds an amount of a grant all of whose three figures it is.
func (t *tally) addPlain(number int, amount int64) {
	t.exact.Add(amount)
	t.grants.see(number)
}

func (t *tally) addUnconverted(number int, c money.Currency, central int64) {
	r := t.more()
	r.unconverted.see(number)
	r.of(c).Add(central)
}

func (r *rest) of(c money.Currency) *money.Sum {
	if r.currencies == nil {
		r.currencies = map[money.Currency]*money.Sum{}
	}
	if r.currencies[c] == nil {
		r.currencies[c] = &money.Sum{}
	}
	return r.currencies[c]
}

// merge adds the tally of other grants.
func (t *tally) merge(o *tally) {
	t.exact.AddSum(o.exact)
	t.grants.count += o.grants.count
	if o.rest == nil {
		return
	}
	r := t.more()
	for i := range r.sums {
		r.sums[i].AddSum(o.rest.sums[i])
	}
	r.open = r.open || o.rest.open
	r.undisclosed = r.undisclosed || o.rest.undisclosed
	r.pieces = append(r.pieces, o.rest.pieces...)
	r.unknown.count += o.rest.unknown.count
	r.unconverted.count += o.rest.unconverted.count
	for c, sum := range o.rest.currencies {
		r.of(c).AddSum(*sum)
	}
}

// central returns the central figure.
func (t *tally) central() money.Sum {
	sum := t.exact
	if t.rest != nil {
		sum.AddSum(t.rest.sums[1])
	}
	return sum
}

func (t *tally) row() Row {
	r := Row{Lower: t.exact, Central: t.exact, Upper: t.exact, GrantCount: int(t.grants.count)}
	if t.rest == nil {
		return r
	}
	for i, figure := range []*money.Sum{&r.Lower, &r.Central, &r.Upper} {
		figure.AddSum(t.rest.sums[i])
	}
	r.Undisclosed = t.rest.undisclosed
	r.UpperOpen, r.UnknownCount, r.UnconvertedCount = t.rest.open, int(t.rest.unknown.count), int(t.rest.unconverted.count)
	for c, sum := range t.rest.currencies {
		r.Unconverted = append(r.Unconverted, Unconverted{c, *sum})
	}
	slices.SortFunc(r.Unconverted, func(a, b Unconverted) int { return strings.Compare(string(a.Currency), string(b.Currency)) })
	return r
}
