package exchange_test

import (
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/exchange"
)

func problem(line int, s exchange.Severity, field, text string) exchange.Problem {
	return exchange.Problem{Place: exchange.Place{File: "f.xml", Line: line}, Severity: s, Field: field, Text: text}
}

// What is alike is told once, with how often it is found, where first, and what it is that differs; the worst first.
func TestKinds(t *testing.T) {
	nobody := `nobody knows the donor state of %q, and neither its identifiers nor the reporting organisation tell; record it`
	of := func(name string) string { return fmt.Sprintf(nobody, name) }
	got := exchange.Kinds([][]exchange.Problem{
		{
			problem(3, exchange.Repaired, "transaction/value", "found 12.345; SEK has 2 decimals; recorded as 12.34 ROUNDED"),
			problem(1, exchange.Refused, "funders[0]", of("UNICEF")),
			problem(1, exchange.Refused, "funders[1]", of(`The "Fund", Ltd`)),
		},
		{
			problem(9, exchange.Repaired, "transaction/value", "found 8.001; SEK has 2 decimals; recorded as 8.00 ROUNDED"),
			problem(10, exchange.Repaired, "transaction/value", "found 8.001; SEK has 2 decimals; recorded as 8.00 ROUNDED"),
			problem(8, exchange.Refused, "funders[0]", of("UNICEF")),
			problem(8, exchange.Noted, "related-activity", "nothing is recorded under A-1, A-2 nor in the file"),
		},
		{
			problem(20, exchange.Noted, "related-activity", "nothing is recorded under A-1 A-3 A-4 nor in the file"),
			problem(21, exchange.LeftOut, "budget/value", "is negative; a budget is at least 0; it is left out"),
		},
	}, []exchange.Problem{problem(99, exchange.Noted, "", "after the last activity there is text")})
	at := func(lines ...int) (places []exchange.Place) {
		for _, l := range lines {
			places = append(places, exchange.Place{File: "f.xml", Line: l})
		}
		return places
	}
	want := []exchange.ProblemKind{
		{Severity: exchange.Refused, Field: "funders[…]", Text: "nobody knows the donor state of …, and neither its identifiers nor the reporting organisation tell; record it", Problems: 3, Grants: 2, Places: at(1, 8),
			Found: []exchange.Found{{Value: `"UNICEF"`, Times: 2}, {Value: `"The \"Fund\", Ltd"`, Times: 1}}},
		{Severity: exchange.LeftOut, Field: "budget/value", Text: "is negative; a budget is at least 0; it is left out", Problems: 1, Grants: 1, Places: at(21)},
		{Severity: exchange.Repaired, Field: "transaction/value", Text: "found …; SEK has 2 decimals; recorded as … ROUNDED", Problems: 3, Grants: 2, Places: at(3, 9, 10),
			Found: []exchange.Found{{Value: "8.001", Times: 2}, {Value: "12.345", Times: 1}}},
		{Severity: exchange.Noted, Field: "related-activity", Text: "nothing is recorded under … nor in the file", Problems: 2, Grants: 2, Places: at(8, 20),
			Found: []exchange.Found{{Value: "A-1, A-2", Times: 1}, {Value: "A-1 A-3 A-4", Times: 1}}},
		{Severity: exchange.Noted, Text: "after the last activity there is text", Problems: 1, Places: at(99)},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// Whatever a problem says, it is in one kind and in one of its values: the counts leave none out.
func TestKindsLeaveNoneOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringMatching(`[ab1"\\… ,;\[\x00]{0,9}`), rapid.String())
		var told [][]exchange.Problem
		total := 0
		for range rapid.IntRange(0, 5).Draw(t, "grants") {
			var of []exchange.Problem
			for range rapid.IntRange(0, 20).Draw(t, "problems") {
				total++
				of = append(of, problem(total, exchange.Severity(rapid.IntRange(0, 3).Draw(t, "severity")), text.Draw(t, "field"), text.Draw(t, "text")))
			}
			told = append(told, of)
		}
		ofGrants, ofFile := told, []exchange.Problem(nil)
		if n := len(told); n > 0 {
			ofGrants, ofFile = told[1:], told[0]
		}
		for i, k := range exchange.Kinds(ofGrants, ofFile) {
			total -= k.Problems
			found := k.Others
			for _, f := range k.Found {
				found += f.Times
			}
			if len(k.Found) > 0 && (found > k.Problems || k.Others == 0 && found != k.Problems) {
				t.Errorf("kind %d has %d problems and found %d: %+v", i, k.Problems, found, k)
			}
			if k.Grants < 1 && len(ofFile) == 0 || k.Grants > k.Problems || len(k.Places) == 0 {
				t.Errorf("kind %d: %+v", i, k)
			}
		}
		if total != 0 {
			t.Errorf("%d problems are in no kind", total)
		}
	})
}
