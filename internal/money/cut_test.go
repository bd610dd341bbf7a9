package money_test

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/allmep/tandem/internal/money"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// roundHalfEven rounds a fraction, straight from the words of the law.
func roundHalfEven(x *big.Rat) *big.Int {
	floor := new(big.Int).Div(x.Num(), x.Denom())
	rest := new(big.Rat).Sub(x, new(big.Rat).SetInt(floor))
	if c := rest.Cmp(big.NewRat(1, 2)); c > 0 || c == 0 && floor.Bit(0) == 1 {
		floor.Add(floor, big.NewInt(1))
	}
	return floor
}

// anyMinor draws small and large amounts, the largest among them.
func anyMinor(t *rapid.T) int64 {
	return rapid.OneOf(rapid.Int64Range(-20, 20), rapid.Int64Range(-money.MaxMinor, money.MaxMinor), rapid.Int64(),
		rapid.SampledFrom([]int64{math.MinInt64, math.MinInt64 + 1, math.MaxInt64})).Draw(t, "minor")
}

// anyLists draws nested lists of weights, each with one above 0. Some are so large that their product is beyond 64 bits.
func anyLists(t *rapid.T) [][]uint64 {
	weight := rapid.OneOf(rapid.Uint64Range(0, 3), rapid.Uint64Range(0, 100_000_000), rapid.Uint64Range(0, math.MaxUint64/8))
	list := rapid.SliceOfN(weight, 0, 5).Filter(func(ws []uint64) bool {
		sum := uint64(0)
		for _, w := range ws {
			sum |= w
		}
		return len(ws) == 0 || sum > 0
	})
	return rapid.SliceOfN(list, 0, 4).Draw(t, "lists")
}

func sum(parts []int64) int64 {
	total := int64(0)
	for _, p := range parts {
		total += p // on overflow it wraps, and comes back
	}
	return total
}

func TestShareAgreesWithFractions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyMinor(t)
		size := rapid.SampledFrom([]uint64{4, 100, math.MaxUint32, math.MaxInt64, math.MaxUint64}).Draw(t, "size")
		den := rapid.Uint64Range(1, size).Draw(t, "den")
		num := rapid.Uint64Range(0, den).Draw(t, "num")
		n, d := new(big.Int).SetUint64(num), new(big.Int).SetUint64(den)
		want := roundHalfEven(new(big.Rat).Mul(new(big.Rat).SetInt64(m), new(big.Rat).SetFrac(n, d))).Int64()
		if got := money.Share(m, num, den); got != want {
			t.Fatalf("Share(%d, %d, %d) = %d; want %d", m, num, den, got, want)
		}
		if got := money.ShareBig(m, n, d); got != want {
			t.Fatalf("ShareBig(%d, %d, %d) = %d; want %d", m, num, den, got, want)
		}
		if m != math.MinInt64 && money.Share(-m, num, den) != -want {
			t.Fatalf("Share(%d, %d, %d) = %d; want %d", -m, num, den, money.Share(-m, num, den), -want)
		}
	})
}

func TestShareHalves(t *testing.T) {
	for m, want := range map[int64]int64{0: 0, 1: 0, 2: 1, 3: 2, 5: 2, 7: 4, -1: 0, -3: -2, -5: -2, -7: -4, math.MaxInt64: 1 << 62, math.MinInt64: -1 << 62} {
		if got := money.Share(m, 1, 2); got != want {
			t.Errorf("half of %d is %d; want %d", m, got, want)
		}
	}
}

// The check values of the design.
func TestCut(t *testing.T) {
	for name, c := range map[string]struct {
		minor int64
		lists [][]uint64
		want  string
	}{
		"500,000.00 in three":         {50000000, [][]uint64{{1, 1, 1}}, "166666.67 166666.66 166666.67"},
		"taken away":                  {-50000000, [][]uint64{{1, 1, 1}}, "-166666.67 -166666.66 -166666.67"},
		"by calendar year":            {330000000, [][]uint64{{334, 366, 365, 31}}, "1005656.93 1102007.30 1098996.35 93339.42"},
		"60 and 40 per cent":          {330000000, [][]uint64{{60_000_000, 40_000_000}}, "1980000.00 1320000.00"},
		"nothing is given to nothing": {100, [][]uint64{{0, 1, 0}}, "0.00 1.00 0.00"},
		"no lists":                    {100, nil, "1.00"},
		"an empty list is no list":    {100, [][]uint64{{}, {1, 3}, {}}, "0.25 0.75"},
		"the last list goes fastest":  {1200, [][]uint64{{1, 2}, {1, 3}}, "1.00 3.00 2.00 6.00"},
		"beyond 64 bits":              {1200, [][]uint64{{1<<62 - 1, 1}, {1<<62 - 1, 1}}, "12.00 0.00 0.00 0.00"},
		"a sum beyond 64 bits":        {400, [][]uint64{{math.MaxUint64, math.MaxUint64 - 1, 1}}, "2.00 2.00 0.00"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range money.Cut(c.minor, c.lists...) {
				got = append(got, money.FormatMinor("USD", p))
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("found %s; want %s", s, c.want)
			}
		})
	}
}

