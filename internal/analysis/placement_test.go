package analysis_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

var equal = analysis.Weights{UnmetTarget: 1, Cliff: 1, Dependency: 1, OverlapAvoided: 1}

// A million dollars a year from 2025-02-01 in DESIGN's example, with a target for education that is not met and a second member of whom nothing is recorded.
func TestWhereMoneyAddsMost(t *testing.T) {
	reg, grants := example()
	reg = reg.With(&grant.Organisation{ID: "roots", DisplayName: "Roots", Member: true}, &grant.Target{
		ID: "t", Theme: "education", Start: date("2025"), End: date("2025"), Currency: "USD", Minor: 100_000_000, Source: "the strategy",
	})
	s := build(reg, grants)
	ranking, err := s.Place(analysis.Offer{Currency: "USD", Minor: 100_000_000, From: date("2025-02-01"), To: date("2026-01-31"), Weights: equal, Principal: staff})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, p := range ranking.Placements {
		line := p.Member + " " + p.Theme + " " + p.Score.FloatString(4)
		for _, c := range p.Components {
			line += " " + c.Kind + "=" + c.Value.FloatString(4)
		}
		found = append(found, line)
	}
	// The target wants 1,000,000.00 less 40 % of the 1,098,996.35 of 2025. The twelve months before have a 29 February, so that both grants fall by a day's money, 6,837 together. Sweden's
	// share, 55.96 % of 2,495,636, would be 39.95 %.
	want := []string{
		"roots education 0.3901 unmet_target=0.5604 cliff=0.0000 dependency=0.0000 overlap_avoided=1.0000",
		"ecopeace education 0.3219 unmet_target=0.5604 cliff=0.0068 dependency=0.1601 overlap_avoided=0.5604",
		"roots water 0.2500 unmet_target=0.0000 cliff=0.0000 dependency=0.0000 overlap_avoided=1.0000",
		"ecopeace water 0.0417 unmet_target=0.0000 cliff=0.0068 dependency=0.1601 overlap_avoided=0.0000",
	}
	if strings.Join(found, "\n") != strings.Join(want, "\n") {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
}

// Whatever the data, components lie between 0 and 1, and a score between the least and the greatest of its components.
func TestPlacementsAreProportions(t *testing.T) {
	reg := field()
	for _, id := range memberIDs {
		o := *reg.Organisation(id)
		o.Member = true
		reg = reg.With(&o)
	}
	reg = reg.With(&grant.Target{ID: "t", Theme: "water", Start: date("2010"), End: date("2011"), Currency: "USD", Minor: 900_000, Source: "S"})
	rapid.Check(t, func(t *rapid.T) {
		s := build(reg, anyGrants(t))
		o := analysis.Offer{
			Currency: "USD", Minor: rapid.Int64Range(1, 5_000_000).Draw(t, "offer"), From: date("2010-05"), To: date("2011-04"), Weights: equal, Principal: staff,
			DonorState: rapid.SampledFrom([]string{"", "US", "SE", "NO"}).Draw(t, "giver"), Themes: some(t, themeIDs, "themes"), Locations: some(t, placeIDs, "locations"),
		}
		ranking, err := s.Place(o)
		if err != nil {
			t.Fatal(err)
		}
		if len(ranking.Placements) == 0 {
			t.Fatal("no placements")
		}
		for _, p := range ranking.Placements {
			for _, c := range p.Components {
				if c.Value.Sign() < 0 || c.Value.FloatString(9) > "1.000000000" || c.Reason == "" {
					t.Fatalf("%s/%s: %s is %s", p.Member, p.Theme, c.Kind, c.Value)
				}
			}
		}
	})
}

func TestPlacementsRefuseWhatIsNotRecorded(t *testing.T) {
	reg, grants := example()
	_, err := build(reg, grants).Place(analysis.Offer{Currency: money.Currency("USD"), Minor: 1, From: date("2025"), To: date("2025"), Themes: []string{"peace"}, Weights: equal, Principal: staff})
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "theme[0]") {
		t.Errorf("found %v", err)
	}
}
