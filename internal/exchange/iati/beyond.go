package iati

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// beyond returns what of a grant its activity does not hold, or holds less of, as it stands in the record's own JSON: qualifiers of amounts, dates that are not known to the day,
// shares, populations, links, reports, visibility and the like. A field that is added to grants is among it until somebody finds a place for it.
func beyond(g *grant.Grant) ([]byte, error) {
	body, err := grant.Encode(g)
	if err != nil {
		return nil, err
	}
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, err
	}
	for _, name := range carried(g) {
		delete(fields, name)
	}
	return json.Marshal(fields, json.Deterministic(true))
}

// Restore puts what an activity did not hold back into the grant that was read from the rest of it. Text is that of the element beyond.
func Restore(g *grant.Grant, text []byte) error { return json.Unmarshal(text, g) }

// carried are the fields that the activity of a grant holds in full.
func carried(g *grant.Grant) []string {
	names := []string{"title", "status", "imports"} // imports are of the file that the grant came from, which is given back
	if g.Description != "" {                        // else the schema requires one all the same, and it is the title
		names = append(names, "description")
	}
	if g.Start.Precision == period.ToDay {
		names = append(names, "start")
	}
	if g.End.Precision == period.ToDay {
		names = append(names, "end")
	}
	if whole(g.Budgets, func(b *grant.Budget) bool {
		return !long(b) && b.Start.Precision == period.ToDay && b.End.Precision == period.ToDay
	}) {
		names = append(names, "budgets")
	}
	if whole(g.Transactions, fits) {
		names = append(names, "transactions")
	}
	return names
}

func whole[T any](all []T, holds func(*T) bool) bool {
	for i := range all {
		if !holds(&all[i]) {
			return false
		}
	}
	return true
}

// fits tells whether IATI has a place for all of a transaction.
func fits(t *grant.Transaction) bool {
	dated := t.Date.Precision == period.ToDay && (t.ValueDate.IsZero() || t.ValueDate.Precision == period.ToDay && t.ValueDate != t.Date)
	return dated && t.Amount.Qualifier == money.Exact && t.Type != grant.Cancellation && t.Type != grant.Reimbursement && t.Source == "" && t.Origin == ""
}
