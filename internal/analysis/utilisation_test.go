package analysis_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

func anyPeriod(t *rapid.T) (start, end period.Date) {
	for start.IsZero() || end.IsZero() || end.Last() < start.First {
		start, end = anyDate(t, "start"), anyDate(t, "end")
	}
	return start, end
}

func anyProgramme(t *rapid.T) *grant.Programme {
	p := &grant.Programme{ID: "p", DisplayName: "P"}
	for range rapid.IntRange(0, 3).Draw(t, "envelopes") {
		e := grant.Envelope{Amount: anyAmount(t)}
		e.Start, e.End = anyPeriod(t)
		p.Envelopes = append(p.Envelopes, e)
	}
	return p
}

// An envelope holds what the reference adds up on its days, Outside what falls on no day of any, and Whole all of it. Where no envelopes overlap, they and Outside
// sum to Whole, whatever the data and whoever asks.
func TestUtilisationAgreesWithTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grants, asked, p := anyGrants(t), anyQuery(t), anyProgramme(t)
		for _, g := range grants {
			g.Programme = rapid.SampledFrom([]string{"p", "p", ""}).Draw(t, "programme")
		}
		reg := field().With(p)
		q := analysis.UtilisationQuery{Currency: asked.Currency, RateDate: asked.RateDate, Principal: asked.Principal}
		got, err := build(reg, grants).Utilisation(p, q)
		if err != nil {
			t.Fatal(err)
		}
		var want, have []string
		compare := func(name string, u analysis.Use, from, to period.Date, but ...period.Span) {
			for measure, row := range map[analysis.Measure]analysis.Row{analysis.Committed: u.Committed, analysis.Disbursed: u.Disbursed} {
				ref := allocate(reg, grants, analysis.Query{
					Measure: measure, Currency: q.Currency, RateDate: q.RateDate, Principal: q.Principal, Attribution: analysis.Prime, From: from, To: to,
					Filter: analysis.Filter{Programmes: []string{"p"}},
				}, but...)
				want, have = append(want, ref.total.show(name)), append(have, show(name, row))
			}
		}
		var spans []period.Span
		sum := got.Outside
		overlap := false
		for i, e := range got.Envelopes {
			compare(fmt.Sprint("envelope ", i), e.Use, e.Envelope.Start, e.Envelope.End)
			others := slices.Delete(slices.Clone(p.Envelopes), i, i+1)
			meets := slices.ContainsFunc(others, func(o grant.Envelope) bool {
				return o.Start.First <= e.Envelope.End.Last() && e.Envelope.Start.First <= o.End.Last()
			})
			if meets != e.Overlaps {
				t.Fatalf("envelope %d overlaps another: found %t, want %t", i, e.Overlaps, meets)
			}
			spans, overlap = append(spans, e.Envelope.Span()), overlap || e.Overlaps
			addUse(&sum, e.Use)
		}
		compare("outside", got.Outside, period.Date{}, period.Date{}, spans...)
		compare("whole", got.Whole, period.Date{}, period.Date{})
		if diff := cmp.Diff(want, have); diff != "" {
			t.Fatalf("%+v of %+v\n(-reference +product):\n%s", q, p, diff)
		}
		if whole := got.Whole; !overlap && (figuresOf(sum.Committed) != figuresOf(whole.Committed) || figuresOf(sum.Disbursed) != figuresOf(whole.Disbursed)) {
			t.Fatalf("envelopes and what is outside sum to %v, the programme has %v", figuresOf(sum.Committed), figuresOf(whole.Committed))
		}
	})
}

func figuresOf(r analysis.Row) [3]money.Sum { return [3]money.Sum{r.Lower, r.Central, r.Upper} }

func addUse(sum *analysis.Use, u analysis.Use) {
	for _, pair := range [][2]*money.Sum{
		{&sum.Committed.Lower, &u.Committed.Lower}, {&sum.Committed.Central, &u.Committed.Central}, {&sum.Committed.Upper, &u.Committed.Upper},
		{&sum.Disbursed.Lower, &u.Disbursed.Lower}, {&sum.Disbursed.Central, &u.Disbursed.Central}, {&sum.Disbursed.Upper, &u.Disbursed.Upper},
	} {
		pair[0].AddSum(*pair[1])
	}
}

// A programme with 5 million for 2022 and 3 million euros for 2023, whose commitments are 6 and 1 million: the first is overcommitted, the second not converted at a day's rate
// but at that of its first day, and what has no date is in neither.
func TestUtilisationOfEnvelopes(t *testing.T) {
	reg, grants := example()
	p := &grant.Programme{ID: "p", DisplayName: "P", Envelopes: []grant.Envelope{
		{Start: date("2022"), End: date("2022"), Amount: money.Amount{Currency: "USD", Qualifier: money.UpTo, Minor: 500_000_000}},
		{Start: date("2023-01-02"), End: date("2023"), Amount: money.Amount{Currency: "EUR", Minor: 300_000_000}},
		{Start: date("2023-12"), End: date("2024"), Amount: money.Amount{Qualifier: money.Unknown}},
	}}
	us := grants[0]
	us.Programme, us.Transactions = "p", []grant.Transaction{
		{ID: "1", Type: grant.Commitment, Date: date("2022-03"), Amount: money.Amount{Currency: "USD", Minor: 600_000_000}},
		{ID: "2", Type: grant.Commitment, Date: date("2023-06"), Amount: money.Amount{Currency: "USD", Minor: 100_000_000}},
		{ID: "3", Type: grant.Disbursement, Date: date("2022-05"), Amount: money.Amount{Currency: "USD", Minor: 125_000_000}},
		{ID: "4", Type: grant.Disbursement, Date: date("2025"), Amount: money.Amount{Currency: "USD", Minor: 1}},
	}
	u, err := build(reg.With(p), grants).Utilisation(p, analysis.UtilisationQuery{Currency: "USD", Principal: staff, AsOf: period.Of(2023, 7, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range u.Envelopes {
		left, ok := e.Unallocated()
		ceiling := "none"
		if ok {
			ceiling = e.Ceiling.Decimal("USD")
		}
		got = append(got, fmt.Sprint(ceiling, " ", e.Committed.Central.Decimal("USD"), " ", e.Disbursed.Central.Decimal("USD"), " ", left.Decimal("USD"), " ", e.Elapsed, " ", e.Overlaps))
	}
	got = append(got, "outside "+u.Outside.Disbursed.Central.Decimal("USD")+" "+u.Outside.Committed.Central.Decimal("USD"))
	want := []string{
		"5000000.00 6000000.00 1250000.00 -1000000.00 100.00 false",
		"3204900.00 1000000.00 0.00 2204900.00 49.73 true",
		"none 0.00 0.00 0.00 0.00 true",
		"outside 0.01 0.00",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
