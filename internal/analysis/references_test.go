package analysis_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/grant"
)

// A record is referred to by the grants that name it, wherever in them and however often: it can be deleted when there are none.
func TestReferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		organisations := append(slices.Clone(donorIDs), memberIDs...)
		someone := func(label string) string {
			return rapid.SampledFrom(append([]string{""}, organisations...)).Draw(t, label)
		}
		grants := anyGrants(t)
		for _, g := range grants {
			for _, id := range some(t, organisations, "partners") {
				g.Partners = append(g.Partners, grant.Partner{Organisation: id})
			}
			for i := range g.Transactions {
				g.Transactions[i].Provider, g.Transactions[i].Receiver = someone("provider"), someone("receiver")
			}
			g.Reports = []grant.Report{{Organisation: someone("reporter"), Values: grant.Values{Recipients: some(t, memberIDs, "reported")}}}
		}
		s := build(field(), grants)
		for _, kind := range []grant.Kind{grant.Organisations, grant.Programmes, grant.Themes, grant.Locations, grant.Populations} {
			for _, e := range field().All(kind) {
				var by []string
				for _, g := range grants {
					names := func(r grant.Reference) bool { return r.Key == e.Key() }
					if g.Deleted == 0 && g.Successor == "" && slices.ContainsFunc(slices.Collect(g.References()), names) {
						by = append(by, g.ID)
					}
				}
				if count, first := s.References(e.Key()); count != len(by) || count > 0 && first != by[0] {
					t.Fatalf("%s is referred to by %d, first %q, want %v", e.Key(), count, first, by)
				}
			}
		}
	})
}
