package grant_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

func date(s string) period.Date {
	d, err := period.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// good is a grant that nothing is wrong with.
func good() *grant.Grant {
	return &grant.Grant{
		ID: "g", Title: "Water", Status: grant.Active, Visibility: grant.Coalition, Funders: []grant.Participation{{Organisation: "usaid"}},
		Start: date("2023-02-01"), End: date("2026-01-31"),
	}
}

func share(p grant.Percent) *grant.Percent { return &p }

// fieldsOf are the fields that an error names.
func fieldsOf(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return ""
	}
	var fields []string
	for _, v := range f.Violations {
		fields = append(fields, v.Field)
	}
	return strings.Join(fields, " ")
}

// Every rule of a grant names the field that breaks it.
func TestGrantValidate(t *testing.T) {
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	usd := func(minor int64) money.Amount { return money.Amount{Currency: "USD", Minor: minor} }
	for want, change := range map[string]func(*grant.Grant){
		"name":                    func(g *grant.Grant) { g.ID = "UPPER" },
		"title":                   func(g *grant.Grant) { g.Title = " x" },
		"note":                    func(g *grant.Grant) { g.Note = "a\u202eb" },
		"description":             func(g *grant.Grant) { g.Description = "\xff" },
		"status":                  func(g *grant.Grant) { g.Status = 0 },
		"visibility":              func(g *grant.Grant) { g.Visibility = 9 },
		"shadow":                  func(g *grant.Grant) { g.Visibility, g.Shadow = grant.Donors, true },
		"funders":                 func(g *grant.Grant) { g.Funders = nil },
		"funders[1].organisation": func(g *grant.Grant) { g.Funders = append(g.Funders, g.Funders[0]) },
		"recipients": func(g *grant.Grant) {
			g.Recipients = []grant.Participation{{Organisation: "a", Share: share(grant.Whole - 1)}}
		},
		"recipients[1].sharePercent": func(g *grant.Grant) {
			g.Recipients = []grant.Participation{{Organisation: "a", Share: share(grant.Whole)}, {Organisation: "b"}}
		},
		"partners[0].role":               func(g *grant.Grant) { g.Partners = []grant.Partner{{Organisation: "a"}} },
		"themes":                         func(g *grant.Grant) { g.Themes = []grant.Split{{ID: "a", Percent: 1}} },
		"themes[1].name":                 func(g *grant.Grant) { g.Themes = []grant.Split{{ID: "a", Percent: grant.Whole}, {ID: "a"}} },
		"locations[0].percent locations": func(g *grant.Grant) { g.Locations = []grant.Split{{ID: "a", Percent: -1}} },
		"populations": func(g *grant.Grant) { // one more than the analysis has to be able to count
			for i := range 201 {
				g.Populations = append(g.Populations, grant.Split{ID: fmt.Sprint("p", i), Percent: 1})
			}
			g.Populations[0].Percent = grant.Whole - 200
		},
		"end":            func(g *grant.Grant) { g.End = date("2022") },
		"durationMonths": func(g *grant.Grant) { g.DurationMonths = -1 },
		"identifiers[1]": func(g *grant.Grant) { g.Identifiers = []string{"a", "a"} },
		"sources[0].uri": func(g *grant.Grant) { g.Sources = []grant.Source{{}} },
		"budgets": func(g *grant.Grant) {
			g.Budgets = []grant.Budget{{Start: date("2023"), End: date("2023"), Currency: "USD"}}
		},
		"budgets[1].money.currencyCode": func(g *grant.Grant) {
			g.Budgets = []grant.Budget{{Start: date("2023"), End: date("2023"), Currency: "USD", Minor: 1}, {Start: date("2024"), End: date("2024"), Currency: "EUR", Minor: 1}}
		},
		"transactions[0].type": func(g *grant.Grant) { g.Transactions = []grant.Transaction{{ID: "1", Amount: usd(1)}} },
		"transactions[1].name": func(g *grant.Grant) {
			g.Transactions = []grant.Transaction{{ID: "1", Type: grant.Pledge, Amount: usd(1)}, {ID: "1", Type: grant.Pledge, Amount: usd(1)}}
		},
		"transactions[0].amount.money": func(g *grant.Grant) {
			g.Transactions = []grant.Transaction{{ID: "1", Type: grant.Pledge, Amount: usd(money.MaxMinor + 1)}}
		},
		"links[0].target": func(g *grant.Grant) { g.Links = []grant.Link{{ID: "1", Type: grant.SubGrantOf, Target: "g"}} },
		"links[1].target": func(g *grant.Grant) {
			g.Links = []grant.Link{{ID: "1", Type: grant.SubGrantOf, Target: "a"}, {ID: "2", Type: grant.SubGrantOf, Target: "b"}}
		},
	} {
		g := good()
		change(g)
		if got := fieldsOf(g.Validate()); got != want {
			t.Errorf("found %q, want %q", got, want)
		}
	}
	g := good()
	g.Start, g.End = date("1950"), date("2150")
	if got := fieldsOf(g.Validate()); got != "end" {
		t.Errorf("a grant of 200 years: found %q", got)
	}
}

