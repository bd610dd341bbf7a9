// Package fx converts money at historical exchange rates, exactly and with one rounding. The reference rates of the European Central Bank from 1999-01-04 to 2026-04-13
// are built in.
//
// It does not know what is converted, nor when a conversion is asked for: the day is always given.
package fx

import (
	"math"
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

// Table holds the rates of many days. It is immutable.
type Table struct {
	first, newest period.Day
	series        map[money.Currency]*series
}

// series are the rates of one currency. quotes[i] belongs to days[i]; at[d] is one more than the index of the last rate on or before the day first+d of the
// table, 0 when there is none, so that a look-up is one access.
type series struct {
	days   []period.Day
	quotes []rate
	at     []int32
}

type rate struct {
	mantissa uint64
	decimals uint8
}

// newTable builds a table of rates, which may be in any order. A later set of rates for the same day and currency takes the place of an earlier one.
func newTable(all map[money.Currency]map[period.Day]rate) *Table {
	t := &Table{first: math.MaxInt32, newest: math.MinInt32, series: make(map[money.Currency]*series, len(all))}
	for _, days := range all {
		for d := range days {
			t.first, t.newest = min(t.first, d), max(t.newest, d)
		}
	}
	for c, days := range all {
		s := &series{at: make([]int32, t.newest-t.first+1)}
		for d := range days {
			s.days = append(s.days, d)
		}
		slices.Sort(s.days)
		for i, d := range s.days {
			s.quotes = append(s.quotes, days[d])
			end := t.newest + 1
			if i+1 < len(s.days) {
				end = s.days[i+1]
			}
			for ; d < end; d++ {
				s.at[d-t.first] = int32(i + 1)
			}
		}
		t.series[c] = s
	}
	return t
}

// With returns a table that has these rates too, in place of what it has for the same day and currency.
func (t *Table) With(days []Rates) *Table {
	all := make(map[money.Currency]map[period.Day]rate, len(t.series))
	for c, s := range t.series {
		all[c] = make(map[period.Day]rate, len(s.days))
		for i, d := range s.days {
			all[c][d] = s.quotes[i]
		}
	}
	for _, r := range days {
		for _, q := range r.Quotes {
			if all[q.Currency] == nil {
				all[q.Currency] = map[period.Day]rate{}
			}
			all[q.Currency][r.Day] = rate{mantissa: uint64(q.Mantissa), decimals: q.Decimals}
		}
	}
	return newTable(all)
}

// Newest returns the newest day that has a rate.
func (t *Table) Newest() period.Day { return t.newest }

// Quote returns the last rate of a currency on or before a day, and its day. ok is false when there is none or it is stale: more than ten days older than the day or, for
// a day after the newest of the table, than that.
func (t *Table) Quote(c money.Currency, on period.Day) (q Quote, day period.Day, ok bool) {
	s := t.series[c]
	on = min(on, t.newest)
	if s == nil || on < t.first {
		return Quote{}, 0, false
	}
	i := s.at[on-t.first]
	if i == 0 || on-s.days[i-1] > staleAfter {
		return Quote{}, 0, false
	}
	r := s.quotes[i-1]
	return Quote{Currency: c, Mantissa: int64(r.mantissa), Decimals: r.decimals}, s.days[i-1], true
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
	Provisional bool // converted at the newest rate, which is older than the day
}

// Convert converts an amount in minor units at the last known rates on or before a day, through the euro, in exact rationals, rounded once, half to even. The
// same currency is never converted. ok is false when either currency has no rate that is not stale (see Quote), or the outcome does not fit into 64 bits.
func (t *Table) Convert(minor int64, from, to money.Currency, on period.Day) (c Converted, ok bool) {
	if from == to {
		return Converted{Minor: minor}, true
	}
	a, okA := t.euro(from, on)
	b, okB := t.euro(to, on)
	if !okA || !okB {
		return Converted{}, false
	}
	// minor / 10^e(from) / (a.m / 10^a.d) · (b.m / 10^b.d) · 10^e(to)
	up, down := int(a.decimals)+to.Exponent(), int(b.decimals)+from.Exponent()
	num, den := b.mantissa, a.mantissa
	if up > down {
		num *= pow10(up - down)
	} else {
		den *= pow10(down - up)
	}
	hi, lo := bits.Mul64(uint64(max(minor, -minor)), num)
	if hi >= den || !fits(hi, lo, den) {
		return Converted{}, false
	}
	return Converted{Minor: money.Share(minor, num, den), Provisional: on > t.newest}, true
}

// fits tells whether the quotient of a 128-bit number stays below 2^63 with room for the rounding.
func fits(hi, lo, den uint64) bool {
	q, _ := bits.Div64(hi, lo, den)
	return q < math.MaxInt64
}

// euro returns the rate of a currency on a day; that of the euro is 1.
func (t *Table) euro(c money.Currency, on period.Day) (rate, bool) {
	if c == Euro {
		return rate{mantissa: 1}, on >= t.first
	}
	q, _, ok := t.Quote(c, on)
	return rate{mantissa: uint64(q.Mantissa), decimals: q.Decimals}, ok
}

func pow10(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}

// Decimal writes a quote as it was published, without trailing zeros being told apart: 1.0823.
func (q Quote) Decimal() string {
	r := new(big.Rat).SetFrac(big.NewInt(q.Mantissa), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(q.Decimals)), nil))
	return r.FloatString(int(q.Decimals))
}
