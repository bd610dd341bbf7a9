package reconcile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
	"github.com/allmep/tandem/internal/reconcile"
)

// comparer is one for whom "old" was merged into "new".
var comparer = reconcile.Comparer{Rates: fx.ECB(), Survivor: func(id string) string {
	if id == "old" {
		return "new"
	}
	return id
}}

func date(s string) period.Date {
	d, err := period.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func amount(q money.Qualifier, figures ...int64) grant.Values {
	a := &money.Amount{Currency: "USD", Qualifier: q}
	switch q {
	case money.Unknown:
	case money.Range:
		a.Low, a.High = figures[0]*100, figures[1]*100
	default:
		a.Minor = figures[0] * 100
	}
	return grant.Values{Amount: a}
}

func TestCompare(t *testing.T) {
	start := func(s string) grant.Values { return grant.Values{Start: date(s)} }
	to := func(ids ...string) grant.Values { return grant.Values{Recipients: ids} }
	for name, c := range map[string]struct {
		a, b grant.Values
		want reconcile.Verdict
	}{
		"the same figure":               {amount(money.Exact, 2_300_000), amount(money.Exact, 2_300_000), reconcile.Agrees},
		"another figure":                {amount(money.Exact, 2_300_000), amount(money.Exact, 2_350_000), reconcile.Differs},
		"at least less":                 {amount(money.AtLeast, 2_000_000), amount(money.Exact, 2_500_000), reconcile.Agrees},
		"at least more":                 {amount(money.AtLeast, 3_000_000), amount(money.Exact, 2_500_000), reconcile.Differs},
		"at least and at least":         {amount(money.AtLeast, 3_000_000), amount(money.AtLeast, 1), reconcile.Agrees},
		"up to more":                    {amount(money.UpTo, 3_000_000), amount(money.Exact, 2_500_000), reconcile.Agrees},
		"up to less":                    {amount(money.UpTo, 2_000_000), amount(money.Exact, 2_500_000), reconcile.Differs},
		"about what it rounds to":       {amount(money.Rounded, 3_300_000), amount(money.Exact, 3_269_000), reconcile.Agrees},
		"about, at the edge":            {amount(money.Rounded, 2_300_000), amount(money.Exact, 2_350_000), reconcile.Agrees},
		"about, beyond the edge":        {amount(money.Rounded, 2_300_000), amount(money.Exact, 2_350_001), reconcile.Differs},
		"about one million":             {amount(money.Rounded, 1_000_000), amount(money.Exact, 1_040_000), reconcile.Agrees},
		"about one million, not half":   {amount(money.Rounded, 1_000_000), amount(money.Exact, 600_000), reconcile.Differs},
		"about a figure to the cent":    {grant.Values{Amount: &money.Amount{Currency: "USD", Qualifier: money.Rounded, Minor: 1_234_567}}, grant.Values{Amount: &money.Amount{Currency: "USD", Minor: 1_234_568}}, reconcile.Differs},
		"in the range":                  {amount(money.Range, 1, 3), amount(money.Exact, 3), reconcile.Agrees},
		"outside the range":             {amount(money.Range, 1, 3), amount(money.Exact, 4), reconcile.Differs},
		"unknown and a figure":          {amount(money.Unknown), amount(money.Exact, 1), reconcile.Neither},
		"unknown and unknown":           {amount(money.Unknown), amount(money.Unknown), reconcile.Neither},
		"another currency":              {amount(money.Exact, 1), grant.Values{Amount: &money.Amount{Currency: "EUR", Minor: 100}}, reconcile.Neither},
		"a year and a day in it":        {start("2022"), start("2022-03-08"), reconcile.Agrees},
		"a month and another":           {start("2022-03"), start("2022-04"), reconcile.Differs},
		"a day and its month":           {start("2022-03-08"), start("2022-03"), reconcile.Agrees},
		"a date and none":               {start("2022"), grant.Values{}, reconcile.Neither},
		"the same length":               {grant.Values{DurationMonths: 36}, grant.Values{DurationMonths: 36}, reconcile.Agrees},
		"another length":                {grant.Values{DurationMonths: 36}, grant.Values{DurationMonths: 24}, reconcile.Differs},
		"another status":                {grant.Values{Status: grant.Active}, grant.Values{Status: grant.Cancelled}, reconcile.Differs},
		"recipients in another order":   {to("a", "b"), to("b", "a"), reconcile.Agrees},
		"a recipient that was merged":   {to("old"), to("new"), reconcile.Agrees},
		"both halves of a merger":       {to("old", "new"), to("new"), reconcile.Agrees},
		"one recipient more":            {to("a", "b"), to("a"), reconcile.Differs},
		"recipients and none recorded ": {to("a"), grant.Values{}, reconcile.Neither},
	} {
		field := grant.Fields[0]
		for _, f := range grant.Fields {
			if c.a.States(f) {
				field = f
			}
		}
		if got := comparer.Compare(field, c.a, c.b); got != c.want {
			t.Errorf("%s: found %d, want %d", name, got, c.want)
		}
	}
}

var anyValues = rapid.Custom(func(t *rapid.T) grant.Values {
	dates := rapid.SampledFrom([]period.Date{{}, date("2022"), date("2022-03"), date("2022-03-08"), date("2022-12"), date("2023")})
	v := grant.Values{
		AwardDate: dates.Draw(t, "award date"), Start: dates.Draw(t, "start"), End: dates.Draw(t, "end"), DurationMonths: rapid.IntRange(0, 2).Draw(t, "months"),
		Status: grant.Status(rapid.IntRange(0, 3).Draw(t, "status")), Recipients: rapid.SliceOfN(rapid.SampledFrom([]string{"a", "old", "new"}), 0, 3).Draw(t, "recipients"),
	}
	if rapid.Bool().Draw(t, "amount said") {
		figure := rapid.OneOf(rapid.Int64Range(0, 1000), rapid.SampledFrom([]int64{230_000_000, 235_000_000, 100_000_000, money.MaxMinor}))
		v.Amount = &money.Amount{Currency: rapid.SampledFrom([]money.Currency{"USD", "EUR"}).Draw(t, "currency"), Qualifier: money.Qualifier(rapid.IntRange(0, 5).Draw(t, "qualifier"))}
		switch v.Amount.Qualifier {
		case money.Unknown:
			v.Amount.Currency = ""
		case money.Range:
			v.Amount.Low = figure.Draw(t, "low")
			v.Amount.High = v.Amount.Low + figure.Draw(t, "width")
		default:
			v.Amount.Minor = figure.Draw(t, "minor")
		}
	}
	return v
})

// Whichever of two is asked about first, they stand to each other the same way; and what is known agrees with itself.
func TestCompareIsSymmetricAndReflexive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyValues.Draw(t, "a"), anyValues.Draw(t, "b")
		for _, f := range grant.Fields {
			if there, back := comparer.Compare(f, a, b), comparer.Compare(f, b, a); there != back {
				t.Fatalf("%s: %d one way and %d the other", f, there, back)
			}
			want := reconcile.Agrees
			if !a.States(f) || f == grant.AmountField && a.Amount.Qualifier == money.Unknown {
				want = reconcile.Neither
			}
			if got := comparer.Compare(f, a, a); got != want {
				t.Fatalf("%s with itself: found %d, want %d", f, got, want)
			}
		}
	})
}