// A grant has no more parts than an analysis can reckon one by one. Funders without shares give one part, however many they are.
func TestPartsAreBounded(t *testing.T) {
	for _, c := range []struct {
		funders, recipients, themes int
		want                        string
	}{{1, 100, 100, ""}, {1, 101, 100, "recipients"}, {200, 1, 200, ""}, {-200, 1, 51, "funders"}, {-200, 50, 1, ""}, {-200, 200, 200, "funders"}, {1, 200, 201, "themes"}} {
		g := good()
		g.Funders, g.Recipients, g.Themes = nil, nil, nil
		for i := range max(c.funders, -c.funders) {
			f := grant.Participation{Organisation: fmt.Sprint("f", i)}
			if c.funders < 0 {
				share := grant.Whole / 200
				f.Share = &share
			}
			g.Funders = append(g.Funders, f)
		}
		for i := range c.recipients {
			g.Recipients = append(g.Recipients, grant.Participation{Organisation: fmt.Sprint("r", i)})
		}
		for i := range c.themes {
			g.Themes = append(g.Themes, grant.Split{ID: fmt.Sprint("t", i), Percent: 1})
		}
		g.Themes[0].Percent = grant.Whole - grant.Percent(c.themes-1)
		if got := fieldsOf(g.Validate()); got != c.want {
			t.Errorf("%d × %d × %d: found %q, want %q", c.funders, c.recipients, c.themes, got, c.want)
		}
	}
}

// A percentage is exact to six decimals and comes back as it was written.
func TestPercentOf(t *testing.T) {
	for f, want := range map[float64]grant.Percent{0: 0, 100: grant.Whole, 60: 60_000_000, 33.333333: 33_333_333, 0.1: 100_000, 0.000001: 1, 29.7: 29_700_000} {
		p, err := grant.PercentOf("f", f)
		if err != nil || p != want || p.Float() != f {
			t.Errorf("%v: found %d, back %v, %v", f, p, p.Float(), err)
		}
	}
	for _, f := range []float64{-1, 100.000001, 33.3333333, math.NaN(), math.Inf(1), 1e-9} {
		if p, err := grant.PercentOf("f", f); fieldsOf(err) != "f" {
			t.Errorf("%v was read as %d", f, p)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		p := grant.Percent(rapid.Int64Range(0, int64(grant.Whole)).Draw(t, "percent"))
		if again, err := grant.PercentOf("f", p.Float()); err != nil || again != p {
			t.Fatalf("%d came back as %d, %v", p, again, err)
		}
	})
}

func anyDate(t *rapid.T) period.Date {
	return rapid.SampledFrom([]period.Date{{}, date("2016"), date("2015-09"), date("1970-01-01"), date("2023-02-01")}).Draw(t, "date")
}

