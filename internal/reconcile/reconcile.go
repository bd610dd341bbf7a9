// Package reconcile holds what the sources of a grant say against each other and against the record, field by field: who says what, whether they agree, and by how much
// their amounts differ.
//
// It takes values and returns values. It may not know who asks, where records are kept, or what time it is. It decides nothing: which value is right is for a person to say.
package reconcile

import (
	"slices"

	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
)

// Verdict is how two values of a field stand to each other.
type Verdict uint8

// The verdicts. What is not said, or not known, neither agrees with anything nor differs from it, nor does what cannot be compared.
const (
	Neither Verdict = iota
	Agrees
	Differs
)

// Field is what is known of one field of a grant.
type Field struct {
	Field     grant.Field
	Canonical grant.Values  // what the record holds, of this field alone
	From      *grant.Report // the report that the record's value was accepted from, nil if it was from none
	Said      []Said        // by the reports that state the field, in the order in which they were recorded
	// Differs tells whether a report differs from the record, or from another report.
	Differs bool
}

// Said is what one report says of a field.
type Said struct {
	Report  *grant.Report
	Verdict Verdict // against the record
	// Difference is that of an amount from the record's, nil for other fields.
	Difference *Difference
}

// Comparer compares values with what it takes to do so.
type Comparer struct {
	Rates *fx.Table
	// Survivor follows an organisation's successors to the one that stands for it today.
	Survivor func(id string) string
}

// Grant reconciles a grant with its reports: one Field for each that the record holds or a report states, in the order of the contract.
func (c Comparer) Grant(g *grant.Grant) []Field {
	canonical := g.Values()
	var fields []Field
	for _, f := range grant.Fields {
		row := Field{Field: f, Canonical: canonical.Only(f), From: g.AcceptedFrom(f)}
		for i := range g.Reports {
			if r := &g.Reports[i]; r.States(f) {
				row.Said = append(row.Said, c.said(f, g, r, canonical))
			}
		}
		row.Differs = slices.ContainsFunc(row.Said, func(s Said) bool { return s.Verdict == Differs }) || c.disputed(f, row.Said)
		if canonical.States(f) || len(row.Said) > 0 {
			fields = append(fields, row)
		}
	}
	return fields
}

func (c Comparer) said(f grant.Field, g *grant.Grant, r *grant.Report, canonical grant.Values) Said {
	if f != grant.AmountField {
		return Said{Report: r, Verdict: c.Compare(f, r.Values, canonical)}
	}
	s := Said{Report: r}
	if canonical.Amount == nil {
		s.Difference = &Difference{Incomparable: withoutAmount(g)}
		return s
	}
	on := r.AwardDate
	if on.IsZero() {
		on = r.Date
	}
	s.Verdict, s.Difference = c.amounts(*r.Amount, *canonical.Amount, on)
	return s
}

// withoutAmount says why a grant has no one amount to compare with.
func withoutAmount(g *grant.Grant) string {
	if g.Award() == nil {
		return "the record holds no amount"
	}
	return "the record holds several commitments that cannot be added up: some are not exact, or in another currency"
}

// disputed tells whether two reports differ.
func (c Comparer) disputed(f grant.Field, said []Said) bool {
	for i, a := range said {
		for _, b := range said[:i] {
			if c.Compare(f, a.Report.Values, b.Report.Values) == Differs {
				return true
			}
		}
	}
	return false
}

// Compare tells how two statements of a field stand to each other. It is symmetric, and a value that is known agrees with itself. Dates agree as far as both are precise: "2022" with
// "2022-03-08". Recipients agree if they are the same organisations, through mergers. Amounts agree if one figure can be what both mean (see reach); those in different currencies
// are not compared here, since there is no one day at whose rate to do it.
func (c Comparer) Compare(f grant.Field, a, b grant.Values) Verdict {
	a, b = a.Only(f), b.Only(f)
	if !a.States(f) || !b.States(f) {
		return Neither
	}
	switch f {
	case grant.AmountField:
		ra, knownA := reachOf(*a.Amount)
		rb, knownB := reachOf(*b.Amount)
		if !knownA || !knownB || a.Amount.Currency != b.Amount.Currency {
			return Neither
		}
		return verdict(ra.meets(rb))
	case grant.AwardDateField:
		return verdict(a.AwardDate.Meets(b.AwardDate))
	case grant.StartField:
		return verdict(a.Start.Meets(b.Start))
	case grant.EndField:
		return verdict(a.End.Meets(b.End))
	case grant.RecipientsField:
		return verdict(slices.Equal(c.survivors(a.Recipients), c.survivors(b.Recipients)))
	}
	return verdict(a.Equal(b))
}

func verdict(agrees bool) Verdict {
	if agrees {
		return Agrees
	}
	return Differs
}

// survivors returns the organisations that stand for these today, each once, in order.
func (c Comparer) survivors(ids []string) []string {
	today := make([]string, len(ids))
	for i, id := range ids {
		today[i] = c.Survivor(id)
	}
	slices.Sort(today)
	return slices.Compact(today)
}
