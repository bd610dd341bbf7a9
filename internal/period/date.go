package period

import "fmt"

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
	if d, ok := parse(s); ok {
		return d, nil
	}
	return Date{}, fmt.Errorf("found %q; accepted is a year, a month or a day that exists, such as 2016, 2015-09 or 2023-02-01, from %d to %d", s, minYear, maxYear)
}

func parse[T string | []byte](s T) (d Date, ok bool) {
	month, day := 1, 1
	switch len(s) {
	case 4:
		d.Precision = ToYear
	case 7:
		d.Precision = ToMonth
	case 10:
		d.Precision = ToDay
		if s[7] != '-' {
			return Date{}, false
		}
		day = number(s[8:])
	default:
		return Date{}, false
	}
	if d.Precision > ToYear {
		if s[4] != '-' {
			return Date{}, false
		}
		month = number(s[5:7])
	}
	year := number(s[:4])
	if year < minYear || year > maxYear || month < 1 || month > 12 || day < 1 {
		return Date{}, false
	}
	d.First = Of(year, month, day)
	// Only the days after the 28th are not in each month: a 30 February would be a day of March.
	return d, day <= 28 || d.First < Of(year, month+1, 1)
}

// number reads decimal digits; it is -1 when there is anything else.
func number[T string | []byte](s T) int {
	n := 0
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return -1
		}
		n = 10*n + int(c-'0')
	}
	return n
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

// PlusMonths returns the last day of a span of n months that starts with the date: 2023-02-01 and 36 give 2026-01-31. It is the day before the same day n months
// later or, where that month has no such day, the month's last: 2023-01-31 and 1 give 2023-02-28.
func (d Date) PlusMonths(n int) Day {
	y, m, day := d.First.Civil()
	sameDay, monthEnd := Of(y, m+n, day), Of(y, m+n+1, 1)-1
	return min(sameDay-1, monthEnd)
}

// String writes the date as precisely as it is known; no date is "".
func (d Date) String() string {
	var room [10]byte
	text, _ := d.AppendText(room[:0]) // it has no error
	return string(text)
}

// AppendText writes the date behind what is there.
func (d Date) AppendText(out []byte) ([]byte, error) {
	day := d.First.append(out)
	switch d.Precision {
	case None:
		return out, nil
	case ToYear:
		return day[:len(out)+len("2016")], nil
	case ToMonth:
		return day[:len(out)+len("2016-01")], nil
	}
	return day, nil
}

// MarshalText writes the date.
func (d Date) MarshalText() ([]byte, error) { return d.AppendText(nil) }

// UnmarshalText reads a date, and no date from no text.
func (d *Date) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	if read, ok := parse(text); ok { // as it mostly is, without a copy
		*d = read
		return nil
	}
	*d, err = ParseDate(string(text))
	return err
}

// Meets tells whether two dates can be the same day: whether one is within the other, as 2022-03-08 is within 2022. No date meets none.
func (d Date) Meets(e Date) bool {
	return !d.IsZero() && !e.IsZero() && d.First <= e.Last() && e.First <= d.Last()
}