// A record is read as it was stored, whatever it holds.
func TestEncodeAndDecodeAreInverse(t *testing.T) {
	text := rapid.StringN(0, 20, -1)
	rapid.Check(t, func(t *rapid.T) {
		g := &grant.Grant{
			ID: "g", Title: text.Draw(t, "title"), Note: text.Draw(t, "note"), Programme: text.Draw(t, "programme"),
			Status: grant.Status(rapid.IntRange(1, 6).Draw(t, "status")), Visibility: grant.Visibility(rapid.IntRange(1, 4).Draw(t, "visibility")),
			Start: anyDate(t), End: anyDate(t), StatusDate: anyDate(t), DurationMonths: rapid.IntRange(0, 99).Draw(t, "months"), Serial: rapid.IntRange(0, 9).Draw(t, "serial"),
			Funders: []grant.Participation{{Organisation: "a", Share: share(0)}, {Organisation: "b"}},
			Themes:  []grant.Split{{ID: "t", Percent: grant.Percent(rapid.Int64Range(0, int64(grant.Whole)).Draw(t, "percent"))}},
			Sources: []grant.Source{{URI: text.Draw(t, "uri"), Date: anyDate(t)}}, Partners: []grant.Partner{{Organisation: "p", Role: grant.Extending}},
			Transactions: []grant.Transaction{{
				ID: "1", Type: grant.TransactionType(rapid.IntRange(1, 6).Draw(t, "type")), Date: anyDate(t), ValueDate: anyDate(t),
				Amount: money.Amount{Currency: "USD", Qualifier: money.Qualifier(rapid.IntRange(0, 5).Draw(t, "qualifier")), Minor: rapid.Int64().Draw(t, "minor"), Low: 1, High: 2},
			}},
			Budgets: []grant.Budget{{Start: anyDate(t), End: anyDate(t), Currency: "EUR", Minor: rapid.Int64().Draw(t, "budget")}},
			Links:   []grant.Link{{ID: "2", Type: grant.SubGrantOf, Target: "h", Reason: text.Draw(t, "reason")}},
		}
		body, err := grant.Encode(g)
		if err != nil {
			t.Fatal(err)
		}
		again, err := grant.Decode(g.Key(), body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(g, again); diff != "" {
			t.Fatal(diff)
		}
		if second, err := grant.Encode(again); err != nil || string(second) != string(body) {
			t.Fatalf("%s\n%s\n%v", body, second, err)
		}
	})
}

// A grant runs from its start to its end, or for its duration, or over its budgets; else it is undated.
func TestSpan(t *testing.T) {
	budgets := []grant.Budget{{Start: date("2024"), End: date("2024")}, {Start: date("2022-03"), End: date("2022-05")}}
	for _, c := range []struct {
		g    grant.Grant
		want string
	}{
		{grant.Grant{Start: date("2023-02-01"), End: date("2026-01-31")}, "2023-02-01..2026-01-31"},
		{grant.Grant{Start: date("2023-02-01"), DurationMonths: 36}, "2023-02-01..2026-01-31"},
		{grant.Grant{Start: date("2021"), DurationMonths: 36}, "2021-01-01..2023-12-31"},
		{grant.Grant{Start: date("2016-02"), End: date("2018"), DurationMonths: 1}, "2016-02-01..2018-12-31"},
		{grant.Grant{Budgets: budgets}, "2022-03-01..2024-12-31"},
		{grant.Grant{Start: date("2021")}, ""},
		{grant.Grant{End: date("2021"), DurationMonths: 3}, ""},
	} {
		span, ok := c.g.Span()
		got := ""
		if ok {
			got = span.First.String() + ".." + span.Last.String()
		}
		if got != c.want {
			t.Errorf("found %q, want %q", got, c.want)
		}
	}
}

// An award is the first commitment, a pledge in the pipeline, and is not guessed at where there are several.
func TestAward(t *testing.T) {
	g := good()
	if g.Award() != nil {
		t.Error("a grant without transactions has an award")
	}
	amount := func(minor int64) money.Amount { return money.Amount{Currency: "USD", Minor: minor} }
	if err := g.SetAward(amount(5), date("2023")); err != nil || g.Award().Type != grant.Commitment || g.Award().Amount.Minor != 5 {
		t.Errorf("found %+v, %v", g.Award(), err)
	}
	if err := g.SetAward(amount(6), date("2023")); err != nil || len(g.Transactions) != 1 || g.Award().Amount.Minor != 6 {
		t.Errorf("found %+v, %v", g.Transactions, err)
	}
	g.Transactions = append(g.Transactions, grant.Transaction{ID: g.NextID(), Type: grant.Commitment, Amount: amount(7)})
	if err := g.SetAward(amount(8), date("2023")); fieldsOf(err) != "amount" {
		t.Errorf("one of two commitments was chosen: %v", err)
	}
	g.Transactions = g.Transactions[:1]
	if id := g.NextID(); id != "3" {
		t.Errorf("an id was given twice: %s", id)
	}
	p := good()
	p.Status = grant.Pipeline
	if err := p.SetAward(amount(5), date("2023")); err != nil || p.Award().Type != grant.Pledge {
		t.Errorf("found %+v, %v", p.Award(), err)
	}
}
