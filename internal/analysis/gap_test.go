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

// members is the field with its members in the coalition and some targets.
func members(t *rapid.T) *grant.Registry {
	reg := field().With(&grant.Organisation{ID: "m1", DisplayName: "M1", Member: true}, &grant.Organisation{ID: "m3", DisplayName: "M3", Member: true}, &grant.Organisation{ID: "m4", DisplayName: "M4", Member: true})
	for i := range rapid.IntRange(0, 2).Draw(t, "targets") {
		pick := func(ids []string, label string) string { return rapid.SampledFrom(append(ids, "")).Draw(t, label) }
		target := &grant.Target{
			ID: string(rune('a' + i)), Theme: pick(themeIDs, "wanted theme"), Location: pick(placeIDs, "wanted location"), Population: pick([]string{"women"}, "wanted population"), Source: "s",
			Start: date(rapid.SampledFrom([]string{"2010", "2010-05", "2011-01"}).Draw(t, "wanted from")), End: date(rapid.SampledFrom([]string{"2011", "2011-03-03"}).Draw(t, "wanted to")),
			Currency: rapid.SampledFrom([]money.Currency{"USD", "EUR", "JPY", "ILS"}).Draw(t, "wanted in"), Minor: rapid.Int64Range(1, 1_000_000).Draw(t, "wanted"),
		}
		reg = reg.With(target)
	}
	return reg
}

func anyGapQuery(t *rapid.T) analysis.GapQuery {
	q := anyOverlapQuery(t)
	if !q.From.IsZero() && !q.To.IsZero() && q.To.Last() < q.From.First {
		q.To = period.Date{} // the service refuses it
	}
	percent := func(label string) grant.Percent {
		return grant.Percent(rapid.SampledFrom([]int64{25, 40, 60, 100, 0}).Draw(t, label)) * grant.Whole / 100
	}
	return analysis.GapQuery{
		AsOf: date(rapid.SampledFrom([]string{"2010-07-15", "2010-12-31", "2011-02-28", "2012-02-29", "2009-12-31"}).Draw(t, "as of")).First, Currency: q.Currency, From: q.From, To: q.To,
		RateDate: q.RateDate, Depth: q.Depth, Filter: q.Filter, Limit: 1000, Principal: q.Principal,
		Thresholds: analysis.Thresholds{Cliff: percent("cliff"), Dependency: percent("dependency"), StaleMonths: rapid.SampledFrom([]int{12, 1, 3, 0}).Draw(t, "stale"), Late: percent("late")},
	}
}

func gaps(s *analysis.Snapshot, q analysis.GapQuery) analysis.GapResult {
	res, err := s.Gaps(q)
	if err != nil {
		panic(err)
	}
	return res
}

// The product agrees with the reference, whatever the data and the question.
func TestGapsAgreeWithTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reg, grants, q := members(t), crowded(t), anyGapQuery(t)
		if diff := cmp.Diff(referenceGaps(reg, grants, q), gapAnswer(build(reg, grants), q)); diff != "" {
			t.Fatalf("%+v\n(-reference +product):\n%s", q, diff)
		}
	})
}

