package period

import (
	"fmt"
	"iter"
)

// Span is the days from First to Last, both included.
type Span struct{ First, Last Day }

// Days returns how many days there are; a span that ends before it begins has none.
func (s Span) Days() int { return max(0, int(s.Last-s.First)+1) }

// Contains tells whether a day is in the span.
func (s Span) Contains(d Day) bool { return s.First <= d && d <= s.Last }

// Intersect returns the days that both spans have; ok is false when there are none.
func (s Span) Intersect(t Span) (both Span, ok bool) {
	both = Span{First: max(s.First, t.First), Last: min(s.Last, t.Last)}
	return both, both.First <= both.Last
}

// Unit is a kind of period.
type Unit uint8

// The units.
const (
	Year Unit = iota
	Quarter
	Month
)

// Calendar cuts time into years, quarters and months. FirstMonth is the month with which a year begins: 1 (or 0) for the calendar year, 10 for the
// fiscal year of the United States, 4 for that of the United Kingdom. A fiscal year bears the name of the calendar year in which it ends.
type Calendar struct{ FirstMonth int }

// Period returns the period of a unit in which a day lies, and its key: "2023", "2023-Q1", "2023-02"; a fiscal year is "FY2023", its quarter "FY2023-Q1".
func (c Calendar) Period(unit Unit, day Day) (key string, span Span) {
	y, m, _ := day.Civil()
	if unit == Month {
		return fmt.Sprintf("%04d-%02d", y, m), Span{First: Of(y, m, 1), Last: Of(y, m+1, 1) - 1}
	}
	first := max(c.FirstMonth, 1)
	start := y // the calendar year in which the year of the calendar begins
	if m < first {
		start--
	}
	name := fmt.Sprintf("%04d", start)
	if first > 1 {
		name = fmt.Sprintf("FY%04d", start+1)
	}
	if unit == Year {
		return name, Span{First: Of(start, first, 1), Last: Of(start+1, first, 1) - 1}
	}
	quarter := ((m - first + 12) % 12) / 3
	return fmt.Sprintf("%s-Q%d", name, quarter+1), Span{First: Of(start, first+3*quarter, 1), Last: Of(start, first+3*quarter+3, 1) - 1}
}

// Each returns the periods of a unit that have days of a span, with those days, in order.
func (c Calendar) Each(unit Unit, s Span) iter.Seq2[string, Span] {
	return func(yield func(string, Span) bool) {
		for day := s.First; day <= s.Last; {
			key, whole := c.Period(unit, day)
			part, _ := whole.Intersect(s)
			if !yield(key, part) {
				return
			}
			day = whole.Last + 1
		}
	}
}
