// Package fx converts money at historical exchange rates, exactly and with one rounding. The reference rates of the European Central Bank from 1999-01-04 to 2026-04-13
// are built in.
//
// It does not know what is converted, nor when a conversion is asked for: the day is always given.
package fx

import (
	"maps"
	"math/big"
	"math/bits"
	"slices"
	"sort"

	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// Quote is what one euro is worth in a currency: Mantissa / 10^Decimals units of it.
type Quote struct {
	Currency money.Currency `json:"currency"`
	Mantissa int64          `json:"mantissa"`
	Decimals uint8          `json:"decimals"`
}

// Rates are the quotes of a day.
type Rates struct {
	Day    period.Day
	Quotes []Quote
}

// Euro is the currency through which all others are converted.
const Euro money.Currency = "EUR"

// staleAfter is how many days old a rate may be. An older one is no rate.
const staleAfter = 10

// maxOutcome bounds the outcome of a conversion, in minor units, so that a thousand of them can be added up in 64 bits (see money.MaxMinor). Of the quoted
// currencies only the Indonesian rupiah and the old lira and leu are so small that an amount of some billions of dollars comes near.
const maxOutcome = 1 << 53

// Table holds the rates of many days: a history, and what was recorded beside it. It is immutable. The zero Table has no rates.
//
// A currency is alive if it had a rate when the history ended (or in the ten days before), or has one since. The last rate of a living currency holds for every later
// day, provisionally, until a newer one of its own is recorded; what is recorded of other currencies does not change that.
type Table struct {
	newest period.Day // with which the history ends
	series map[money.Currency]*series
}

// series are the rates of one currency. quotes[i] belongs to days[i], the days ascend, and there is one. at[n] is the index of the last rate on or before the
// day days[0]+n, so that a look-up is one access.
type series struct {
	days   []period.Day
	quotes []rate
	at     []int32
}

type rate struct {
	mantissa uint64
	decimals uint8
}

func newSeries(days []period.Day, quotes []rate) *series {
	at := make([]int32, 0, days[len(days)-1]-days[0]+1)
	for i, next := range days[1:] {
		for range next - days[i] {
			at = append(at, int32(i))
		}
	}
	return &series{days: days, quotes: quotes, at: append(at, int32(len(days)-1))}
}

// before returns the index of the last rate on or before a day, -1 when there is none.
func (s *series) before(d period.Day) int {
	switch n := int(d - s.days[0]); {
	case n < 0:
		return -1
	case n < len(s.at):
		return int(s.at[n])
	}
	return len(s.days) - 1
}

// With returns a table that has these rates too, in place of what it has for the same day and currency. Of two for the same day and currency the later one counts.
func (t *Table) With(days []Rates) *Table {
	added := map[money.Currency]map[period.Day]rate{}
	for _, r := range days {
		for _, q := range r.Quotes {
			if added[q.Currency] == nil {
				added[q.Currency] = map[period.Day]rate{}
			}
			added[q.Currency][r.Day] = rate{mantissa: uint64(q.Mantissa), decimals: q.Decimals}
		}
	}
	out := &Table{newest: t.newest, series: make(map[money.Currency]*series, len(t.series))}
	maps.Copy(out.series, t.series)
	for c, rates := range added {
		if s := t.series[c]; s != nil {
			for i, d := range s.days {
				if _, replaced := rates[d]; !replaced {
					rates[d] = s.quotes[i]
				}
			}
		}
		order := slices.Sorted(maps.Keys(rates))
		quotes := make([]rate, len(order))
		for i, d := range order {
			quotes[i] = rates[d]
		}
		out.series[c] = newSeries(order, quotes)
	}
	return out
}

// Newest returns the day with which the history ends. What was recorded beside it may be later.
func (t *Table) Newest() period.Day { return t.newest }

// Settles tells whether the history has a rate of a currency for a day: one that was published then, or in the ten days before. What is recorded does not replace it.
func (t *Table) Settles(c money.Currency, on period.Day) bool {
	_, _, ok := t.Quote(c, on)
	return ok && on <= t.newest
}

// Quote returns the last rate of a currency on or before a day, and its day. ok is false when there is none or it is stale: more than ten days older than the day, unless
// it is the last of a living currency.
func (t *Table) Quote(c money.Currency, on period.Day) (q Quote, day period.Day, ok bool) {
	s := t.series[c]
	if s == nil {
		return Quote{}, 0, false
	}
	i, _ := t.find(s, on)
	if i < 0 {
		return Quote{}, 0, false
	}
	r := s.quotes[i]
	return Quote{Currency: c, Mantissa: int64(r.mantissa), Decimals: r.decimals}, s.days[i], true
}

// find returns the index of the rate that holds on a day, -1 when there is none. It is provisional when it is the last of a living currency and the day is later.
func (t *Table) find(s *series, on period.Day) (i int, provisional bool) {
	newest := len(s.days) - 1
	if last := s.days[newest]; on > last && last >= t.newest-staleAfter {
		return newest, true
	}
	if i = s.before(on); i < 0 || on-s.days[i] > staleAfter {
		return -1, false
	}
	return i, false
}

// Between returns the rates of a currency from one day to another, both included, in order.
func (t *Table) Between(c money.Currency, from, to period.Day) []Rates {
	s := t.series[c]
	if s == nil {
		return nil
	}
	var out []Rates
	for i := sort.Search(len(s.days), func(i int) bool { return s.days[i] >= from }); i < len(s.days) && s.days[i] <= to; i++ {
		out = append(out, Rates{Day: s.days[i], Quotes: []Quote{{Currency: c, Mantissa: int64(s.quotes[i].mantissa), Decimals: s.quotes[i].decimals}}})
	}
	return out
}

// Converted is the outcome of a conversion, in minor units.
type Converted struct {
	Minor       int64
	Provisional bool // at the last rate that there is, which is older than the day
}

// Convert converts an amount in minor units at the last known rates on or before a day, through the euro, in exact rationals, rounded once, half to even. The
// same currency is never converted. ok is false when either currency has no rate that is not stale (see Quote), or the outcome is 2^53 minor units or more.
func (t *Table) Convert(minor int64, from, to money.Currency, on period.Day) (c Converted, ok bool) {
	if from == to {
		return Converted{Minor: minor}, true
	}
	a, provisionalA, okA := t.euro(from, on)
	b, provisionalB, okB := t.euro(to, on)
	if !okA || !okB {
		return Converted{}, false
	}
	// minor / 10^e(from) / (a.mantissa / 10^a.decimals) · (b.mantissa / 10^b.decimals) · 10^e(to)
	shift := int(a.decimals) + to.Exponent() - int(b.decimals) - from.Exponent()
	num, okNum := scale(b.mantissa, shift)
	den, okDen := scale(a.mantissa, -shift)
	if okNum && okDen {
		c.Minor, ok = divide(minor, num, den)
	} else {
		c.Minor, ok = divideBig(minor, b.mantissa, a.mantissa, shift)
	}
	if !ok {
		return Converted{}, false
	}
	c.Provisional = provisionalA || provisionalB
	return c, true
}

// euro returns the rate of a currency on a day; that of the euro is 1.
func (t *Table) euro(c money.Currency, on period.Day) (r rate, provisional, ok bool) {
	if c == Euro {
		return rate{mantissa: 1}, false, true
	}
	s := t.series[c]
	if s == nil {
		return rate{}, false, false
	}
	i, provisional := t.find(s, on)
	if i < 0 {
		return rate{}, false, false
	}
	return s.quotes[i], provisional, true
}

// scale multiplies by 10^n where n is above 0; ok is false when the product does not fit into 64 bits.
func scale(m uint64, n int) (product uint64, ok bool) {
	for ; n > 0; n-- {
		hi, lo := bits.Mul64(m, 10)
		if hi != 0 {
			return 0, false
		}
		m = lo
	}
	return m, true
}

// divide returns minor·num/den, rounded half to even; ok is false when it is maxOutcome or more.
func divide(minor int64, num, den uint64) (quotient int64, ok bool) {
	hi, lo := bits.Mul64(uint64(max(minor, -minor)), num)
	if hi >= den {
		return 0, false
	}
	if q, _ := bits.Div64(hi, lo, den); q >= maxOutcome {
		return 0, false
	}
	return money.Share(minor, num, den), true
}

// divideBig is divide for num·10^shift/den beyond 64 bits, as recorded rates with many decimals can make it.
func divideBig(minor int64, num, den uint64, shift int) (quotient int64, ok bool) {
	n, d := new(big.Int).SetUint64(num), new(big.Int).SetUint64(den)
	if shift > 0 {
		n.Mul(n, power(shift))
	} else {
		d.Mul(d, power(-shift))
	}
	q := new(big.Int).Mul(big.NewInt(minor), n)
	if q.Quo(q, d); q.CmpAbs(big.NewInt(maxOutcome)) >= 0 {
		return 0, false
	}
	return money.ShareBig(minor, n, d), true
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
