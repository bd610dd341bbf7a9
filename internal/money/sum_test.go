package money_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/money"
)

// Minus undoes AddSum, beyond 64 bits too.
func TestMinus(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a, b money.Sum
		for range rapid.IntRange(0, 5).Draw(t, "amounts") {
			a.Add(rapid.Int64().Draw(t, "a"))
			b.Add(rapid.Int64().Draw(t, "b"))
		}
		both := a
		both.AddSum(b)
		if both.Minus(b) != a || both.Minus(a) != b {
			t.Fatalf("%v + %v is %v", a, b, both)
		}
	})
}

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		part, whole int64
		want        string
	}{
		{3, 5, "60.00"}, {1, 3, "33.33"}, {2, 3, "66.67"}, {-1, 3, "-33.33"}, {0, 7, "0.00"}, {7, 0, ""},
		{1, 20_000, "0.00"}, {3, 20_000, "0.02"}, {-3, 20_000, "-0.02"}, // halves go to even
		{9_000_000_000_000_000_000, 1, "900000000000000000000.00"},
	} {
		if got := money.SumOf(c.part).Percent(money.SumOf(c.whole)); got != c.want {
			t.Errorf("%d of %d: found %q, want %q", c.part, c.whole, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		part, whole := rapid.Int64().Draw(t, "part"), rapid.Int64Min(1).Draw(t, "whole")
		got, ok := new(big.Rat).SetString(money.SumOf(part).Percent(money.SumOf(whole)))
		exact := new(big.Rat).Mul(big.NewRat(part, whole), big.NewRat(100, 1))
		if off := exact.Sub(exact, got); !ok || off.Abs(off).Cmp(big.NewRat(1, 200)) > 0 {
			t.Fatalf("%d of %d is %v, off by %v", part, whole, got, off)
		}
	})
}
