package period

import (
	"fmt"
	"strconv"
)

// Precision is how precisely a date is known.
type Precision uint8

// The precisions of a date. None is that of the zero Date, which is no date.
const (
	None Precision = iota
	ToYear
	ToMonth
	ToDay
)

// Date is a year, a month or a day. The zero Date is no date.
type Date struct {
	First     Day // the first day of what it names
	Precision Precision
}

// The years that ParseDate accepts.
const (
	minYear = 1900
	maxYear = 2199
)

// ParseDate reads "2016", "2015-09" or "2023-02-01". Its error says what is accepted.
func ParseDate(s string) (Date, error) {
	bad := fmt.Errorf("found %q; accepted is a year, a month or a day that exists, such as 2016, 2015-09 or 2023-02-01, from %d to %d", s, minYear, maxYear)
	month, day, precision := 1, 1, ToYear
	var ok [3]bool
	year, okYear := digits(s, 0, 4)
	ok[0] = okYear
	switch len(s) {
	case 4:
		ok[1], ok[2] = true, true
	case 7:
		precision = ToMonth
		month, ok[1] = digits(s, 5, 7)
		ok[2] = s[4] == '-'
	case 10:
		precision = ToDay
		month, ok[1] = digits(s, 5, 7)
		day, ok[2] = digits(s, 8, 10)
		ok[2] = ok[2] && s[4] == '-' && s[7] == '-'
	default:
		return Date{}, bad
	}
	if ok != [3]bool{true, true, true} || year < minYear || year > maxYear || month < 1 || month > 12 || day < 1 {
		return Date{}, bad
	}
	d := Of(year, month, day)
	if _, m, _ := d.Civil(); m != month || day > 31 {
		return Date{}, bad
	}
	return Date{First: d, Precision: precision}, nil
}

func digits(s string, from, to int) (int, bool) {
	if len(s) < to {
		return 0, false
	}
	for _, c := range []byte(s[from:to]) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(s[from:to])
	return n, err == nil
}

// IsZero tells whether it is no date.
func (d Date) IsZero() bool { return d.Precision == None }

// Last returns the last day of what the date names.
func (d Date) Last() Day {
	y, m, _ := d.First.Civil()
	switch d.Precision {
	case ToYear:
		return Of(y+1, 1, 1) - 1
	case ToMonth:
		return Of(y, m+1, 1) - 1
	}
	return d.First
}

// PlusMonths returns the last day of a span of n months that starts with the date: 2023-02-01 and 36 give 2026-01-31. A span that would start after the
// last day of its final month ends with that month.
func (d Date) PlusMonths(n int) Day {
	y, m, day := d.First.Civil()
	end := Of(y, m+n+1, 1) - 1 // the last day of the month in which the span ends
	if first := Of(y, m+n, 1); first+Day(day)-1 <= end {
		end = first + Day(day) - 1
		return end - 1
	}
	return end
}

// String writes the date as precisely as it is known; no date is "".
func (d Date) String() string {
	s := d.First.String()
	switch d.Precision {
	case None:
		return ""
	case ToYear:
		return s[:4]
	case ToMonth:
		return s[:7]
	}
	return s
}

// MarshalText writes the date.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a date, and no date from no text.
func (d *Date) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	*d, err = ParseDate(string(text))
	return err
}