// Parts sum to the whole, there is one for each combination, each is within 1 of its exact size, and what is taken away is cut as what is given.
func TestCutLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, lists := anyMinor(t), anyLists(t)
		parts := money.Cut(m, lists...)
		if s := sum(parts); s != m {
			t.Fatalf("%d cut by %v is %v, which sums to %d", m, lists, parts, s)
		}
		weights := product(lists)
		if len(parts) != len(weights) {
			t.Fatalf("%d cut by %v has %d parts; want %d", m, lists, len(parts), len(weights))
		}
		for k, w := range weights {
			off := new(big.Rat).Sub(new(big.Rat).Mul(w, new(big.Rat).SetInt64(m)), new(big.Rat).SetInt64(parts[k]))
			if off.Abs(off).Cmp(big.NewRat(1, 1)) > 0 || w.Sign() == 0 && parts[k] != 0 {
				t.Fatalf("part %d of %d cut by %v is %d, off by %s", k, m, lists, parts[k], off)
			}
		}
		if m != math.MinInt64 {
			for k, p := range money.Cut(-m, lists...) {
				if p != -parts[k] {
					t.Fatalf("part %d of %d is %d, and of %d it is %d", k, m, parts[k], -m, p)
				}
			}
		}
	})
}

// product returns the exact weights of the parts, in order.
func product(lists [][]uint64) []*big.Rat {
	weights := []*big.Rat{big.NewRat(1, 1)}
	for _, list := range lists {
		if len(list) == 0 {
			continue
		}
		total := new(big.Int)
		for _, w := range list {
			total.Add(total, new(big.Int).SetUint64(w))
		}
		var next []*big.Rat
		for _, outer := range weights {
			for _, w := range list {
				next = append(next, new(big.Rat).Mul(outer, new(big.Rat).SetFrac(new(big.Int).SetUint64(w), total)))
			}
		}
		weights = next
	}
	return weights
}

// To look at the outer lists only is to add up the parts of the inner one: any merge of neighbours is the cut by the merged weights.
func TestMergedNeighboursAreTheirSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyMinor(t)
		fine := rapid.SliceOfN(rapid.Uint64Range(0, 1_000_000_000), 1, 12).Filter(func(ws []uint64) bool { return ws[0] > 0 }).Draw(t, "weights")
		parts := money.Cut(m, fine)
		var coarse []uint64
		var want []int64
		for i, w := range fine {
			if i == 0 || rapid.Bool().Draw(t, "starts a part") {
				coarse, want = append(coarse, 0), append(want, 0)
			}
			coarse[len(coarse)-1] += w
			want[len(want)-1] += parts[i]
		}
		if diff := cmp.Diff(want, money.Cut(m, coarse)); diff != "" {
			t.Fatalf("%d cut by %v and merged differs from it cut by %v:\n%s", m, fine, coarse, diff)
		}
	})
}

// The parts of an outer list are the same whatever hangs below them.
func TestInnerListsDoNotMoveOuterParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyMinor(t)
		list := rapid.SliceOfN(rapid.Uint64Range(1, 100_000_000), 1, 5)
		outer, inner := list.Draw(t, "outer"), list.Draw(t, "inner")
		nested := money.Cut(m, outer, inner)
		for i, want := range money.Cut(m, outer) {
			if got := sum(nested[i*len(inner) : (i+1)*len(inner)]); got != want {
				t.Fatalf("outer part %d of %d is %d alone and %d with %v below it", i, m, want, got, inner)
			}
		}
	})
}

// Weights are proportions: to multiply a list changes nothing.
func TestWeightsAreProportions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, factor := anyMinor(t), rapid.Uint64Range(1, 1_000_000).Draw(t, "factor")
		list := rapid.SliceOfN(rapid.Uint64Range(1, 100_000_000), 1, 5).Draw(t, "weights")
		larger := make([]uint64, len(list))
		for i, w := range list {
			larger[i] = w * factor
		}
		if diff := cmp.Diff(money.Cut(m, list), money.Cut(m, larger)); diff != "" {
			t.Fatalf("%v and %v times as much cut %d differently:\n%s", list, factor, m, diff)
		}
	})
}

func TestWeightsAndWeightsBigAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := anyLists(t)
		bigCum, bigTotal := money.WeightsBig(lists...)
		if last := bigCum[len(bigCum)-1]; last.Cmp(bigTotal) != 0 {
			t.Fatalf("the weights of %v sum to %s; their total is %s", lists, last, bigTotal)
		}
		cum, total, ok := money.Weights(lists...)
		if !ok {
			if bigTotal.BitLen() < 64 {
				t.Fatalf("the weights of %v sum to %s, and Weights says that it does not fit", lists, bigTotal)
			}
			return
		}
		for k := range cum {
			// cum[k]/total = bigCum[k]/bigTotal; Weights divides common factors out.
			a := new(big.Int).Mul(new(big.Int).SetUint64(cum[k]), bigTotal)
			if b := new(big.Int).Mul(bigCum[k], new(big.Int).SetUint64(total)); a.Cmp(b) != 0 {
				t.Fatalf("weight %d of %v is %d of %d; want %s of %s", k, lists, cum[k], total, bigCum[k], bigTotal)
			}
		}
	})
}

func BenchmarkShare(b *testing.B) {
	for _, c := range []struct {
		name     string
		minor    int64
		num, den uint64
	}{{"64 bits", 330_000_000, 334, 1096}, {"128 bits", 330_000_000, 1 << 40, 1 << 41}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				money.Share(c.minor, c.num, c.den)
			}
		})
	}
}

func BenchmarkCut(b *testing.B) {
	for _, n := range []int{3, 30} {
		b.Run(fmt.Sprint(n*n), func(b *testing.B) {
			list := make([]uint64, n)
			for i := range list {
				list[i] = uint64(100_000_000/n + i)
			}
			for b.Loop() {
				money.Cut(330_000_000, list, list)
			}
		})
	}
}
