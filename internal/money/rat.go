package money

import "math/big"

// CutRat is Cut over one list of weights that are fractions. None is negative, and one is above 0.
func CutRat(m int64, weights []*big.Rat) []int64 {
	total := new(big.Rat)
	for _, w := range weights {
		total.Add(total, w)
	}
	parts := make([]int64, len(weights))
	sum, before := new(big.Rat), int64(0)
	for k, w := range weights {
		sum.Add(sum, w)
		of := new(big.Rat).Quo(sum, total)
		upTo := ShareBig(m, of.Num(), of.Denom())
		parts[k], before = upTo-before, upTo
	}
	return parts
}

// Round returns an amount that has more decimals than its currency, rounded half to even. ok is false when it is beyond MaxMinor.
func Round(c Currency, amount *big.Rat) (m Money, ok bool) {
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.Exponent())), nil)
	minor := quotient(new(big.Int).Mul(amount.Num(), scale), amount.Denom())
	if minor.CmpAbs(big.NewInt(MaxMinor)) > 0 {
		return Money{}, false
	}
	return Money{Currency: c, Minor: minor.Int64()}, true
}
