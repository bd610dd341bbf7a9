package grant

import (
	"fmt"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// Field is a field of a grant that sources report on, by its name in the contract.
type Field string

// The fields that sources report on.
const (
	AmountField     Field = "amount"
	AwardDateField  Field = "award_date"
	StartField      Field = "start"
	EndField        Field = "end"
	DurationField   Field = "duration_months"
	StatusField     Field = "status"
	RecipientsField Field = "recipients"
)

// Fields are all of them, in the order of the contract.
var Fields = []Field{AmountField, AwardDateField, StartField, EndField, DurationField, StatusField, RecipientsField}

// ParseField accepts the name of a field on which sources report. Its error says what is accepted.
func ParseField(s string) (Field, error) {
	if f := Field(s); slices.Contains(Fields, f) {
		return f, nil
	}
	names := make([]string, len(Fields))
	for i, f := range Fields {
		names[i] = string(f)
	}
	return "", fmt.Errorf("found %q; accepted are %s", s, strings.Join(names, ", "))
}

// Values are what is said of a grant, by a source or by the record itself. A field that is zero is not said; an amount of the qualifier UNKNOWN is:
// it says that nobody tells.
type Values struct {
	Amount         *money.Amount `json:"amount,omitempty"` // what was awarded in all
	AwardDate      period.Date   `json:"awardDate,omitzero"`
	Start          period.Date   `json:"start,omitzero"`
	End            period.Date   `json:"end,omitzero"`
	DurationMonths int           `json:"durationMonths,omitzero"`
	Status         Status        `json:"status,omitzero"`
	Recipients     []string      `json:"recipients,omitempty"` // ids of organisations
}

// Only returns what is said of one field.
func (v Values) Only(f Field) Values {
	switch f {
	case AmountField:
		return Values{Amount: v.Amount}
	case AwardDateField:
		return Values{AwardDate: v.AwardDate}
	case StartField:
		return Values{Start: v.Start}
	case EndField:
		return Values{End: v.End}
	case DurationField:
		return Values{DurationMonths: v.DurationMonths}
	case StatusField:
		return Values{Status: v.Status}
	case RecipientsField:
		return Values{Recipients: v.Recipients}
	}
	return Values{}
}

// States tells whether anything is said of a field.
func (v Values) States(f Field) bool { return !v.Only(f).Equal(Values{}) }

// Equal tells whether two say the same, word for word. The order of recipients does not matter.
func (v Values) Equal(w Values) bool {
	sameAmount := v.Amount == w.Amount || v.Amount != nil && w.Amount != nil && *v.Amount == *w.Amount
	return sameAmount && v.AwardDate == w.AwardDate && v.Start == w.Start && v.End == w.End && v.DurationMonths == w.DurationMonths && v.Status == w.Status &&
		(slices.Equal(v.Recipients, w.Recipients) || slices.Equal(slices.Sorted(slices.Values(v.Recipients)), slices.Sorted(slices.Values(w.Recipients))))
}

// Values returns what the record says of itself. The amount is that of the award. When several commitments (or, without any, pledges) make the award up, it is their sum,
// if all are exact and in one currency; else there is no one amount to name.
func (g *Grant) Values() Values {
	v := Values{Start: g.Start, End: g.End, DurationMonths: g.DurationMonths, Status: g.Status}
	for _, p := range g.Recipients {
		v.Recipients = append(v.Recipients, p.Organisation)
	}
	award := g.Award()
	if award == nil {
		return v
	}
	v.AwardDate = award.Date
	sum, parts, exact := award.Amount, 0, true
	for i := range g.Transactions {
		t := &g.Transactions[i]
		if t.Type != award.Type {
			continue
		}
		exact = exact && t.Amount.Qualifier == money.Exact && t.Amount.Currency == sum.Currency
		if parts++; parts > 1 {
			sum.Minor += t.Amount.Minor
		}
	}
	if parts == 1 || exact {
		v.Amount = &sum
	}
	return v
}
