package grant

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/money"
)

// Merged tells what a merge of grants did.
type Merged struct {
	Moved    []string // the names that the transactions and the reports of the other have in the survivor
	Same     []string // the other's transactions that the survivor had already, and which therefore count once
	Left     []string // the other's transactions that were not to move
	Warnings []string // what a person should look at
}

// MergedWith tells what the merge of other into g did, from how the two stand after it. leave is what Merge was told.
func (g *Grant) MergedWith(other *Grant, leave bool) Merged {
	var m Merged
	for _, t := range g.Transactions {
		if other.gave(t.Origin) {
			m.Moved = append(m.Moved, g.ChildName("transactions", t.ID))
		}
	}
	stayed := &m.Same
	if leave {
		stayed = &m.Left
	}
	for _, t := range other.Transactions {
		*stayed = append(*stayed, other.ChildName("transactions", t.ID))
	}
	m.warnOfCommitments(g, other)
	if !leave {
		m.warnOfPlans(g, other)
	}
	for _, r := range g.Reports {
		if other.gave(r.Origin) {
			m.Moved = append(m.Moved, g.ChildName("reports", r.ID))
		}
	}
	for _, l := range other.Links {
		if l.Target == g.ID || slices.Contains(g.Aliases, l.Target) {
			m.warnOfBetween(other, l)
			continue
		}
		m.warn("%s (%s %s) stays behind: the grant cannot have it beside its own links", other.ChildName("links", l.ID), l.Type, Key{Grants, l.Target})
	}
	for _, l := range other.Merger.Links {
		m.warnOfBetween(g, l)
	}
	if g.Visibility > other.Visibility {
		m.warn("%s was %s and the grant is %s: some who saw it no longer do", other.Key(), other.Visibility, g.Visibility)
	}
	return m
}

func (m *Merged) warn(format string, args ...any) {
	m.Warnings = append(m.Warnings, fmt.Sprintf(format, args...))
}

// warnOfBetween warns of a link between the two, unless it had said that they are one.
func (m *Merged) warnOfBetween(of *Grant, l Link) {
	if l.Type != DuplicateOf {
		m.warn("%s (%s %s) says nothing while the two are one", of.ChildName("links", l.ID), l.Type, Key{Grants, l.Target})
	}
}

// gave tells whether a child with this origin came from g by a merge.
func (g *Grant) gave(origin string) bool { return strings.HasPrefix(origin, g.Key().String()+"/") }

// warnOfCommitments warns of money that may be counted twice, or not at all.
func (m *Merged) warnOfCommitments(g, other *Grant) {
	var own, moved, stayed int
	sums := map[money.Currency]money.Sum{}
	for _, t := range g.Transactions {
		if t.Type != Commitment {
			continue
		}
		if other.gave(t.Origin) {
			moved++
		} else {
			own++
		}
		if t.Amount.Qualifier != money.Unknown {
			sum := sums[t.Amount.Currency]
			sum.Add(t.Amount.Bounds().Central)
			sums[t.Amount.Currency] = sum
		}
	}
	for _, t := range other.Transactions {
		if t.Type == Commitment {
			stayed++
		}
	}
	var total []string
	for _, c := range slices.Sorted(maps.Keys(sums)) {
		total = append(total, sums[c].Decimal(c)+" "+string(c))
	}
	if len(total) == 0 {
		total = []string{"an unknown amount"}
	}
	switch {
	case own > 0 && moved > 0:
		m.warn("both had commitments; the grant now has %s committed in %d commitments; if it is one award, merge with LEAVE", strings.Join(total, " and "), own+moved)
	case own == 0 && stayed > 0:
		m.warn("%s has commitments that stay behind and the grant has none, so that its amount is unknown; if they are its money, merge with MOVE", other.Key())
	}
}

// warnOfPlans warns where the money that moved lies on other days than before.
func (m *Merged) warnOfPlans(g, other *Grant) {
	if n := len(other.Budgets); n > 0 && len(other.Merger.Budgets) == 0 && len(lacking(g.Budgets, other.Budgets)) > 0 {
		m.warn("left behind: %s of %s, as the grant has none in the currency to add to", fault.Number(n, "budget"), other.Key())
	}
	for _, t := range g.Transactions {
		if other.gave(t.Origin) && t.Date.IsZero() && t.ValueDate.IsZero() && g.Start != other.Start {
			m.warn("%s has no date; it stood at the start of %s and now stands at that of the grant", g.ChildName("transactions", t.ID), other.Key())
		}
	}
	own, dated := g.Span()
	span, otherDated := other.Span()
	if len(m.Moved) > 0 && dated && otherDated && (span.First < own.First || span.Last > own.Last) {
		m.warn("%s ran from %s to %s; its money now lies on the grant's days, %s to %s", other.Key(), span.First, span.Last, own.First, own.Last)
	}
}