// A report of exactly what the record holds agrees with it in every field, by nothing; and the rows are those that either states.
func TestReportOfTheRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValues.Draw(t, "values")
		g := &grant.Grant{ID: "g", Start: v.Start, End: v.End, DurationMonths: v.DurationMonths, Status: v.Status}
		for _, id := range v.Recipients {
			g.Recipients = append(g.Recipients, grant.Participation{Organisation: id})
		}
		if v.Amount != nil {
			g.Transactions = []grant.Transaction{{Type: grant.Commitment, Amount: *v.Amount, Date: v.AwardDate}}
		}
		g.Reports = []grant.Report{{ID: "1", Values: g.Values()}}
		for _, f := range comparer.Grant(g) {
			unknown := f.Field == grant.AmountField && v.Amount.Qualifier == money.Unknown
			if f.Differs || len(f.Said) != 1 || (f.Said[0].Verdict == reconcile.Agrees) == unknown {
				t.Fatalf("%s: found %+v", f.Field, f)
			}
			if d := f.Said[0].Difference; d != nil && !unknown && (d.By.Minor != 0 || d.Incomparable != "" || d.Converted) {
				t.Fatalf("found %+v", d)
			}
		}
	})
}

// The differences of amounts: signed, in the report's currency, as a share rounded half to even, converted at the report's day or told not to be comparable.
func TestDifference(t *testing.T) {
	of := func(c money.Currency, minor int64) *money.Amount { return &money.Amount{Currency: c, Minor: minor} }
	day := date("2022-10-03")
	for name, c := range map[string]struct {
		held *money.Amount
		said grant.Report
		want reconcile.Difference
		is   reconcile.Verdict
	}{
		"more": {of("USD", 230_000_000), grant.Report{Values: grant.Values{Amount: of("USD", 235_000_000)}},
			reconcile.Difference{By: money.Money{Currency: "USD", Minor: 5_000_000}, Share: "0.021739"}, reconcile.Differs},
		"less": {of("USD", 230_000_000), grant.Report{Values: grant.Values{Amount: of("USD", 100_000_000)}},
			reconcile.Difference{By: money.Money{Currency: "USD", Minor: -130_000_000}, Share: "-0.565217"}, reconcile.Differs},
		"half to even, down": {of("USD", 2_000_000), grant.Report{Values: grant.Values{Amount: of("USD", 2_000_001)}},
			reconcile.Difference{By: money.Money{Currency: "USD", Minor: 1}, Share: "0.000000"}, reconcile.Differs},
		"half to even, up": {of("USD", 2_000_000), grant.Report{Values: grant.Values{Amount: of("USD", 1_999_997)}},
			reconcile.Difference{By: money.Money{Currency: "USD", Minor: -3}, Share: "-0.000002"}, reconcile.Differs},
		"of nothing": {of("USD", 0), grant.Report{Values: grant.Values{Amount: of("USD", 1)}},
			reconcile.Difference{By: money.Money{Currency: "USD", Minor: 1}}, reconcile.Differs},
		"the most of the least": {of("USD", 1), grant.Report{Values: grant.Values{Amount: of("USD", money.MaxMinor)}},
			reconcile.Difference{By: money.Money{Currency: "USD", Minor: money.MaxMinor - 1}, Share: "99999999999999.000000"}, reconcile.Differs},
		// 2,300,000.00 USD at 0.9764 USD for a euro, on Monday 3 October 2022, are 2,355,591.97 EUR.
		"converted": {of("USD", 230_000_000), grant.Report{Date: day, Values: grant.Values{Amount: of("EUR", 235_000_000)}},
			reconcile.Difference{By: money.Money{Currency: "EUR", Minor: -559_197}, Share: "-0.002374", Converted: true}, reconcile.Agrees},
		"converted, too far": {of("USD", 230_000_000), grant.Report{Date: date("1999"), Values: grant.Values{AwardDate: day, Amount: of("EUR", 230_000_000)}},
			reconcile.Difference{By: money.Money{Currency: "EUR", Minor: -5_559_197}, Share: "-0.023600", Converted: true}, reconcile.Differs},
		"no day": {of("USD", 1), grant.Report{Values: grant.Values{Amount: of("EUR", 1)}},
			reconcile.Difference{Incomparable: "the record is in USD, and the report has no date at whose rate to convert"}, reconcile.Neither},
		"no rate": {of("JOD", 1), grant.Report{Date: day, Values: grant.Values{Amount: of("EUR", 1)}},
			reconcile.Difference{Incomparable: "the record is in JOD, for which there is no rate to EUR on 2022-10-03"}, reconcile.Neither},
		"nothing held": {nil, grant.Report{Values: grant.Values{Amount: of("EUR", 1)}},
			reconcile.Difference{Incomparable: "the record holds no amount"}, reconcile.Neither},
		"nobody tells": {of("USD", 1), grant.Report{Values: grant.Values{Amount: &money.Amount{Qualifier: money.Unknown}}},
			reconcile.Difference{Incomparable: "the report says that the amount is unknown"}, reconcile.Neither},
	} {
		g := &grant.Grant{ID: "g", Reports: []grant.Report{c.said}}
		if c.held != nil {
			g.Transactions = []grant.Transaction{{Type: grant.Commitment, Amount: *c.held}}
		}
		got := comparer.Grant(g)[0].Said[0]
		if diff := cmp.Diff(c.want, *got.Difference); diff != "" || got.Verdict != c.is {
			t.Errorf("%s: verdict %d, want %d (-want +got):\n%s", name, got.Verdict, c.is, diff)
		}
	}
}

// Two reports that differ are told of where the record says nothing, and where it agrees with both.
func TestReportsDiffer(t *testing.T) {
	g := &grant.Grant{ID: "g", Reports: []grant.Report{{ID: "1", Values: grant.Values{DurationMonths: 24}}, {ID: "2", Values: grant.Values{DurationMonths: 36}}}}
	rows := comparer.Grant(g)
	if len(rows) != 1 || !rows[0].Differs || rows[0].Said[0].Verdict != reconcile.Neither {
		t.Errorf("found %+v", rows)
	}
	g.Reports = []grant.Report{{ID: "1", Values: grant.Values{Start: date("2022-03")}}, {ID: "2", Values: grant.Values{Start: date("2022-04")}}}
	g.Start = date("2022")
	if rows = comparer.Grant(g); !rows[0].Differs || rows[0].Said[0].Verdict != reconcile.Agrees || rows[0].Said[1].Verdict != reconcile.Agrees {
		t.Errorf("found %+v", rows)
	}
}
