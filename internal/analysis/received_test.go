package analysis_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
)

// What one member of many receives is found without looking at all grants, and is what it would be if there were no others: also when grants come to it and leave it, in the snapshot
// before as in the one after, and when a scenario adds one.
func TestOneMemberOfMany(t *testing.T) {
	reg, grants := example()
	reg = reg.With(&grant.Organisation{ID: "rare", DisplayName: "Rare", Member: true}, &grant.Organisation{ID: "gone", DisplayName: "Gone", Successor: "rare"})
	to := func(id, member string) *grant.Grant {
		g := *grants[1]
		g.ID, g.Recipients = id, []grant.Participation{{Organisation: member}}
		return &g
	}
	var many []*grant.Grant
	for i := range 1500 {
		many = append(many, to(fmt.Sprintf("g%d", i), "ecopeace"))
	}
	asked := analysis.Query{GroupBy: []analysis.Dimension{analysis.DonorState, analysis.Year}, Currency: "USD", Principal: staff, Filter: analysis.Filter{Members: []string{"rare"}}}
	holds := func(what string, s *analysis.Snapshot, want ...*grant.Grant) {
		t.Helper()
		if diff := cmp.Diff(answer(build(reg, want), asked), answer(s, asked)); diff != "" {
			t.Errorf("%s (-alone +of many): %s", what, diff)
		}
	}
	many[7], many[1200] = to("g7", "rare"), to("g1200", "gone")
	first := build(reg, many)
	holds("built", first, many[7], many[1200])
	second := first.Next(reg, fx.ECB(), []*grant.Grant{to("g7", "ecopeace"), to("g9", "rare"), to("new", "rare")})
	holds("moved", second, to("g9", "rare"), many[1200], to("new", "rare"))
	holds("before", first, many[7], many[1200])
	third, _, err := second.Suppose(staff, []analysis.Change{{Kind: analysis.Addition, Grant: to("supposed", "rare")}})
	if err != nil {
		t.Fatal(err)
	}
	holds("supposed", third, to("g9", "rare"), many[1200], to("new", "rare"), to("supposed", "rare"))
	holds("not supposed", second, to("g9", "rare"), many[1200], to("new", "rare"))
}
