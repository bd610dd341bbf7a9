package bench_test

import (
	"testing"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/period"
)

// BenchmarkSelect takes a page of 100 out of 100,000 grants: in the order of creation, which is the peer, and in orders and by filters that look deeper. Amounts are worked out
// once for a currency and kept; "amount, first" is the page that does so.
func BenchmarkSelect(b *testing.B) {
	before := heap()
	s := build(min(grants(b), 100_000))
	size := float64(heap()-before) / float64(min(grants(b), 100_000))
	page := analysis.Selection{Principal: staff, Currency: "USD", Limit: 100}
	least := int64(100_000_000)
	for _, c := range []struct {
		name  string
		asked func(q *analysis.Selection, i int)
	}{
		{"creation", func(*analysis.Selection, int) {}},
		{"title", func(q *analysis.Selection, _ int) { q.Order.By = analysis.ByName }},
		{"amount", func(q *analysis.Selection, _ int) { q.Order.By = analysis.ByAmount }},
		{"amount and period", func(q *analysis.Selection, _ int) {
			q.Min, q.From = &least, period.Date{First: 16_000, Precision: period.ToDay}
		}},
		{"amount, first", func(q *analysis.Selection, i int) {
			q.Order.By, q.RateDate = analysis.ByAmount, period.Date{First: period.Day(12_000 + i), Precision: period.ToDay}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				q := page
				c.asked(&q, i)
				s.Select(q)
			}
			b.ReportMetric(size, "heap-B/grant")
		})
	}
}
