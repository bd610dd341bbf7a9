package iati

import (
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

// longestBudget is how many days a budget may have; the standard takes a year.
const longestBudget = 366

func long(b *grant.Budget) bool { return int(b.End.Last()-b.Start.First)+1 > longestBudget }

// budgets writes the budgets; one that is longer than a year is a planned disbursement, which may be.
func (w *writer) budgets(g *grant.Grant) {
	put := func(name string, b grant.Budget) {
		w.start(name, "type", "1")
		w.empty("period-start", "iso-date", b.Start.First.String())
		w.empty("period-end", "iso-date", b.End.Last().String())
		w.text("value", money.FormatMinor(b.Currency, b.Minor), "currency", string(b.Currency), "value-date", b.Start.First.String())
		w.end()
	}
	for _, b := range g.Budgets {
		if !long(&b) {
			put("budget", b)
		}
	}
	for _, b := range g.Budgets {
		if long(&b) {
			put("planned-disbursement", b)
		}
	}
}

// codes are the TransactionType codes. A cancellation is a negative commitment, and money that is paid back a negative disbursement, as the standard has it.
var codes = map[grant.TransactionType]string{
	grant.Pledge: "12", grant.Commitment: "2", grant.Cancellation: "2", grant.Disbursement: "3", grant.Expenditure: "4", grant.Reimbursement: "3",
}

// transaction writes a transaction that has a figure. Of a range that is its middle, which totals have as well.
func (w *writer) transaction(g *grant.Grant, t *grant.Transaction) {
	if t.Amount.Qualifier == money.Unknown {
		return
	}
	value := t.Amount.Bounds().Central
	if t.Type.Sign() < 0 && value > 0 {
		value = -value
	}
	date := t.Date.First
	if t.Date.IsZero() {
		date = w.firstKnown(g) // a transaction without a date stands at the grant's start
		if !g.Start.IsZero() {
			date = g.Start.First
		}
	}
	rated := date
	if !t.ValueDate.IsZero() {
		rated = t.ValueDate.First
	}
	w.start("transaction", "ref", t.ID)
	w.empty("transaction-type", "code", codes[t.Type])
	w.empty("transaction-date", "iso-date", date.String())
	if t.Date.IsZero() {
		w.put("<!-- The date of this transaction is not known: the first day that is known of the grant stands for it. -->\n")
	}
	w.text("value", money.FormatMinor(t.Amount.Currency, value), "currency", string(t.Amount.Currency), "value-date", rated.String())
	if t.Description != "" {
		w.narrative("description", t.Description)
	}
	if t.Provider != "" {
		w.narrative("provider-org", w.name(grant.Organisations, t.Provider), "ref", w.registration(t.Provider))
	}
	if t.Receiver != "" {
		w.narrative("receiver-org", w.name(grant.Organisations, t.Receiver), "ref", w.registration(t.Receiver))
	}
	w.end()
}
