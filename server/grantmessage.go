package server

import (
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// award is how a new grant is read, and how every grant is written.
var award = record[*grant.Grant, *tandemv1.Grant]{
	kind: grant.Grants, field: "grant", order: []string{"create_time", "update_time", "start", "end", "title", "amount"}, read: readNewGrant, write: writeGrant,
}

// readNewGrant reads a grant with its reports, and with its transactions or the award that stands for the first of them.
func readNewGrant(r *reader, at, id string, m *tandemv1.Grant) *grant.Grant {
	g := readGrant(r, at, id, m)
	awarded := m.Amount != nil || m.AwardDate != ""
	if awarded && len(m.Transactions) > 0 {
		r.Add(at+".amount", "is given together with transactions; accepted is one of them")
		return g
	}
	if awarded {
		r.merge(at, readAward(g, at, m))
	}
	for i, t := range m.Transactions {
		child := readTransaction(r, index(at+".transactions", i), t)
		child.ID = g.NextID()
		g.Transactions = append(g.Transactions, child)
	}
	for i, m := range m.Reports {
		child := readReport(r, index(at+".reports", i), m)
		child.ID = g.NextID()
		g.Reports = append(g.Reports, child)
	}
	return g
}

// readAward sets a grant's award from its message. A date without an amount is the award of an amount that is not known.
func readAward(g *grant.Grant, at string, m *tandemv1.Grant) error {
	var r reader
	amount := money.Amount{Qualifier: money.Unknown}
	if m.Amount != nil {
		amount = r.amount("amount", m.Amount)
	}
	date := r.date("awardDate", m.AwardDate)
	if err := r.Err(); err != nil {
		return err
	}
	return g.SetAward(amount, date)
}

// readGrant reads what a grant says of itself; its transactions, links and reports are written on their own.
func readGrant(r *reader, at, id string, m *tandemv1.Grant) *grant.Grant {
	g := &grant.Grant{
		ID: id, Title: m.Title, Description: m.Description, Note: m.Note, Identifiers: m.Identifiers, DurationMonths: int(m.DurationMonths),
		Funders: readParticipations(r, at+".funders", m.Funders), Recipients: readParticipations(r, at+".recipients", m.Recipients),
		Programme: r.id(at+".programme", m.Programme, grant.Programmes),
		Status:    grant.Active, Visibility: grant.Coalition, Shadow: m.Shadow,
		StatusDate: r.date(at+".statusDate", m.StatusDate), Start: r.date(at+".start", m.Start), End: r.date(at+".end", m.End),
		Themes: readSplits(r, at+".themes", m.Themes, grant.Themes), Locations: readSplits(r, at+".locations", m.Locations, grant.Locations),
		Populations: readSplits(r, at+".populations", m.Populations, grant.Populations),
	}
	if m.Status != tandemv1.Grant_STATUS_UNSPECIFIED {
		g.Status = statuses.in(m.Status)
	}
	if m.Visibility != tandemv1.Grant_VISIBILITY_UNSPECIFIED {
		g.Visibility = visibilities.in(m.Visibility)
	}
	for i, p := range m.Partners {
		g.Partners = append(g.Partners, grant.Partner{
			Organisation: r.id(index(at+".partners", i)+".organisation", p.Organisation, grant.Organisations), Role: partnerRoles.in(p.Role),
		})
	}
	for i, s := range m.Sources {
		g.Sources = append(g.Sources, grant.Source{URI: s.Uri, Title: s.Title, Date: r.date(index(at+".sources", i)+".date", s.Date)})
	}
	for i, b := range m.Budgets {
		at := index(at+".budgets", i)
		v := r.money(at+".money", b.Money)
		g.Budgets = append(g.Budgets, grant.Budget{Start: r.date(at+".start", b.Start), End: r.date(at+".end", b.End), Currency: v.Currency, Minor: v.Minor})
	}
	return g
}

func readParticipations(r *reader, at string, ms []*tandemv1.Grant_Participation) []grant.Participation {
	var ps []grant.Participation
	for i, m := range ms {
		at := index(at, i)
		p := grant.Participation{Organisation: r.id(at+".organisation", m.Organisation, grant.Organisations)}
		if m.SharePercent != nil {
			share := r.percent(at+".sharePercent", *m.SharePercent)
			p.Share = &share
		}
		ps = append(ps, p)
	}
	return ps
}

func readSplits(r *reader, at string, ms []*tandemv1.Grant_Split, kind grant.Kind) []grant.Split {
	var splits []grant.Split
	for i, m := range ms {
		at := index(at, i)
		splits = append(splits, grant.Split{ID: r.id(at+".name", m.Name, kind), Percent: r.percent(at+".percent", m.Percent)})
	}
	return splits
}

func writeGrant(g *grant.Grant) *tandemv1.Grant {
	m := &tandemv1.Grant{
		Name: g.Key().String(), Title: g.Title, Description: g.Description, Note: g.Note, Identifiers: g.Identifiers, DurationMonths: int32(g.DurationMonths),
		Funders: writeParticipations(g.Funders), Recipients: writeParticipations(g.Recipients), Programme: nameOf(grant.Programmes, g.Programme),
		Status: statuses.out(g.Status), Visibility: visibilities.out(g.Visibility), Shadow: g.Shadow,
		StatusDate: g.StatusDate.String(), Start: g.Start.String(), End: g.End.String(),
		Themes: writeSplits(grant.Themes, g.Themes), Locations: writeSplits(grant.Locations, g.Locations), Populations: writeSplits(grant.Populations, g.Populations),
		Etag: etagOf(&g.Meta), CreateTime: timeOf(g.Created), UpdateTime: timeOf(g.Updated), DeleteTime: timeOf(g.Deleted),
	}
	for _, p := range g.Partners {
		m.Partners = append(m.Partners, &tandemv1.Grant_Partner{Organisation: nameOf(grant.Organisations, p.Organisation), Role: partnerRoles.out(p.Role)})
	}
	for _, s := range g.Sources {
		m.Sources = append(m.Sources, &tandemv1.Grant_Source{Uri: s.URI, Title: s.Title, Date: s.Date.String()})
	}
	for _, b := range g.Budgets {
		m.Budgets = append(m.Budgets, &tandemv1.Grant_Budget{Start: b.Start.String(), End: b.End.String(), Money: moneyOf(b.Currency, b.Minor)})
	}
	if t := g.Award(); t != nil {
		m.Amount, m.AwardDate = amountOf(t.Amount), t.Date.String()
	}
	etag := etagOf(&g.Meta)
	for i := range g.Transactions {
		m.Transactions = append(m.Transactions, writeTransaction(g, etag, &g.Transactions[i]))
	}
	for _, l := range g.Links {
		m.Links = append(m.Links, writeLink(g, l))
	}
	for i := range g.Reports {
		m.Reports = append(m.Reports, writeReport(g, etag, &g.Reports[i]))
	}
	m.Confirmed = g.Confirmed()
	m.Successor = nameOf(grant.Grants, g.Successor)
	for _, id := range g.Aliases {
		m.Aliases = append(m.Aliases, nameOf(grant.Grants, id))
	}
	return m
}

func writeParticipations(ps []grant.Participation) []*tandemv1.Grant_Participation {
	ms := make([]*tandemv1.Grant_Participation, len(ps))
	for i, p := range ps {
		ms[i] = &tandemv1.Grant_Participation{Organisation: nameOf(grant.Organisations, p.Organisation)}
		if p.Share != nil {
			share := p.Share.Float()
			ms[i].SharePercent = &share
		}
	}
	return ms
}

func writeSplits(kind grant.Kind, splits []grant.Split) []*tandemv1.Grant_Split {
	ms := make([]*tandemv1.Grant_Split, len(splits))
	for i, s := range splits {
		ms[i] = &tandemv1.Grant_Split{Name: nameOf(kind, s.ID), Percent: s.Percent.Float()}
	}
	return ms
}