// What a person reads: one sentence or two for each gap, kinds in order.
func TestGapsSayWhy(t *testing.T) {
	reg, grants := example()
	reg = reg.With(
		&grant.Organisation{Meta: grant.Meta{Updated: 1_700_000_000_000_000}, ID: "rozana", DisplayName: "Rozana", Member: true},
		&grant.Term{Of: grant.Locations, ID: "region", DisplayName: "Middle East, regional"}, &grant.Term{Of: grant.Locations, ID: "valley", DisplayName: "Jordan Valley", Parent: "region"},
		&grant.Target{ID: "t1", Theme: "water", Location: "valley", Start: date("2025"), End: date("2025"), Currency: "USD", Minor: 500_000_000, Source: "strategy"},
	)
	grants[0].Locations = []grant.Split{{ID: "region", Percent: grant.Whole}}
	grants[0].Transactions = append(grants[0].Transactions, grant.Transaction{ID: "2", Type: grant.Disbursement, Date: date("2024-01"), Amount: money.Amount{Currency: "USD", Minor: 66_000_000}})
	grants[1].Transactions = append(grants[1].Transactions, grant.Transaction{ID: "2", Type: grant.Pledge, Date: date("2024-10-01"), Amount: money.Amount{Currency: "USD", Minor: 100_000_000}})
	res := gaps(build(reg, grants), analysis.GapQuery{AsOf: date("2026-01-31").First, Currency: "USD", Thresholds: analysis.DefaultThresholds(), Limit: 100, Principal: staff})
	var got []string
	for _, g := range res.Gaps {
		got = append(got, g.Kind.String()+": "+g.Reason)
	}
	want := []string{
		"UNFUNDED_MEMBER: Nothing is recorded for Rozana from 1 Feb 2025 to 31 Jan 2026; its records last changed on 14 Nov 2023.",
		"UNMET_TARGET: 5,000,000.00 USD are wanted for water in Jordan Valley from 1 Jan 2025 to 31 Dec 2025; 0.00 USD are recorded, so that 5,000,000.00 USD are not covered. " +
			"659,397.81 USD are booked above Jordan Valley (Middle East, regional). 1,396,640.58 USD are booked without a location.",
		"CLIFF: Money for EcoPeace falls by 48.8 %, from 2,495,636.93 USD in the 12 months up to 31 Jan 2026 to 1,278,021.79 USD in the 12 months after; 2 grants end.",
		"CLIFF: Money for water in Middle East, regional falls by 100 %, from 659,397.81 USD in the 12 months up to 31 Jan 2026 to 0.00 USD in the 12 months after; 1 grant ends. " +
			"1,278,021.79 USD are booked without a location.",
		"CLIFF: Money for education in Middle East, regional falls by 100 %, from 439,598.54 USD in the 12 months up to 31 Jan 2026 to 0.00 USD in the 12 months after; 1 grant ends. " +
			"0.00 USD are booked without a location.",
		"STALE_PLEDGE: 1,000,000.00 USD was pledged under grants/se on 1 Oct 2024, and no commitment that follows is recorded by 31 Jan 2026.",
		"LATE_DISBURSEMENT: 81.7 % of the time of grants/se has run by 31 Jan 2026, and nothing is recorded as disbursed.",
		"LATE_DISBURSEMENT: 100 % of the time of grants/us has run by 31 Jan 2026, and 20 % of its money is recorded as disbursed.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A target that is met to the cent is no gap, and one that lacks a cent is.
func TestTargetMetToTheCent(t *testing.T) {
	reg, grants := example()
	for wanted, gapsOf := range map[int64]int{698_702_932 + 198_000_000: 0, 698_702_932 + 198_000_001: 1} {
		target := &grant.Target{ID: "t", Theme: "water", Start: date("2022"), End: date("2026"), Currency: "USD", Minor: wanted, Source: "s"}
		q := analysis.GapQuery{Kinds: []analysis.GapKind{analysis.UnmetTarget}, AsOf: date("2025-01-01").First, Currency: "USD", Limit: 10, Principal: staff}
		if n := gaps(build(reg.With(target), grants), q).Count; n != gapsOf {
			t.Errorf("%d wanted: found %d gaps, want %d", wanted, n, gapsOf)
		}
	}
}

// A grant can be late from the day with which it has run for half its days.
func TestLateFromHalfTime(t *testing.T) {
	reg, grants := example()
	grants[0].Start, grants[0].End = date("2024-01-01"), date("2024-12-31") // 366 days
	s := build(reg, grants[:1])
	for day, want := range map[string]int{"2024-06-30": 0, "2024-07-01": 1} {
		q := analysis.GapQuery{
			Kinds: []analysis.GapKind{analysis.LateDisbursement}, AsOf: date(day).First, Currency: "USD", Thresholds: analysis.DefaultThresholds(), Limit: 10, Principal: staff,
		}
		if n := gaps(s, q).Count; n != want {
			t.Errorf("%s: found %d gaps, want %d", day, n, want)
		}
	}
}
