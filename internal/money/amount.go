package money

import (
	"fmt"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/fault"
)

// Qualifier says how exactly an amount is known.
type Qualifier uint8

// The qualifiers.
const (
	Exact Qualifier = iota
	Rounded
	AtLeast
	UpTo
	Range
	Unknown
)

var qualifiers = []string{"EXACT", "ROUNDED", "AT_LEAST", "UP_TO", "RANGE", "UNKNOWN"}

// String returns the word of the contract, such as AT_LEAST, and "" for what is no qualifier.
func (q Qualifier) String() string {
	if int(q) < len(qualifiers) {
		return qualifiers[q]
	}
	return ""
}

// MarshalText writes the word.
func (q Qualifier) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText reads the word.
func (q *Qualifier) UnmarshalText(text []byte) error {
	i := slices.Index(qualifiers, string(text))
	if i < 0 {
		return fmt.Errorf("found %q; accepted are %s", text, strings.Join(qualifiers, ", "))
	}
	*q = Qualifier(i)
	return nil
}

// Amount is money with what is known about its exactness, in minor units. A Range has Low and High, an Unknown has no figure, all others have Minor.
type Amount struct {
	Currency  Currency  `json:"currency,omitzero"`
	Qualifier Qualifier `json:"qualifier"`
	Minor     int64     `json:"minor,omitzero"`
	Low       int64     `json:"low,omitzero"`
	High      int64     `json:"high,omitzero"`
}

// Validate checks that there are the figures of the qualifier and no others, and that a range is one. Its error is Invalid, with the fields money, money.currencyCode, low,
// high or qualifier.
func (a Amount) Validate() error {
	var v fault.List
	if a.Qualifier.String() == "" {
		v.Add("qualifier", "found %d; accepted are %s", uint8(a.Qualifier), strings.Join(qualifiers, ", "))
		return v.Err()
	}
	if _, err := ParseCurrency(string(a.Currency)); err != nil && (a.Qualifier != Unknown || a.Currency != "") {
		v.Add("money.currencyCode", "%v", err)
	}
	if a.Minor != 0 && (a.Qualifier == Unknown || a.Qualifier == Range) {
		v.Add("money", "is given while the qualifier is %s", a.Qualifier)
	}
	if a.Qualifier != Range && (a.Low != 0 || a.High != 0) {
		v.Add("low", "low and high are for the qualifier RANGE only")
	}
	if a.High < a.Low {
		v.Add("high", "%s is below low, %s", FormatMinor(a.Currency, a.High), FormatMinor(a.Currency, a.Low))
	}
	if a.Minor < 0 && (a.Qualifier == UpTo || a.Qualifier == AtLeast) {
		v.Add("money", "is negative; %s takes 0 or more", a.Qualifier)
	}
	checkSize(&v, "money", a.Currency, a.Minor)
	checkSize(&v, "low", a.Currency, a.Low)
	checkSize(&v, "high", a.Currency, a.High)
	return v.Err()
}

func checkSize(v *fault.List, field string, c Currency, minor int64) {
	if minor > MaxMinor || minor < -MaxMinor {
		v.Add(field, "found %s; accepted is at most %s either way", FormatMinor(c, minor), FormatMinor(c, MaxMinor))
	}
}

// Bounds is the least, the best and the greatest that an amount can be, in minor units. Open says that it may be greater still.
type Bounds struct {
	Lower, Central, Upper int64
	Open                  bool
}

// Bounds returns the bounds of the amount. Of an Unknown they are all 0 and mean nothing: it is for the caller to count it as unknown. AT_LEAST x is x, open at the
// upper end; UP_TO x is 0 to x with x central; RANGE has its middle central, half to even.
func (a Amount) Bounds() Bounds {
	switch a.Qualifier {
	case Unknown:
		return Bounds{}
	case Range:
		return Bounds{Lower: a.Low, Central: Share(a.Low+a.High, 1, 2), Upper: a.High}
	case UpTo:
		return Bounds{Lower: 0, Central: a.Minor, Upper: a.Minor}
	}
	return Bounds{Lower: a.Minor, Central: a.Minor, Upper: a.Minor, Open: a.Qualifier == AtLeast}
}

// Neg returns the bounds of what the amount takes away. What is open above is then open below, which Bounds cannot say: Open is false.
func (b Bounds) Neg() Bounds {
	return Bounds{Lower: -b.Upper, Central: -b.Central, Upper: -b.Lower}
}
