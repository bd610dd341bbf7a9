package money

import (
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestCutRatIsCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.Int64Range(-MaxMinor, MaxMinor).Draw(t, "m")
		weights := rapid.SliceOfN(rapid.Uint64Range(1, 1000), 1, 8).Draw(t, "weights")
		denominator := rapid.Int64Range(1, 1000).Draw(t, "denominator")
		rats := make([]*big.Rat, len(weights))
		for i, w := range weights {
			rats[i] = big.NewRat(int64(w), denominator)
		}
		if got, want := CutRat(m, rats), Cut(m, weights); !slices.Equal(got, want) {
			t.Fatalf("found %v, want %v", got, want)
		}
	})
}

func TestRoundHalvesToEven(t *testing.T) {
	for _, c := range []struct {
		currency Currency
		amount   string
		minor    int64
		ok       bool
	}{
		{"SEK", "1308063.924911", 130806392, true},
		{"USD", "0.125", 12, true},
		{"USD", "-0.135", -14, true},
		{"JPY", "2.5", 2, true},
		{"USD", "1000000000000.004", MaxMinor, true},
		{"USD", "1000000000000.006", 0, false},
	} {
		r, _ := new(big.Rat).SetString(c.amount)
		m, ok := Round(c.currency, r)
		if m.Minor != c.minor || ok != c.ok {
			t.Errorf("%s %s is %d, %v; want %d, %v", c.currency, c.amount, m.Minor, ok, c.minor, c.ok)
		}
	}
}
