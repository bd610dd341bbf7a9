package period

import "fmt"

// Span is the days from First to Last, both included.
type Span struct{ First, Last Day }

// Days returns how many days there are; a span that ends before it begins has none.
func (s Span) Days() int { return max(0, int(s.Last-s.First)+1) }

// Contains tells whether a day is in the span.
func (s Span) Contains(d Day) bool { return s.First <= d && d <= s.Last }

// Elapsed returns how many of the days have passed by the end of a day.
func (s Span) Elapsed(by Day) int { return Span{First: s.First, Last: min(s.Last, by)}.Days() }

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
//
// The periods of a unit are numbered without gaps: see Index.
type Calendar struct{ FirstMonth int }

// Index returns the number of the period of a unit in which a day lies.
func (c Calendar) Index(unit Unit, day Day) int {
	y, m, _ := day.Civil()
	months := y*12 + m - 1
	if unit == Month {
		return months
	}
	return floorDiv(months-c.shift(), unit.months())
}

// Span returns the days of the period with a number.
func (c Calendar) Span(unit Unit, index int) Span {
	month := index * unit.months()
	if unit != Month {
		month += c.shift()
	}
	return Span{First: Of(0, month+1, 1), Last: Of(0, month+unit.months()+1, 1) - 1}
}

// Key returns the name of the period with a number: "2023", "2023-Q1", "2023-02"; a fiscal year is "FY2023", its quarter "FY2023-Q1".
func (c Calendar) Key(unit Unit, index int) string {
	switch unit {
	case Month:
		return fmt.Sprintf("%04d-%02d", index/12, index%12+1)
	case Quarter:
		return fmt.Sprintf("%s-Q%d", c.Key(Year, floorDiv(index, 4)), index-4*floorDiv(index, 4)+1)
	}
	if c.shift() > 0 {
		return fmt.Sprintf("FY%04d", index+1)
	}
	return fmt.Sprintf("%04d", index)
}

// shift is by how many months a year begins later than in January.
func (c Calendar) shift() int { return max(c.FirstMonth, 1) - 1 }

func (u Unit) months() int { return [...]int{Year: 12, Quarter: 3, Month: 1}[u] }
