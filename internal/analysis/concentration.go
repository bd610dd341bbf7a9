package analysis

import (
	"math/big"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/money"
)

// shares says how the money of one is distributed over those who give it, or get it.
type shares struct {
	Total         money.Sum
	Count         int    // of those with more than nothing
	Largest       string // the key of the largest
	LargestAmount money.Sum
	Share         *big.Rat // of the largest in the total; nil when the total is nothing
	// HHI is the Herfindahl-Hirschman index, the sum of the squared shares in per cent: 10,000 when all is in one hand, 10,000/n when n have the same (A. O. Hirschman,
	// "The Paternity of an Index", American Economic Review 54, 1964; the scale is that of the US Department of Justice's Merger Guidelines).
	HHI *big.Rat
}

// concentrationOf reckons how concentrated amounts are. What is not above nothing has no share.
func concentrationOf(amounts map[string]money.Sum) shares {
	var s shares
	var keys []string
	for key, amount := range amounts {
		if amount.Cmp(money.Sum{}) > 0 {
			keys = append(keys, key)
			s.Total.AddSum(amount)
		}
	}
	if s.Count = len(keys); s.Count == 0 {
		return s
	}
	slices.SortFunc(keys, func(a, b string) int {
		if c := amounts[b].Cmp(amounts[a]); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	s.Largest, s.LargestAmount = keys[0], amounts[keys[0]]
	s.Share = quotient(s.LargestAmount, s.Total)
	s.HHI = new(big.Rat)
	for _, key := range keys {
		percent := new(big.Rat).Mul(quotient(amounts[key], s.Total), big.NewRat(100, 1))
		s.HHI.Add(s.HHI, percent.Mul(percent, percent))
	}
	return s
}
