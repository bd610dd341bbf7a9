package money

import (
	"math"
	"math/big"
	"math/bits"
)

// Share returns m·num/den, rounded half to even: the part of m that the first num of den equal weights have. den is not 0. It is the step of the one rounding law: to
// cut M by weights w1…wn, part k is Share(M, w1+…+wk, W) − Share(M, w1+…+wk−1, W), so that parts always sum to M (DESIGN, "Money"). The result must fit into 64 bits,
// as it does whenever num ≤ den.
func Share(m int64, num, den uint64) int64 {
	if m < 0 {
		return -share(uint64(-m), num, den)
	}
	return share(uint64(m), num, den)
}

func share(m, num, den uint64) int64 {
	var q, r uint64
	if hi, lo := bits.Mul64(m, num); hi == 0 {
		q, r = lo/den, lo%den
	} else {
		q, r = bits.Div64(hi, lo, den)
	}
	if rest := den - r; r > rest || r == rest && q&1 == 1 {
		q++
	}
	return int64(q)
}

// Weights returns the cumulative weights of the parts of nested lists: the product of the lists in lexicographic order, the last list fastest. cum[k] is the sum of
// the first k+1 weights. Weights of a list need only be in proportion; a list without weights is passed over. ok is false when the total does not fit into
// 63 bits; Cut still works then.
func Weights(lists ...[]uint64) (cum []uint64, total uint64, ok bool) {
	cum = []uint64{1}
	total = 1
	for _, list := range lists {
		if len(list) == 0 {
			continue
		}
		list = reduce(list)
		sum, fits := sumOf(list)
		hi, product := bits.Mul64(total, sum)
		if !fits || hi != 0 || product > math.MaxInt64 {
			return nil, 0, false
		}
		next := make([]uint64, 0, len(cum)*len(list))
		before := uint64(0)
		for _, c := range cum {
			// The weight c−before is divided among the list; all is held to the scale of the product.
			weight, inner := c-before, uint64(0)
			for _, w := range list {
				inner += w
				next = append(next, before*sum+weight*inner)
			}
			before = c
		}
		cum, total = next, product
	}
	return cum, total, true
}

// Cut cuts m over the product of nested lists of weights, by the one law. See Weights for the order of the parts. Each list that has weights has one above 0.
func Cut(m int64, lists ...[]uint64) []int64 {
	cum, total, ok := Weights(lists...)
	if !ok {
		return cutBig(m, lists)
	}
	parts := make([]int64, len(cum))
	before := int64(0)
	for k, c := range cum {
		upTo := Share(m, c, total)
		parts[k], before = upTo-before, upTo
	}
	return parts
}

// cutBig is Cut for weights whose product is beyond 63 bits.
func cutBig(m int64, lists [][]uint64) []int64 {
	cum, total := WeightsBig(lists...)
	parts := make([]int64, len(cum))
	before := int64(0)
	for k, c := range cum {
		upTo := ShareBig(m, c, total)
		parts[k], before = upTo-before, upTo
	}
	return parts
}

// ShareBig is Share for weights beyond 64 bits. num and den are not negative, den is not 0.
func ShareBig(m int64, num, den *big.Int) int64 {
	return quotient(new(big.Int).Mul(big.NewInt(m), num), den).Int64()
}

// quotient returns num/den, rounded half to even. den is not 0.
func quotient(num, den *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(num, den, new(big.Int))
	if c := r.Lsh(r, 1).CmpAbs(den); c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(int64(num.Sign()*den.Sign())))
	}
	return q
}

// reduce divides weights by their greatest common divisor, which keeps products small: 60 %, 40 % in millionths become 3, 2.
func reduce(list []uint64) []uint64 {
	divisor := uint64(0)
	for _, w := range list {
		for a := w; a != 0; {
			divisor, a = a, divisor%a
		}
	}
	if divisor <= 1 {
		return list
	}
	reduced := make([]uint64, len(list))
	for i, w := range list {
		reduced[i] = w / divisor
	}
	return reduced
}

func sumOf(list []uint64) (sum uint64, fits bool) {
	for _, w := range list {
		if sum+w < sum {
			return 0, false
		}
		sum += w
	}
	return sum, true
}

// WeightsBig is Weights for products beyond 63 bits.
func WeightsBig(lists ...[]uint64) (cum []*big.Int, total *big.Int) {
	weights, total := []*big.Int{big.NewInt(1)}, big.NewInt(1)
	for _, list := range lists {
		if len(list) == 0 {
			continue
		}
		sum := new(big.Int)
		next := make([]*big.Int, 0, len(weights)*len(list))
		for _, w := range list {
			sum.Add(sum, new(big.Int).SetUint64(w))
		}
		for _, outer := range weights {
			for _, w := range list {
				next = append(next, new(big.Int).Mul(outer, new(big.Int).SetUint64(w)))
			}
		}
		weights, total = next, new(big.Int).Mul(total, sum)
	}
	for k := 1; k < len(weights); k++ {
		weights[k].Add(weights[k], weights[k-1])
	}
	return weights, total
}
