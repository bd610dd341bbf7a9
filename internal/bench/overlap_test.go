package bench_test

import (
	"testing"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/period"
)

// BenchmarkOverlaps finds all overlaps of a world, and those of one member.
func BenchmarkOverlaps(b *testing.B) {
	fx.ECB()
	s := build(grants(b))
	for name, filter := range map[string]analysis.Filter{"all": {}, "member": {Members: []string{"o1000"}}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				res, err := s.Overlaps(analysis.OverlapQuery{Scope: grant.MemberScope, Currency: "USD", Filter: filter, Limit: 100, Principal: staff})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(res.Count), "overlaps")
			}
		})
	}
}

// BenchmarkGaps finds all gaps of a world, and those of one member.
func BenchmarkGaps(b *testing.B) {
	fx.ECB()
	s := build(grants(b))
	for name, filter := range map[string]analysis.Filter{"all": {}, "member": {Members: []string{"o1000"}}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				res, err := s.Gaps(analysis.GapQuery{AsOf: period.Of(2018, 1, 1), Currency: "USD", Filter: filter, Thresholds: analysis.DefaultThresholds(), Limit: 100, Principal: staff})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(res.Count), "gaps")
			}
		})
	}
}

// BenchmarkClusters finds the cells with the most donor states at once.
func BenchmarkClusters(b *testing.B) {
	fx.ECB()
	s := build(grants(b))
	for b.Loop() {
		s.Clusters(analysis.ClusterQuery{OverlapQuery: analysis.OverlapQuery{Scope: grant.MemberScope, Currency: "USD", Limit: 100, Principal: staff}})
	}
}
