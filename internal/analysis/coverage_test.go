package analysis_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// What is allocated to a target is what the reference adds up in its cell and period; what is missing is never less than nothing.
func TestCoverageAgreesWithTheReference(t *testing.T) {
	reg := field()
	rapid.Check(t, func(t *rapid.T) {
		grants, asked := anyGrants(t), anyQuery(t)
		target := &grant.Target{
			ID: "t", Theme: rapid.SampledFrom([]string{"", "water", "taps"}).Draw(t, "theme"), Location: rapid.SampledFrom([]string{"", "region", "valley"}).Draw(t, "location"),
			Population: rapid.SampledFrom([]string{"", "women"}).Draw(t, "population"),
			Currency:   rapid.SampledFrom([]money.Currency{"USD", "EUR", "ILS"}).Draw(t, "target currency"), Minor: rapid.Int64Range(1, 900_000).Draw(t, "wanted"),
		}
		target.Start, target.End = anyPeriod(t)
		got, err := build(reg, grants).Coverage(target, analysis.CoverageQuery{RateDate: asked.RateDate, Principal: asked.Principal})
		if err != nil {
			t.Fatal(err)
		}
		one := func(id string) []string {
			if id == "" {
				return nil
			}
			return []string{id}
		}
		ref := allocate(reg, grants, analysis.Query{
			Currency: target.Currency, RateDate: asked.RateDate, Principal: asked.Principal, From: target.Start, To: target.End,
			Filter: analysis.Filter{Themes: one(target.Theme), Locations: one(target.Location), Populations: one(target.Population)},
		})
		want := []string{ref.total.show("allocated"), ref.out.show("undated")}
		if diff := cmp.Diff(want, []string{show("allocated", got.Allocated), show("undated", got.Undated)}); diff != "" {
			t.Fatalf("%+v\n(-reference +product):\n%s", target, diff)
		}
		missing, _ := got.Missing()
		if enough := got.Allocated.Central.Cmp(money.SumOf(target.Minor)) >= 0; enough != (missing == money.Sum{}) || missing.Cmp(money.Sum{}) < 0 {
			t.Fatalf("%s missing of %d", minor(missing), target.Minor)
		}
	})
}

// DESIGN's two grants over the whole of 2023: 603,394.16 of the American one and 1,396,640.58 of the Swedish one are for water.
func TestCoverageOfATarget(t *testing.T) {
	reg, grants := example()
	s := build(reg, grants)
	target := &grant.Target{ID: "t", Theme: "water", Start: date("2023"), End: date("2023"), Currency: "USD", Minor: 500_000_000}
	for name, c := range map[string]struct {
		minor    int64
		currency money.Currency
		want     [5]string // wanted, allocated, missing, coverage, elapsed
	}{
		"unmet":               {500_000_000, "USD", [5]string{"5000000.00", "2000034.74", "2999965.26", "40.00", "24.93"}},
		"more than is wanted": {100_000_000, "USD", [5]string{"1000000.00", "2000034.74", "0.00", "200.00", "24.93"}},
		"in euros":            {500_000_000, "EUR", [5]string{"4687792.99", "1787005.34", "2900787.65", "38.12", "24.93"}},
	} {
		target.Minor = c.minor
		got, err := s.Coverage(target, analysis.CoverageQuery{Currency: c.currency, Principal: staff, AsOf: period.Of(2023, 4, 1)})
		if err != nil {
			t.Fatal(err)
		}
		missing, _ := got.Missing()
		if found := [5]string{got.Wanted.Decimal(c.currency), got.Allocated.Central.Decimal(c.currency), missing.Decimal(c.currency), got.Percent(), got.Elapsed}; found != c.want {
			t.Errorf("%s: found %v, want %v", name, found, c.want)
		}
	}
}
