// Package money reckons with money exactly: amounts in minor units of ISO 4217 currencies, what is known of their exactness, and the one law by which they are
// cut into parts. There is no float in it.
//
// It does not convert: exchange rates are package fx. It does not know what an amount is for.
package money

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Currency is an ISO 4217 code, such as USD.
type Currency string

// ParseCurrency accepts a known code in capital letters. What it returns shares no memory with the text, which may be a piece of a large file.
func ParseCurrency(s string) (Currency, error) {
	c, ok := codes[s]
	if !ok {
		return "", fmt.Errorf("found %q; accepted is an ISO 4217 code in capital letters, such as USD, EUR or ILS", s)
	}
	return c, nil
}

// codes are the keys of currencies.
var codes = func() map[string]Currency {
	all := make(map[string]Currency, len(currencies))
	for c := range currencies {
		all[string(c)] = c
	}
	return all
}()

// Exponent returns the number of decimals of the currency: JPY 0, USD 2, KWD 3.
func (c Currency) Exponent() int { return int(currencies[c].exponent) }

// Name returns the currency's name in English.
func (c Currency) Name() string { return currencies[c].name }

// Currencies returns every known code in order.
func Currencies() []Currency { return slices.Sorted(maps.Keys(currencies)) }

// Money is an amount in minor units of a currency.
type Money struct {
	Currency Currency
	Minor    int64
}

// MaxMinor bounds an amount that can be entered, in minor units: a trillion dollars. A thousand of them, more than which no grant has, sum within 64 bits; so do the
// outcomes of a thousand conversions, which package fx bounds for that.
const MaxMinor = 100_000_000_000_000

// Parse reads a decimal number such as 3300000.00, -16867 or 0.5, with at most as many decimals as the currency has, which is
// a known one. Its error says what was found and what is accepted.
func Parse(c Currency, s string) (Money, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if whole == "" || point && fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return Money{}, fmt.Errorf("found %q; accepted is a decimal number without separators, such as 3300000.00", s)
	}
	if e := c.Exponent(); len(fraction) > e {
		return Money{}, fmt.Errorf("found %q with %d decimals; %s has %d", s, len(fraction), c, e)
	}
	fraction += strings.Repeat("0", c.Exponent()-len(fraction))
	minor, err := strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil || minor > MaxMinor {
		return Money{}, fmt.Errorf("found %q; accepted is at most %s either way", s, FormatMinor(c, MaxMinor))
	}
	if negative {
		minor = -minor
	}
	return Money{Currency: c, Minor: minor}, nil
}

func allDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// Decimal writes the amount with all its decimals: 3300000.00.
func (m Money) Decimal() string { return FormatMinor(m.Currency, m.Minor) }

// Rat is the amount as a number of the currency's units, not of its minor ones.
func (m Money) Rat() *big.Rat {
	return new(big.Rat).SetFrac(big.NewInt(m.Minor), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(m.Currency.Exponent())), nil))
}

// FormatMinor writes an amount in minor units with all the decimals of its currency.
func FormatMinor(c Currency, minor int64) string {
	return point(strconv.FormatInt(minor, 10), c.Exponent())
}

// point puts a decimal point into an integer, so that decimals digits stand after it.
func point(s string, decimals int) string {
	s, negative := strings.CutPrefix(s, "-")
	if len(s) <= decimals {
		s = strings.Repeat("0", decimals+1-len(s)) + s
	}
	if decimals > 0 {
		s = s[:len(s)-decimals] + "." + s[len(s)-decimals:]
	}
	if negative {
		s = "-" + s
	}
	return s
}

// Sum adds up amounts of one currency, in minor units, without overflow. The zero Sum is 0.
type Sum struct {
	hi int64
	lo uint64
}

// Add adds an amount.
func (s *Sum) Add(minor int64) { s.AddSum(SumOf(minor)) }

// AddSum adds a sum.
func (s *Sum) AddSum(t Sum) {
	lo := s.lo + t.lo
	s.hi += t.hi
	if lo < s.lo {
		s.hi++
	}
	s.lo = lo
}

// Minus returns s without t.
func (s Sum) Minus(t Sum) Sum {
	lo, borrow := bits.Sub64(s.lo, t.lo, 0)
	return Sum{hi: s.hi - t.hi - int64(borrow), lo: lo}
}

// Percent returns how much s is of a whole, in percent with two decimals, rounded half to even: 60.00. It is "" when the whole is nothing.
func (s Sum) Percent(whole Sum) string {
	if whole == (Sum{}) {
		return ""
	}
	hundredths := new(big.Int).Mul(s.Big(), big.NewInt(100*100))
	return point(quotient(hundredths, whole.Big()).String(), 2)
}

// SumOf returns the sum of one amount.
func SumOf(minor int64) Sum { return Sum{hi: minor >> 63, lo: uint64(minor)} }

// Rat returns the sum as a rational number.
func (s Sum) Rat() *big.Rat { return new(big.Rat).SetInt(s.Big()) }

// Cmp compares two sums: -1, 0 or +1.
func (s Sum) Cmp(t Sum) int {
	switch {
	case s.hi != t.hi:
		return compare(s.hi < t.hi)
	case s.lo != t.lo:
		return compare(s.lo < t.lo)
	}
	return 0
}

func compare(less bool) int {
	if less {
		return -1
	}
	return 1
}

// Int64 returns the sum if it fits into 64 bits.
func (s Sum) Int64() (int64, bool) {
	return int64(s.lo), s.hi == int64(s.lo)>>63
}

// MarshalText writes the sum in minor units.
func (s Sum) MarshalText() ([]byte, error) { return []byte(s.Big().String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Sum) UnmarshalText(text []byte) error {
	b, ok := new(big.Int).SetString(string(text), 10)
	if !ok || b.BitLen() > 127 {
		return fmt.Errorf("found %q; accepted is an integer of at most 127 bits", text)
	}
	s.lo = new(big.Int).And(b, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
	s.hi = new(big.Int).Rsh(b, 64).Int64()
	return nil
}

// Big returns the sum in minor units.
func (s Sum) Big() *big.Int {
	b := new(big.Int).Lsh(big.NewInt(s.hi), 64)
	return b.Add(b, new(big.Int).SetUint64(s.lo))
}

// Decimal writes the sum with all the decimals of its currency.
func (s Sum) Decimal(c Currency) string {
	if v, ok := s.Int64(); ok {
		return FormatMinor(c, v)
	}
	return point(s.Big().String(), c.Exponent())
}
