package grant

import (
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// SetAward writes what was awarded and when as the grant's first commitment (a pledge, when it is in the pipeline). Errors: Invalid if it has several
// of them, for then nobody can tell which one is meant.
func (g *Grant) SetAward(amount money.Amount, date period.Date) error {
	kind := Commitment
	if g.Status == Pipeline {
		kind = Pledge
	}
	var first *Transaction
	for i := range g.Transactions {
		if t := &g.Transactions[i]; t.Type == kind {
			if first != nil {
				return fault.Field("amount", "the grant has several transactions of type %s; change the one that is meant", kind)
			}
			first = t
		}
	}
	if first == nil {
		g.Transactions = append(g.Transactions, Transaction{ID: g.NextID(), Type: kind})
		first = &g.Transactions[len(g.Transactions)-1]
	}
	first.Amount, first.Date = amount, date
	return nil
}
