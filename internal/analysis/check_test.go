package analysis_test

import (
	"fmt"
	"testing"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/fx"
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

var staff = grant.Principal{Role: grant.Staff}

// example is DESIGN's: a grant of the United States and one of Sweden to EcoPeace.
func example() (*grant.Registry, []*grant.Grant) {
	reg := grant.NewRegistry().With(
		&grant.Organisation{ID: "usaid", DisplayName: "USAID", State: "US"}, &grant.Organisation{ID: "sida", DisplayName: "Sida", State: "SE"},
		&grant.Organisation{ID: "ecopeace", DisplayName: "EcoPeace", Member: true},
		&grant.Term{Of: grant.Themes, ID: "water", DisplayName: "Water"}, &grant.Term{Of: grant.Themes, ID: "education", DisplayName: "Education"},
	)
	us := &grant.Grant{
		ID: "us", Title: "US", Status: grant.Active, Visibility: grant.Coalition, Funders: []grant.Participation{{Organisation: "usaid"}},
		Recipients: []grant.Participation{{Organisation: "ecopeace"}}, Start: date("2023-02-01"), End: date("2026-01-31"),
		Themes: []grant.Split{{ID: "water", Percent: 60_000_000}, {ID: "education", Percent: 40_000_000}},
	}
	_ = us.SetAward(money.Amount{Currency: "USD", Minor: 330_000_000}, period.Date{})
	se := &grant.Grant{
		ID: "se", Title: "SE", Status: grant.Active, Visibility: grant.Coalition, Funders: []grant.Participation{{Organisation: "sida"}},
		Recipients: []grant.Participation{{Organisation: "ecopeace"}}, Start: date("2022-01-01"), End: date("2026-12-31"),
		Themes: []grant.Split{{ID: "water", Percent: grant.Whole}},
	}
	_ = se.SetAward(money.Amount{Currency: "SEK", Minor: 6_323_428_100}, date("2022-01-01"))
	return reg, []*grant.Grant{us, se}
}

func build(reg *grant.Registry, grants []*grant.Grant) *analysis.Snapshot {
	b := analysis.NewSnapshot(nil, nil).Builder()
	for _, g := range grants {
		b.Add(g)
	}
	return b.Snapshot(reg, fx.ECB())
}

// figures are the central figures of an answer's rows, by their keys, and of its total.
func figures(s *analysis.Snapshot, q analysis.Query) (rows map[string]string, total string) {
	res, err := s.Allocate(q)
	if err != nil {
		panic(err)
	}
	rows = map[string]string{}
	for r := range res.Rows.All() {
		key := ""
		for _, k := range r.Keys {
			key += k + " "
		}
		rows[key] = r.Central.Decimal(q.Currency)
	}
	return rows, res.Total.Central.Decimal(q.Currency)
}

func TestCheckValues(t *testing.T) {
	reg, grants := example()
	s := build(reg, grants)
	rows, total := figures(s, analysis.Query{GroupBy: []analysis.Dimension{analysis.DonorState, analysis.Year}, Currency: "USD", Principal: staff})
	for key, want := range map[string]string{"US 2023 ": "1005656.93", "US 2024 ": "1102007.30", "US 2025 ": "1098996.35", "US 2026 ": "93339.42"} {
		if rows[key] != want {
			t.Errorf("%s: found %s, want %s", key, rows[key], want)
		}
	}
	if total != "10287029.32" {
		t.Errorf("total: found %s, want 10287029.32", total)
	}
}

// An answer of more than three million rows is refused, and what to do is said.
func TestTooManyRows(t *testing.T) {
	reg, grants := example()
	var many []*grant.Grant
	for i := range 2600 { // each has its own year-long programme, 100 years of months, and so 1,200 rows
		g := *grants[0]
		g.ID, g.Programme = fmt.Sprintf("g%d", i), fmt.Sprintf("p%d", i)
		g.Start, g.End, g.Themes = date("1950"), date("2049"), nil
		many = append(many, &g)
	}
	q := analysis.Query{GroupBy: []analysis.Dimension{analysis.Programme, analysis.Month}, Currency: "USD", Principal: staff}
	if _, err := build(reg, many).Allocate(q); fault.KindOf(err) != fault.Exhausted {
		t.Errorf("3,120,000 rows: found %v", err)
	}
	q.GroupBy[1] = analysis.Year
	if _, err := build(reg, many).Allocate(q); err != nil {
		t.Errorf("260,000 rows: found %v", err)
	}
}
