// Package period reckons with days: dates that may be a year, a month or a day, spans of days, and the years, quarters and months that cut them.
//
// It knows no clock, no time zone and no time of day.
package period

import "fmt"

// Day is a day as the number of days since 1970-01-01.
type Day int32

// Of returns the day of a date in the Gregorian calendar. month may be any number: 13 is January of the year after. The formula is that of
// H. Hinnant, "chrono-compatible low-level date algorithms".
func Of(year, month, day int) Day {
	year += floorDiv(month-1, 12)
	month = month - 12*floorDiv(month-1, 12)
	if month <= 2 {
		year--
	}
	era := floorDiv(year, 400)
	yearOfEra := year - era*400
	dayOfYear := (153*((month+9)%12)+2)/5 + day - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return Day(era*146097 + dayOfEra - 719468)
}

// Civil returns the date of a day; it is the inverse of Of.
func (d Day) Civil() (year, month, day int) {
	z := int(d) + 719468
	era := floorDiv(z, 146097)
	dayOfEra := z - era*146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	shifted := (5*dayOfYear + 2) / 153
	day = dayOfYear - (153*shifted+2)/5 + 1
	month = (shifted+2)%12 + 1
	year = yearOfEra + era*400
	if month <= 2 {
		year++
	}
	return year, month, day
}

// AddMonths returns the same day n months later or, where that month has no such day, its last. n may be below 0.
func (d Day) AddMonths(n int) Day {
	y, m, day := d.Civil()
	return min(Of(y, m+n, day), Of(y, m+n+1, 1)-1)
}

// String writes the day as 2006-01-02.
func (d Day) String() string {
	var room [10]byte
	return string(d.append(room[:0]))
}

func (d Day) append(out []byte) []byte {
	y, m, day := d.Civil()
	if y < 0 || y > 9999 {
		return fmt.Appendf(out, "%04d-%02d-%02d", y, m, day)
	}
	// Every date of every grant passes here, both ways: digits are set by hand.
	return append(out, digit(y/1000), digit(y/100), digit(y/10), digit(y), '-', digit(m/10), digit(m), '-', digit(day/10), digit(day))
}

// digit is the last decimal of n.
func digit(n int) byte { return byte('0' + n%10) }

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
