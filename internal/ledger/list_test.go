package ledger_test

import (
	"strings"
	"testing"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/period"
)

// listed reads a list page by page and returns what is on its pages. between is called after each.
func listed(t *testing.T, q ledger.ListQuery, list func(ledger.ListQuery) (ledger.Page, error), between func()) string {
	t.Helper()
	var all []string
	for {
		page, err := list(q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entities {
			all = append(all, e.Key().ID)
		}
		if page.Next == nil {
			return strings.Join(all, " ")
		}
		q.After = page.Next
		between()
	}
}

// Records are listed by their names in lower case, and equal names by id. One that comes before the page at hand while others are read is not listed, and moves nothing.
func TestListsByName(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	for id, name := range map[string]string{"a": "water", "b": "Étude", "c": "WATER", "d": "Abraham", "e": "zaytoun"} {
		create(t, l, &grant.Organisation{ID: id, DisplayName: name})
	}
	list := func(q ledger.ListQuery) (ledger.Page, error) {
		return l.List(t.Context(), staff.Principal, grant.Organisations, q, 0)
	}
	q := ledger.ListQuery{Order: analysis.Order{By: analysis.ByName}, Limit: 2}
	early := 0
	between := func() {
		early++
		create(t, l, &grant.Organisation{ID: "early" + strings.Repeat("x", early), DisplayName: "Aa"})
	}
	if got := listed(t, q, list, between); got != "d a c e b" {
		t.Errorf("found %q", got)
	}
	q.Order.Desc = true
	if got := listed(t, q, list, func() {}); got != "b e a c d earlyx earlyxx" {
		t.Errorf("turned round: found %q", got)
	}
}

// Targets are found by a theme above theirs and by a period that they have days in.
func TestTargets(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	create(t, l, &grant.Term{Of: grant.Themes, ID: "taps", DisplayName: "Taps", Parent: "water"})
	create(t, l, &grant.Term{Of: grant.Locations, ID: "valley", DisplayName: "Valley"})
	day := func(s string) period.Date {
		d, err := period.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, x := range []struct{ id, theme, location, start, end string }{
		{"late", "water", "", "2025", "2026"}, {"taps", "taps", "valley", "2024", "2024-06"}, {"valley", "", "valley", "2023", "2023"},
	} {
		create(t, l, &grant.Target{ID: x.id, Theme: x.theme, Location: x.location, Start: day(x.start), End: day(x.end), Currency: "USD", Minor: 100, Source: "s"})
	}
	for name, c := range map[string]struct {
		filter ledger.TargetFilter
		want   string
	}{
		"all":                {ledger.TargetFilter{}, "valley taps late"},
		"a theme":            {ledger.TargetFilter{Themes: []string{"water"}}, "taps late"},
		"a theme and place":  {ledger.TargetFilter{Themes: []string{"water"}, Locations: []string{"valley"}}, "taps"},
		"from within":        {ledger.TargetFilter{From: day("2024-06-30")}, "taps late"},
		"from the day after": {ledger.TargetFilter{From: day("2024-07-01")}, "late"},
		"up to":              {ledger.TargetFilter{To: day("2023-12-31")}, "valley"},
		"between":            {ledger.TargetFilter{From: day("2024"), To: day("2024")}, "taps"},
	} {
		list := func(q ledger.ListQuery) (ledger.Page, error) { return l.Targets(t.Context(), c.filter, q, 0) }
		if got := listed(t, ledger.ListQuery{Order: analysis.Order{By: analysis.ByStart}, Limit: 1}, list, func() {}); got != c.want {
			t.Errorf("%s: found %q, want %q", name, got, c.want)
		}
	}
}
