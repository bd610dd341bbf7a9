package grant

import (
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// Transaction is a dated, signed amount on a grant.
type Transaction struct {
	ID          string          `json:"id"`
	Type        TransactionType `json:"type"`
	Date        period.Date     `json:"date,omitzero"`
	ValueDate   period.Date     `json:"valueDate,omitzero"` // the day whose exchange rate holds, where it is not the date
	Amount      money.Amount    `json:"amount"`
	Description string          `json:"description,omitempty"`
	Provider    string          `json:"provider,omitempty"` // an organisation's id
	Receiver    string          `json:"receiver,omitempty"` // an organisation's id
	Source      string          `json:"source,omitempty"`
	Origin      string          `json:"origin,omitempty"` // the name that it had in the grant that was merged into this one
}

// Sign returns how a transaction of this type counts in its measure: -1 when it lowers it whatever the sign of its amount, else +1.
func (t TransactionType) Sign() int {
	if t == Reimbursement || t == Cancellation {
		return -1
	}
	return 1
}

func (t *Transaction) check(v *fault.List) {
	checkID(v, "name", t.ID)
	if t.Type.String() == "" {
		v.Add("type", "is missing; accepted are PLEDGE, COMMITMENT, DISBURSEMENT, EXPENDITURE, REIMBURSEMENT and CANCELLATION")
	}
	v.Merge("amount", t.Amount.Validate())
	checkText(v, "description", t.Description, maxLine)
	checkText(v, "source", t.Source, maxLine)
}
