package search

import (
	"fmt"
	"slices"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

// figure is what a grant is worth in its own currency, and how exactly that is known. The zero figure is not known.
type figure struct {
	currency              money.Currency
	lower, central, upper int64
	open                  bool
	qualifier             money.Qualifier // of its only amount, or the loosest of several
}

// figureOf adds up the commitments of a grant, less what was cancelled; its pledges if it has none; else what was paid. Several currencies, or an amount unknown, are not known.
func figureOf(g *grant.Grant) figure {
	for _, types := range [][]grant.TransactionType{{grant.Commitment, grant.Cancellation}, {grant.Pledge}, {grant.Disbursement, grant.Expenditure, grant.Reimbursement}} {
		var f figure
		found := false
		for i := range g.Transactions {
			t := &g.Transactions[i]
			if !slices.Contains(types, t.Type) {
				continue
			}
			if t.Amount.Qualifier == money.Unknown || found && t.Amount.Currency != f.currency {
				return figure{}
			}
			found = true
			f.add(t)
		}
		if found {
			return f
		}
	}
	return figure{}
}

func (f *figure) add(t *grant.Transaction) {
	b := t.Amount.Bounds()
	if t.Amount.Qualifier == money.Rounded {
		half := halfUnit(t.Amount.Minor)
		b.Lower, b.Upper = b.Lower-half, b.Upper+half
	}
	if t.Type.Sign() < 0 && t.Amount.Minor >= 0 {
		b = b.Neg()
	}
	f.currency = t.Amount.Currency
	f.lower, f.central, f.upper = f.lower+b.Lower, f.central+b.Central, f.upper+b.Upper
	f.open = f.open || b.Open
	f.qualifier = max(f.qualifier, t.Amount.Qualifier)
}

// halfUnit returns how far off a rounded amount can be: half of the unit of its last digit that is not 0. About 2,300,000 is 2,250,000 to 2,350,000.
func halfUnit(minor int64) int64 {
	if minor == 0 {
		return 0
	}
	unit := int64(1)
	for minor%(unit*10) == 0 {
		unit *= 10
	}
	return unit / 2
}

// points compares two amounts by what they mean: AT_LEAST, UP_TO and RANGE by what they leave open, ROUNDED by what it may have been before. Of different currencies, and of what is
// not known, nothing is said. The reason is told where there is a place for it.
func (f figure) points(g figure, reason *string) int {
	if f.currency == "" || f.currency != g.currency {
		return 0
	}
	low, high := min(f.central, g.central), max(f.central, g.central)
	points, said := 0, ""
	switch exact := f.qualifier == money.Exact && g.qualifier == money.Exact; {
	case low == high && exact:
		points, said = amountPoints, "the same amount"
	case low == high:
		points, said = amountPoints*9/10, "the same figure"
	case high-low <= max(high, -low)/50:
		points, said = amountPoints*8/10, "within 2 %"
	case !f.meets(g):
		points, said = otherAmount, "another amount"
	case high <= 2*low:
		points, said = amountPoints/2, "which can be the same amount"
	}
	if reason != nil && said != "" {
		*reason = fmt.Sprintf("%s and %s %s, %s", money.FormatMinor(f.currency, low), money.FormatMinor(f.currency, high), f.currency, said)
	}
	return points
}

// meets tells whether two figures can be of one amount.
func (f figure) meets(g figure) bool {
	return (f.open || g.lower <= f.upper) && (g.open || f.lower <= g.upper)
}
