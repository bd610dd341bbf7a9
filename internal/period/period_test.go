package period_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/allmep/tandem/internal/period"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// anyDay draws a day of the years that ParseDate accepts.
func anyDay(t *rapid.T) period.Day {
	return period.Day(rapid.IntRange(int(period.Of(1900, 1, 1)), int(period.Of(2199, 12, 31))).Draw(t, "day"))
}

func anyDate(t *rapid.T) period.Date {
	y, m, d := anyDay(t).Civil()
	switch precision := rapid.SampledFrom([]period.Precision{period.ToYear, period.ToMonth, period.ToDay}).Draw(t, "precision"); precision {
	case period.ToYear:
		return period.Date{First: period.Of(y, 1, 1), Precision: precision}
	case period.ToMonth:
		return period.Date{First: period.Of(y, m, 1), Precision: precision}
	default:
		return period.Date{First: period.Of(y, m, d), Precision: precision}
	}
}

// Package time is the oracle of the calendar, which is why the product's code need not know it.
func TestDaysAgreeWithPackageTime(t *testing.T) {
	for d := period.Of(1899, 12, 1); d <= period.Of(2300, 2, 1); d++ {
		want := time.Unix(int64(d)*86400, 0).UTC()
		y, m, day := d.Civil()
		if y != want.Year() || m != int(want.Month()) || day != want.Day() {
			t.Fatalf("day %d is %d-%d-%d; package time says %s", d, y, m, day, want.Format(time.DateOnly))
		}
		if back := period.Of(y, m, day); back != d {
			t.Fatalf("Of(%d, %d, %d) = %d; want %d", y, m, day, back, d)
		}
		if s := d.String(); s != want.Format(time.DateOnly) {
			t.Fatalf("day %d reads %q; want %s", d, s, want.Format(time.DateOnly))
		}
	}
}

func TestOfCarriesMonths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y, m := rapid.IntRange(1900, 2199).Draw(t, "year"), rapid.IntRange(-2000, 2000).Draw(t, "month")
		want := period.Day(time.Date(y, time.Month(m), 1, 0, 0, 0, 0, time.UTC).Unix() / 86400)
		if got := period.Of(y, m, 1); got != want {
			t.Fatalf("Of(%d, %d, 1) = %s; want %s", y, m, got, want)
		}
	})
}

func TestParseDate(t *testing.T) {
	for text, last := range map[string]string{
		"2016": "2016-12-31", "2015-09": "2015-09-30", "2023-02-01": "2023-02-01", "2024-02": "2024-02-29", "2100-02": "2100-02-28", "2000-02-29": "2000-02-29",
		"1900": "1900-12-31", "2199-12-31": "2199-12-31",
	} {
		d, err := period.ParseDate(text)
		if err != nil || d.String() != text || d.Last().String() != last {
			t.Errorf("ParseDate(%q) = %s, last day %s, %v; want last day %s", text, d, d.Last(), err, last)
		}
	}
	for _, text := range []string{
		"", "16", "2016-", "2016-9", "2016-00", "2016-13", "2023-02-29", "2100-02-29", "2023-04-31", "2023-01-00", "2023-01-32", "2023-1-01", "2023/01/01", "20230101",
		"1899", "2200", "2199-12-32", " 2016", "2016 ", "+016", "-016", "2016-+1", "0000", "٢٠١٦", "2023-01-01T00:00:00Z", "2016-1a", "about 2015",
	} {
		d, err := period.ParseDate(text)
		if err == nil {
			t.Errorf("ParseDate(%q) = %s; want an error", text, d)
		} else if !strings.Contains(err.Error(), "accepted") || !d.IsZero() {
			t.Errorf("ParseDate(%q) = %s, %v; want no date, and what is accepted", text, d, err)
		}
	}
}

func TestDateTextComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := struct {
			A, B period.Date `json:",omitzero"`
		}{A: anyDate(t)}
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got := want
		got.A = period.Date{}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
	var zero period.Date
	if text, err := zero.MarshalText(); err != nil || len(text) != 0 || !zero.IsZero() {
		t.Errorf("no date is written %q, %v; want nothing", text, err)
	}
	some := period.Date{First: 1, Precision: period.ToDay}
	if err := some.UnmarshalText(nil); err != nil || !some.IsZero() {
		t.Errorf("no text is read as %s, %v; want no date", some, err)
	}
}

func TestPlusMonths(t *testing.T) {
	for _, c := range []struct {
		start  string
		months int
		last   string
	}{
		{"2023-02-01", 36, "2026-01-31"},
		{"2021", 36, "2023-12-31"},
		{"2015-09", 12, "2016-08-31"},
		{"2023-01-15", 1, "2023-02-14"},
		{"2023-01-31", 1, "2023-02-28"}, // there is no 31 February from which the next span would start
		{"2023-01-30", 1, "2023-02-28"},
		{"2024-01-30", 1, "2024-02-29"},
		{"2024-02-29", 12, "2025-02-28"},
		{"2023-03-31", 1, "2023-04-30"},
		{"2023-12-01", 1, "2023-12-31"},
		{"2199-12-31", 1200, "2299-12-30"},
	} {
		d, err := period.ParseDate(c.start)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.PlusMonths(c.months); got.String() != c.last {
			t.Errorf("%d months from %s end on %s; want %s", c.months, c.start, got, c.last)
		}
	}
}

