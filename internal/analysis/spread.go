package analysis

import (
	"math/big"

	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// spread is how an amount lies over the days of a grant: evenly, both ends included, or as its budgets say.
type spread struct {
	span    period.Span
	until   period.Day // what falls after it is not kept
	budgets []budget
}

func (r *record) spread() spread {
	s := spread{span: r.span, until: r.until}
	if r.more != nil && len(r.more.budgets) > 0 {
		s.budgets = r.more.budgets
		s.span = s.budgets[0].span
		for _, b := range s.budgets {
			s.span.First, s.span.Last = min(s.span.First, b.span.First), max(s.span.Last, b.span.Last)
		}
		if s.come(r.cut).Sign() == 0 {
			s.budgets, s.span = nil, r.span // nothing was planned for the days that there are
		}
	}
	s.span.Last = min(s.span.Last, r.cut)
	return s
}

func (s *spread) dated() bool { return s.span.First <= s.span.Last }

// kept returns the days that have money; they may be none.
func (s *spread) kept() period.Span {
	return period.Span{First: s.span.First, Last: min(s.span.Last, s.until)}
}

// fraction is how much of an amount has come with the end of a day: num of den.
type fraction struct {
	num, den uint64
	big      [2]*big.Int // in their place, for budgets
}

// upTo returns the fraction that has come with the end of a day.
func (s *spread) upTo(d period.Day) fraction {
	if len(s.budgets) > 0 {
		return s.budgeted(d)
	}
	d = min(d, s.span.Last)
	return fraction{num: uint64(max(0, int(d-s.span.First)+1)), den: uint64(s.span.Days())}
}

// budgeted is upTo where there are budgets: each is spread evenly over its own days, and they weigh as their amounts.
func (s *spread) budgeted(d period.Day) fraction {
	come := s.come(min(d, s.span.Last))
	come.Quo(come, s.come(s.span.Last))
	return fraction{big: [2]*big.Int{come.Num(), come.Denom()}}
}

// come is how much of the budgets has come with the end of a day.
func (s *spread) come(d period.Day) *big.Rat {
	sum := new(big.Rat)
	for _, b := range s.budgets {
		if covered, ok := b.span.Intersect(period.Span{First: b.span.First, Last: d}); ok {
			sum.Add(sum, new(big.Rat).Mul(new(big.Rat).SetInt64(b.minor), big.NewRat(int64(covered.Days()), int64(b.span.Days()))))
		}
	}
	return sum
}

// of returns the fraction of an amount, by the one law.
func (f fraction) of(minor int64) int64 {
	if f.big[1] != nil {
		return money.ShareBig(minor, f.big[0], f.big[1])
	}
	return money.Share(minor, f.num, f.den)
}
