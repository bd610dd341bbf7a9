package analysis

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

// Suggest says what an overlap of two grants most likely is, and on what grounds. A person decides. It never suggests DISTINCT: that two grants that overlap are about different
// things is not to be seen from their records.
func Suggest(a, b *grant.Grant) (verdict grant.Verdict, grounds string) {
	if agreed(a, b) || agreed(b, a) {
		return grant.CoFunded, "The two grants are linked as co-funded."
	}
	for _, id := range a.Identifiers {
		if slices.Contains(b.Identifiers, id) {
			return grant.SameGrant, fmt.Sprintf("Both grants have the identifier %q.", id)
		}
	}
	for _, pair := range [2][2]*grant.Grant{{a, b}, {b, a}} {
		if by := passedOn(pair[0], pair[1]); by != "" {
			return grant.SubGrant, fmt.Sprintf("organisations/%s takes part in grants/%s and funds grants/%s; no link says whether it passes on that money.", by, pair[0].ID, pair[1].ID)
		}
	}
	if sameAward(a, b) && a.Start == b.Start && a.End == b.End && !a.Start.IsZero() {
		return grant.SameGrant, "Both grants have the same dates, and amounts that differ by no more than 2 %."
	}
	return grant.Overlaps, "Nothing links the two grants, and they share no identifier."
}

func agreed(a, b *grant.Grant) bool {
	return slices.ContainsFunc(a.Links, func(l grant.Link) bool { return l.Type == grant.CoFundedWith && l.Target == b.ID })
}

// passedOn returns the organisation that gets money under one grant, or takes part in it otherwise, and funds the other.
func passedOn(from, to *grant.Grant) string {
	for _, f := range to.Funders {
		gets := slices.ContainsFunc(from.Recipients, func(p grant.Participation) bool { return p.Organisation == f.Organisation })
		if gets || slices.ContainsFunc(from.Partners, func(p grant.Partner) bool { return p.Organisation == f.Organisation }) {
			return f.Organisation
		}
	}
	return ""
}

// sameAward tells whether two grants were awarded in one currency and about the same amount: the smaller is at least 98 % of the larger.
func sameAward(a, b *grant.Grant) bool {
	x, y := a.Award(), b.Award()
	if x == nil || y == nil || x.Amount.Qualifier == money.Unknown || y.Amount.Qualifier == money.Unknown || x.Amount.Currency != y.Amount.Currency {
		return false
	}
	v, w := x.Amount.Bounds().Central, y.Amount.Bounds().Central
	return v > 0 && w > 0 && new(big.Rat).SetFrac64(min(v, w), max(v, w)).Cmp(big.NewRat(98, 100)) >= 0
}
