package analysis_test

import (
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/money"
)

// near tells whether an amount is what a fraction of a whole comes to, up to the two roundings of the one law.
func near(t *rapid.T, amount, whole int64, fractions ...*big.Rat) {
	exact := new(big.Rat).SetInt64(whole)
	for _, f := range fractions {
		if f != nil {
			exact.Mul(exact, f)
		}
	}
	if off := exact.Sub(exact, new(big.Rat).SetInt64(amount)); off.Abs(off).Cmp(big.NewRat(2, 1)) > 0 {
		t.Fatalf("%d of %d by %v is off by %s", amount, whole, fractions, off.FloatString(3))
	}
}

// explained checks that explanations hold together, and returns what they sum to.
func explained(t *rapid.T, all []analysis.Explanation, byDate bool) (sum money.Sum) {
	for _, x := range all {
		var flows int64
		for _, f := range x.Flows {
			if f.Converted != nil {
				flows += *f.Converted
			}
			if f.Converted != nil && f.Original == nil {
				t.Fatalf("%s: what is not known was converted", x.Grant)
			}
		}
		if flows != x.Converted {
			t.Fatalf("%s: the flows come to %d, the grant has %d", x.Grant, flows, x.Converted)
		}
		var pieces money.Sum
		for _, p := range x.Pieces {
			pieces.Add(p.Amount)
			if !byDate {
				near(t, p.Amount, x.Placed, p.Share, p.Time)
			}
		}
		if len(x.Pieces) > 0 && pieces != x.Amount || len(x.Pieces) == 0 && money.SumOf(flows) != x.Amount {
			t.Fatalf("%s: the pieces come to %s, the amount is %s", x.Grant, minor(pieces), minor(x.Amount))
		}
		sum.AddSum(x.Amount)
	}
	return sum
}

// What explains a figure sums to it, whatever is asked; and to explain changes no figure.
func TestExplanationsSumToTheFigure(t *testing.T) {
	reg := field()
	rapid.Check(t, func(t *rapid.T) {
		s, q := build(reg, crowded(t)), anyQuery(t)
		want := answer(s, q)
		q.Explain = true
		res := must(s.Allocate(q))
		rows := slices.Collect(res.Rows.All())
		if len(q.GroupBy) == 0 {
			rows = append(rows, res.Total)
		}
		if res.Undated != nil {
			rows = append(rows, *res.Undated)
		}
		for _, r := range rows {
			if sum := explained(t, r.Explanation, q.Measure != analysis.Allocated); sum != r.Central {
				t.Fatalf("%v: explained are %s of %s", r.Keys, minor(sum), minor(r.Central))
			}
		}
		got := answer(s, q)
		for i := range want {
			if want[i] != got[i] {
				t.Fatalf("explained %s, else %s", got[i], want[i])
			}
		}
	})
}

// What explains the two sides of an overlap sums to what they have in its cells.
func TestOverlapsExplainThemselves(t *testing.T) {
	reg := field()
	rapid.Check(t, func(t *rapid.T) {
		s, q := build(reg, crowded(t)), anyOverlapQuery(t)
		q.Explain = true
		for _, o := range overlaps(s, q).Overlaps {
			if len(o.Explanations) != 2 {
				t.Fatalf("%s: %d sides are explained", o.ID, len(o.Explanations))
			}
			for i, x := range o.Explanations {
				var has money.Sum
				for _, c := range o.Cells {
					has.Add(c.Amounts[i])
				}
				if sum := explained(t, []analysis.Explanation{x}, false); sum != has || x.Grant != o.ID.Grants[i] {
					t.Fatalf("%s: explained are %s of %s", o.ID, minor(sum), minor(has))
				}
			}
		}
	})
}

// What explains a figure of a gap sums to it.
func TestGapsExplainThemselves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, q := build(members(t), crowded(t)), anyGapQuery(t)
		q.Explain = true
		for _, g := range gaps(s, q).Gaps {
			figures := map[string]*money.Sum{"before": g.Before, "after": g.After, "whole": g.Whole, "part": g.Part}
			if g.Kind != analysis.UnfundedMember && len(g.Explained) == 0 {
				t.Fatalf("%s is not explained", g.Reason)
			}
			for _, x := range g.Explained {
				want := figures[x.Figure]
				if want == nil {
					continue // not all of it is known
				}
				if sum := explained(t, x.Grants, g.Kind == analysis.StalePledge || g.Kind == analysis.LateDisbursement); sum != *want {
					t.Fatalf("%s: %s of %s is explained for %s", g.Reason, minor(sum), minor(*want), x.Figure)
				}
			}
		}
	})
}
