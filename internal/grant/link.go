package grant

import (
	"fmt"
	"maps"
	"slices"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/money"
)

// Link is a relation of a grant to another, with who says so.
type Link struct {
	ID     string   `json:"id"`
	Type   LinkType `json:"type"`
	Target string   `json:"target"` // a grant's id
	Reason string   `json:"reason,omitempty"`
	By     string   `json:"by,omitempty"`     // the principal who made it
	At     int64    `json:"at,omitzero"`      // when, in microseconds since 1970
	Origin string   `json:"origin,omitempty"` // the name that it had in the grant that was merged into this one
}

// Symmetric tells whether a link of this type says the same of both grants, so that it is found from both ends.
func (t LinkType) Symmetric() bool { return t == CoFundedWith || t == ConfirmedDistinct }

// Agrees tells whether two links of different types may stand between the same two grants. What is confirmed as two may well be a sub-grant or
// co-funded; all else denies one another.
func (t LinkType) Agrees(o LinkType) bool {
	return t == ConfirmedDistinct && o != DuplicateOf || o == ConfirmedDistinct && t != DuplicateOf
}

// Parent returns the id of the grant of which g is a sub-grant, or "".
func (g *Grant) Parent() string { return g.linkedTo(SubGrantOf) }

// Original returns the id of the grant that g records once more, or "".
func (g *Grant) Original() string { return g.linkedTo(DuplicateOf) }

func (g *Grant) linkedTo(t LinkType) string {
	for _, l := range g.Links {
		if l.Type == t {
			return l.Target
		}
	}
	return ""
}

// measured are the types of transactions that a measure sums up.
var measured = []struct {
	name  string
	types []TransactionType
}{
	{"committed", []TransactionType{Commitment, Cancellation}},
	{"disbursed", []TransactionType{Disbursement, Expenditure, Reimbursement}},
	{"pledged", []TransactionType{Pledge}},
}

// Overdrawn says by which measure, and in which currency, sub-grants together have more than the grant whose money they would pass on; "" if by none. Such an excess is counted nowhere.
func (g *Grant) Overdrawn(subs []*Grant) string {
	for _, m := range measured {
		has, wanted := g.sums(m.types), map[money.Currency]money.Sum{}
		for _, sub := range subs {
			for c, sum := range sub.sums(m.types) {
				both := wanted[c]
				both.AddSum(sum)
				wanted[c] = both
			}
		}
		for _, c := range slices.Sorted(maps.Keys(wanted)) {
			if wanted[c].Cmp(money.Sum{}) > 0 && wanted[c].Cmp(has[c]) > 0 {
				return fmt.Sprintf("%s %s are %s by %q, and %s %s by its sub-grants, of which there are %d; what they have more would be counted nowhere",
					has[c].Decimal(c), c, m.name, g.Key(), wanted[c].Decimal(c), c, len(subs))
			}
		}
	}
	return ""
}

// sums adds the central figures of transactions of some types up, by currency.
func (g *Grant) sums(types []TransactionType) map[money.Currency]money.Sum {
	sums := map[money.Currency]money.Sum{}
	for _, t := range g.Transactions {
		if !slices.Contains(types, t.Type) || t.Amount.Qualifier == money.Unknown {
			continue
		}
		central := t.Amount.Bounds().Central
		if t.Type.Sign() < 0 && central > 0 {
			central = -central
		}
		sum := sums[t.Amount.Currency]
		sum.Add(central)
		sums[t.Amount.Currency] = sum
	}
	return sums
}

// checkLinks checks what the links of a grant say by themselves; what they say together with those of the other grants is the ledger's to check.
func (g *Grant) checkLinks(v *fault.List) {
	seen := map[LinkType]bool{}
	for i, l := range g.Links {
		var of fault.List
		checkID(&of, "name", l.ID)
		checkText(&of, "reason", l.Reason, maxLine)
		switch {
		case l.Type.String() == "":
			of.Add("type", "is missing; accepted are SUB_GRANT_OF, CO_FUNDED_WITH, DUPLICATE_OF and CONFIRMED_DISTINCT")
		case l.Target == "":
			of.Add("target", "is missing")
		case l.Target == g.ID:
			of.Add("target", "is the grant itself")
		case l.Reason == "" && (l.Type == DuplicateOf || l.Type == ConfirmedDistinct):
			of.Add("reason", "is missing; say who decided it, and why")
		case seen[l.Type] && !l.Type.Symmetric():
			of.Add("target", "the grant is %s another already; it can be so of one", l.Type)
		}
		seen[l.Type] = true
		mergeAt(v, "links", i, &of)
	}
}
