package iati

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// beyond returns what of a grant its activity does not hold, or holds less of, as it stands in the record's own JSON: qualifiers of amounts, dates that are not known to the day,
// shares, populations, links, reports, visibility and the like. A field that is added to grants is among it until somebody finds a place for it.
//
// It also has the names of what the record refers to, and the donor states of the funders, for servers that do not know them, says which record it is, by the identifier of the activity, and says "" where the schema
// requires what the record does not have. left is what it does not take of the file that the grant was imported from.
func beyond(g *grant.Grant, names *grant.Registry, linked map[string]string, identifier string, left []grant.Kept) ([]byte, error) {
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
	if g.Start.IsZero() {
		fields["start"] = jsontext.Value(`""`)
	}
	if g.Description == "" {
		fields["description"] = jsontext.Value(`""`)
	}
	labels, states := map[string]string{}, map[string]string{}
	for _, f := range g.Funders {
		states[f.Organisation] = names.DonorState(f.Organisation)
	}
	for id, identifier := range linked {
		labels[grant.Key{Kind: grant.Grants, ID: id}.String()] = identifier
	}
	for ref := range g.References() {
		if ref.Key.Kind != grant.Grants {
			labels[ref.Key.String()] = names.Label(ref.Key)
		}
	}
	add := func(name string, value any) {
		if err == nil {
			fields[name], err = json.Marshal(value, json.Deterministic(true))
		}
	}
	add("names", labels)
	add("donorStates", states)
	if len(left) > 0 {
		add("left", left)
	}
	if text := exchange.RecordText(g, identifier); text != "" {
		add("record", text)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(fields, json.Deterministic(true))
}

// carried are the fields that the activity of a grant holds in full.
func carried(g *grant.Grant) []string {
	names := []string{"status", "imports"} // imports are of the file that the grant came from, which is given back
	if oneLine(g.Title) == g.Title {
		names = append(names, "title")
	}
	if lines(g.Description) == g.Description {
		names = append(names, "description")
	}
	if g.Start.Precision == period.ToDay {
		names = append(names, "start")
	}
	if g.End.Precision == period.ToDay {
		names = append(names, "end")
	}
	periods := map[[2]period.Date]bool{}
	if whole(g.Budgets, func(b *grant.Budget) bool {
		key := [2]period.Date{b.Start, b.End} // two of one period would be read as one
		twice := periods[key]
		periods[key] = true
		return !twice && !long(b) && b.Start.Precision == period.ToDay && b.End.Precision == period.ToDay
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
	return dated && t.Amount.Qualifier == money.Exact && t.Type != grant.Cancellation && t.Type != grant.Reimbursement && t.Source == "" && t.Origin == "" && lines(t.Description) == t.Description
}
