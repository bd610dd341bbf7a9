package ledger

import (
	"slices"

	"github.com/allmep/tandem/internal/grant"
)

// renamed returns a copy of the grant of a draft with what organisation and term return in the place of its references.
func renamed(g *grant.Grant, organisation, term func(ref string) string) *grant.Grant {
	copied := *g
	g = &copied
	g.Funders, g.Recipients = participations(g.Funders, organisation), participations(g.Recipients, organisation)
	partners := slices.Grow([]grant.Partner(nil), len(g.Partners))
	for _, p := range g.Partners {
		p.Organisation = organisation(p.Organisation)
		if !slices.Contains(partners, p) {
			partners = append(partners, p)
		}
	}
	g.Partners = partners
	g.Transactions = slices.Clone(g.Transactions)
	for i := range g.Transactions {
		t := &g.Transactions[i]
		t.Provider, t.Receiver = organisation(t.Provider), organisation(t.Receiver)
	}
	for _, splits := range []*[]grant.Split{&g.Themes, &g.Locations, &g.Populations} {
		*splits = parted(*splits, term)
	}
	g.Programme = term(g.Programme)
	g.Reports = slices.Clone(g.Reports)
	for i := range g.Reports {
		r := &g.Reports[i]
		r.Organisation, r.Recipients = organisation(r.Organisation), slices.Clone(r.Recipients)
		for j, ref := range r.Recipients {
			r.Recipients[j] = organisation(ref)
		}
	}
	return g
}

// participations puts ids in, and makes one of those of an organisation.
func participations(ps []grant.Participation, organisation func(string) string) []grant.Participation {
	out := slices.Grow([]grant.Participation(nil), len(ps))
	for _, p := range ps {
		p.Organisation = organisation(p.Organisation)
		i := slices.IndexFunc(out, func(o grant.Participation) bool { return o.Organisation == p.Organisation })
		if i < 0 {
			out = append(out, p)
		} else if p.Share != nil && out[i].Share != nil {
			sum := *out[i].Share + *p.Share
			out[i].Share = &sum
		}
	}
	return out
}

// parted puts ids in, and adds up the percentages of a term.
func parted(splits []grant.Split, term func(string) string) []grant.Split {
	out := slices.Grow([]grant.Split(nil), len(splits))
	for _, s := range splits {
		s.ID = term(s.ID)
		if i := slices.IndexFunc(out, func(o grant.Split) bool { return o.ID == s.ID }); i >= 0 {
			out[i].Percent += s.Percent
		} else {
			out = append(out, s)
		}
	}
	return out
}
