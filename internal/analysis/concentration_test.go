package analysis_test

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

func concentration(s *analysis.Snapshot, q analysis.ConcentrationQuery) analysis.ConcentrationResult {
	res, err := s.Concentration(q)
	if err != nil {
		panic(err)
	}
	return res
}

// Worked by hand: m1 has 60, 30 and 10 of three donors, m3 has 90 of one of them. That one gives 100 of 190, which is more than its 10 % of m1, and it is not needed for 90 % of
// m1; so of four relations three are significant.
func TestConcentrationByHand(t *testing.T) {
	var grants []*grant.Grant
	for i, g := range []struct {
		donor, member string
		dollars       int64
	}{{"usaid", "m1", 60}, {"sida", "m2", 30}, {"deza", "m1", 10}, {"deza", "m3", 90}} {
		grants = append(grants, &grant.Grant{
			ID: fmt.Sprintf("g%d", i), Title: "g", Status: grant.Active, Visibility: grant.Public, Funders: []grant.Participation{{Organisation: g.donor}},
			Recipients: []grant.Participation{{Organisation: g.member}}, Start: date("2024"), End: date("2024"),
			Transactions: []grant.Transaction{{ID: "1", Type: grant.Commitment, Date: date("2024"), Amount: money.Amount{Currency: "USD", Minor: 100 * g.dollars}}},
		})
	}
	show := func(c analysis.Concentration) string {
		return fmt.Sprintf("%s: %s of %d, %s has %s, HHI %s, concentration %s, fragmentation %s", c.Key, minor(c.Total), c.Count, c.Largest, c.Share.RatString(), c.HHI.RatString(),
			c.ConcentrationRatio().RatString(), c.FragmentationRatio().RatString())
	}
	for by, want := range map[analysis.Dimension][]string{
		analysis.Member: {
			": 19000 of 4, CH has 10/19, HHI 1450000/361, concentration 3/4, fragmentation 1/4",
			"organisations/m1: 10000 of 3, US has 3/5, HHI 4600, concentration 2/3, fragmentation 1/3",
			"organisations/m3: 9000 of 1, CH has 1, HHI 10000, concentration 1, fragmentation 0",
		},
		analysis.DonorState: {
			": 19000 of 4, CH has 10/19, HHI 1450000/361, concentration 3/4, fragmentation 1/4",
			"CH: 10000 of 2, organisations/m3 has 9/10, HHI 8200, concentration 1/2, fragmentation 1/2",
			"SE: 3000 of 1, organisations/m1 has 1, HHI 10000, concentration 1, fragmentation 0",
			"US: 6000 of 1, organisations/m1 has 1, HHI 10000, concentration 1, fragmentation 0",
		},
	} {
		res := concentration(build(field(), grants), analysis.ConcentrationQuery{By: by, Currency: "USD", Principal: staff})
		got := []string{show(res.Whole)}
		for _, r := range res.Rows {
			got = append(got, show(r))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", by, diff)
		}
	}
}

// What is distributed is what is allocated; the index lies between equal shares and one hand; members and donor states are the same relations.
func TestConcentrationLaws(t *testing.T) {
	reg := field()
	rapid.Check(t, func(t *rapid.T) {
		grants := crowded(t)
		for _, g := range grants {
			g.Transactions = slices.DeleteFunc(g.Transactions, func(t grant.Transaction) bool { return t.Type == grant.Cancellation }) // less than nothing is in no relation
		}
		s := build(reg, grants)
		byMember := concentration(s, analysis.ConcentrationQuery{By: analysis.Member, Currency: "USD", Principal: staff})
		byDonor := concentration(s, analysis.ConcentrationQuery{By: analysis.DonorState, Currency: "USD", Principal: staff})
		var relations, significant [2]int
		total := byMember.Unspecified
		for i, res := range []analysis.ConcentrationResult{byMember, byDonor} {
			for _, r := range res.Rows {
				relations[i] += r.Count
				significant[i] += r.Significant
				if r.Significant == 0 && i == 0 || r.HHI.Cmp(big.NewRat(10_000, int64(r.Count))) < 0 || r.HHI.Cmp(big.NewRat(10_000, 1)) > 0 {
					t.Fatalf("%s: HHI %s of %d, %d significant", r.Key, r.HHI.FloatString(3), r.Count, r.Significant)
				}
				if i == 0 {
					total.AddSum(r.Total)
				}
			}
		}
		if allocated := must(s.Allocate(analysis.Query{Currency: "USD", Principal: staff})).Total.Central; total != allocated {
			t.Fatalf("distributed are %s, allocated %s", minor(total), minor(allocated))
		}
		if relations[0] != relations[1] || significant[0] != significant[1] {
			t.Fatalf("relations %v, significant %v", relations, significant)
		}
	})
}