func TestLongerSpansEndLater(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, n := anyDate(t), rapid.IntRange(1, 1200).Draw(t, "months")
		shorter, longer := d.PlusMonths(n), d.PlusMonths(n+1)
		if shorter < d.First || longer <= shorter || longer-shorter > 31 {
			t.Fatalf("from %s, %d months end on %s and one more on %s", d, n, shorter, longer)
		}
	})
}

func TestSpan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		small := rapid.Int32Range(-20, 20)
		span := func(label string) period.Span {
			return period.Span{First: period.Day(small.Draw(t, label+" first")), Last: period.Day(small.Draw(t, label+" last"))}
		}
		a, b := span("a"), span("b")
		both, ok := a.Intersect(b)
		days := 0
		for d := period.Day(-30); d <= 30; d++ {
			if a.Contains(d) && b.Contains(d) {
				days++
				if !both.Contains(d) {
					t.Fatalf("%v ∩ %v = %v lacks day %d", a, b, both, d)
				}
			}
		}
		if both.Days() != days || ok != (days > 0) {
			t.Fatalf("%v ∩ %v = %v, %v with %d days; want %d", a, b, both, ok, both.Days(), days)
		}
	})
}

func TestCalendarKeys(t *testing.T) {
	us, plain, unsaid := period.Calendar{FirstMonth: 10}, period.Calendar{FirstMonth: 1}, period.Calendar{}
	for _, c := range []struct {
		calendar        period.Calendar
		unit            period.Unit
		day             string
		key, from, till string
	}{
		{plain, period.Year, "2023-12-31", "2023", "2023-01-01", "2023-12-31"},
		{unsaid, period.Year, "2023-12-31", "2023", "2023-01-01", "2023-12-31"},
		{plain, period.Quarter, "2023-02-28", "2023-Q1", "2023-01-01", "2023-03-31"},
		{plain, period.Month, "2024-02-29", "2024-02", "2024-02-01", "2024-02-29"},
		{us, period.Year, "2023-09-30", "FY2023", "2022-10-01", "2023-09-30"},
		{us, period.Year, "2023-10-01", "FY2024", "2023-10-01", "2024-09-30"},
		{us, period.Quarter, "2023-10-01", "FY2024-Q1", "2023-10-01", "2023-12-31"},
		{us, period.Quarter, "2024-09-30", "FY2024-Q4", "2024-07-01", "2024-09-30"},
		{us, period.Month, "2023-10-01", "2023-10", "2023-10-01", "2023-10-31"},
		{period.Calendar{FirstMonth: 4}, period.Year, "2024-03-31", "FY2024", "2023-04-01", "2024-03-31"},
	} {
		d, err := period.ParseDate(c.day)
		if err != nil {
			t.Fatal(err)
		}
		i := c.calendar.Index(c.unit, d.First)
		span := c.calendar.Span(c.unit, i)
		if key := c.calendar.Key(c.unit, i); key != c.key || span.First.String() != c.from || span.Last.String() != c.till {
			t.Errorf("%s lies in %s, %s to %s; want %s, %s to %s", c.day, key, span.First, span.Last, c.key, c.from, c.till)
		}
	}
}

// The periods of a unit cut time without gaps and without a day in two of them, and each has a name of its own.
func TestPeriodsCutTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := period.Calendar{FirstMonth: rapid.IntRange(0, 12).Draw(t, "first month")}
		unit := rapid.SampledFrom([]period.Unit{period.Year, period.Quarter, period.Month}).Draw(t, "unit")
		day := anyDay(t)
		i := c.Index(unit, day)
		span, next := c.Span(unit, i), c.Span(unit, i+1)
		if !span.Contains(day) || next.First != span.Last+1 || c.Index(unit, span.First) != i || c.Index(unit, span.Last) != i {
			t.Fatalf("%s is in period %d, %s to %s, and the next starts on %s", day, i, span.First, span.Last, next.First)
		}
		if c.Key(unit, i) >= c.Key(unit, i+1) {
			t.Fatalf("%s is followed by %s", c.Key(unit, i), c.Key(unit, i+1))
		}
	})
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2016", "2015-09", "2023-02-01", "2023-02-29", "", "２０１６"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := period.ParseDate(s)
		if err != nil {
			if !d.IsZero() {
				t.Fatalf("%q is refused and read as %s", s, d)
			}
			return
		}
		if d.String() != s || d.First > d.Last() {
			t.Fatalf("%q is read as %s, from %s to %s", s, d, d.First, d.Last())
		}
	})
}

func BenchmarkParseDate(b *testing.B) {
	for b.Loop() {
		if _, err := period.ParseDate("2023-02-01"); err != nil {
			b.Fatal(err)
		}
	}
}
