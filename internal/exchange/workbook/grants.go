package workbook

import (
	"github.com/allmep/tandem/internal/grant"
)

// Grants is the table of grants, a row for each.
var Grants = Table{
	Name: "grants", About: "Awards of funders to recipients. What is several (funders, themes, …) is in the other tables in full.", Key: []string{"grant"}, of: grant.Grants,
	Columns: columns(
		[]Column{{Name: "grant"}, {Name: "title"}, {Name: "description"}, {Name: "funders", About: "ids, with their shares"}, {Name: "funder_names"}, {Name: "donor_states"},
			{Name: "recipients", About: "ids, with their shares; empty if withheld"}, {Name: "recipient_names"}},
		named("programme", "programmes", ""),
		[]Column{{Name: "status"}, {Name: "status_date", Type: Date}}, periodColumns, []Column{{Name: "duration_months", Type: Integer}, {Name: "award_date", Type: Date}},
		amountColumns,
		[]Column{{Name: "awards", Type: Integer, About: "how many commitments (or, without any, pledges) make the amount up; if they have no one sum, amount is empty and the transactions have them"},
			{Name: "themes", About: "names, with percentages"}, {Name: "locations", About: "names, with percentages"}, {Name: "populations", About: "names, with percentages"},
			{Name: "identifiers"}, {Name: "visibility"}, {Name: "shadow", Type: Boolean}, {Name: "note"}, {Name: "aliases", About: "ids of grants that were merged into it"},
			{Name: "confirmed", Type: Boolean}, {Name: "created", Type: Instant}, {Name: "updated", Type: Instant}, {Name: "revision", Type: Integer}}),
	rows: func(r *rows, e grant.Entity) {
		g := e.(*grant.Grant)
		said := g.Values()
		award := [5]Cell{}
		if said.Amount != nil {
			award = amount(*said.Amount)
		}
		r.add(text(g.ID), text(g.Title), text(g.Description), r.parts(g.Funders, false), r.parts(g.Funders, true), r.states(g), r.parts(g.Recipients, false), r.parts(g.Recipients, true),
			text(g.Programme), r.name(grant.Programmes, g.Programme), text(g.Status.String()), date(g.StatusDate), date(g.Start), date(g.End), integer(g.DurationMonths), date(said.AwardDate),
			award[0], award[1], award[2], award[3], award[4], integer(awards(g)),
			r.shares(grant.Themes, g.Themes), r.shares(grant.Locations, g.Locations), r.shares(grant.Populations, g.Populations),
			list(g.Identifiers), text(g.Visibility.String()), boolean(g.Shadow), text(g.Note), list(g.Aliases), boolean(g.Confirmed()), r.instant(g.Created), r.instant(g.Updated), integer(int(g.Revision)))
	},
}

// awards counts the transactions of the type by which the grant was awarded.
func awards(g *grant.Grant) int {
	n, first := 0, g.Award()
	for i := range g.Transactions {
		if first != nil && g.Transactions[i].Type == first.Type {
			n++
		}
	}
	return n
}

// parts writes who gives or gets, by id or by name, with what share.
func (r *rows) parts(ps []grant.Participation, names bool) Cell {
	r.items = r.items[:0]
	for _, p := range ps {
		item := p.Organisation
		if names {
			item = r.names.Label(grant.Key{Kind: grant.Organisations, ID: p.Organisation})
		}
		if p.Share != nil {
			item += " " + p.Share.String() + "%"
		}
		r.items = append(r.items, item)
	}
	return list(r.items)
}

// states are the donor states of a grant, each once.
func (r *rows) states(g *grant.Grant) Cell {
	if len(g.Funders) == 1 {
		return text(r.names.DonorState(g.Funders[0].Organisation))
	}
	var states []string
	seen := map[string]bool{}
	for _, f := range g.Funders {
		if s := r.names.DonorState(f.Organisation); !seen[s] {
			seen[s] = true
			states = append(states, s)
		}
	}
	return list(states)
}

// shares writes terms by their names, with their percentages where there are several.
func (r *rows) shares(kind grant.Kind, splits []grant.Split) Cell {
	r.items = r.items[:0]
	for _, s := range splits {
		item := r.names.Label(grant.Key{Kind: kind, ID: s.ID})
		if s.Percent != grant.Whole {
			item += " " + s.Percent.String() + "%"
		}
		r.items = append(r.items, item)
	}
	return list(r.items)
}

var participants = Table{
	Name: "participants", About: "Who gives (FUNDER), who gets (RECIPIENT), and who else takes part in a grant.", Key: []string{"grant", "role", "organisation"}, of: grant.Grants,
	Columns: columns(ofGrant, []Column{{Name: "role", About: "FUNDER, RECIPIENT, ACCOUNTABLE, EXTENDING or IMPLEMENTING"}}, named("organisation", "organisations", ""),
		[]Column{{Name: "donor_state", About: "what a funder's money rolls up to"}, {Name: "share_percent", Type: Percent, About: "empty if it is not said, which is not 0"}}),
	rows: func(r *rows, e grant.Entity) {
		g := e.(*grant.Grant)
		put := func(role, id, state string, share *grant.Percent) {
			cell := Cell{}
			if share != nil {
				cell = percent(*share)
			}
			r.add(text(g.ID), text(role), text(id), r.name(grant.Organisations, id), text(state), cell)
		}
		for _, p := range g.Funders {
			put("FUNDER", p.Organisation, r.names.DonorState(p.Organisation), p.Share)
		}
		for _, p := range g.Recipients {
			put("RECIPIENT", p.Organisation, "", p.Share)
		}
		for _, p := range g.Partners {
			put(p.Role.String(), p.Organisation, "", nil)
		}
	},
}

var transactions = Table{
	Name: "transactions", About: "Dated, signed amounts on grants.", Key: []string{"grant", "transaction"}, of: grant.Grants,
	Columns: columns(ofGrant, []Column{{Name: "transaction"}, {Name: "type", About: "PLEDGE, COMMITMENT, DISBURSEMENT, EXPENDITURE, REIMBURSEMENT or CANCELLATION"},
		{Name: "date", Type: Date}, {Name: "value_date", Type: Date, About: "the day whose exchange rate holds, where it is not the date"}}, amountColumns,
		named("provider", "organisations", ""), named("receiver", "organisations", ""), []Column{{Name: "description"}, {Name: "source"}}),
	rows: func(r *rows, e grant.Entity) {
		g := e.(*grant.Grant)
		for i := range g.Transactions {
			t := &g.Transactions[i]
			a := amount(t.Amount)
			r.add(text(g.ID), text(t.ID), text(t.Type.String()), date(t.Date), date(t.ValueDate), a[0], a[1], a[2], a[3], a[4], text(t.Provider), r.name(grant.Organisations, t.Provider),
				text(t.Receiver), r.name(grant.Organisations, t.Receiver), text(t.Description), text(t.Source))
		}
	},
}

// splits is the table of what parts of grants are for.
func splits(plural string, kind grant.Kind) *Table {
	of := map[grant.Kind]func(g *grant.Grant) []grant.Split{
		grant.Themes:      func(g *grant.Grant) []grant.Split { return g.Themes },
		grant.Locations:   func(g *grant.Grant) []grant.Split { return g.Locations },
		grant.Populations: func(g *grant.Grant) []grant.Split { return g.Populations },
	}[kind]
	one := plural[:len(plural)-1]
	return &Table{
		Name: "grant_" + plural, About: "Which part of a grant is for which " + one + ".", Key: []string{"grant", one}, of: grant.Grants,
		Columns: columns(ofGrant, named(one, plural, ""), []Column{{Name: "percent", Type: Percent}}),
		rows: func(r *rows, e grant.Entity) {
			g := e.(*grant.Grant)
			for _, s := range of(g) {
				r.add(text(g.ID), text(s.ID), r.name(kind, s.ID), percent(s.Percent))
			}
		},
	}
}

var budgets = Table{
	Name: "budgets", About: "Money of grants that is planned for a period.", Key: []string{"grant", "position"}, of: grant.Grants,
	Columns: columns(ofGrant, []Column{{Name: "position", Type: Integer}}, periodColumns, []Column{{Name: "amount", Type: Money}, {Name: "currency"}}),
	rows: func(r *rows, e grant.Entity) {
		g := e.(*grant.Grant)
		for i, b := range g.Budgets {
			r.add(text(g.ID), integer(i+1), date(b.Start), date(b.End), minor(b.Currency, b.Minor), text(string(b.Currency)))
		}
	},
}

var sources = Table{
	Name: "sources", About: "Where something was said of grants.", Key: []string{"grant", "position"}, of: grant.Grants,
	Columns: columns(ofGrant, []Column{{Name: "position", Type: Integer}, {Name: "uri"}, {Name: "title"}, {Name: "date", Type: Date}}),
	rows: func(r *rows, e grant.Entity) {
		g := e.(*grant.Grant)
		for i, s := range g.Sources {
			r.add(text(g.ID), integer(i+1), text(s.URI), text(s.Title), date(s.Date))
		}
	},
}

var links = Table{
	Name: "links", About: "Relations of grants to others, which may not be among those that were exported.", Key: []string{"grant", "link"}, of: grant.Grants,
	Columns: columns(ofGrant, []Column{{Name: "link"}, {Name: "type", About: "SUB_GRANT_OF, CO_FUNDED_WITH, DUPLICATE_OF or CONFIRMED_DISTINCT"}, {Name: "target", About: "a grant's id"},
		{Name: "reason"}, {Name: "created_by"}, {Name: "created", Type: Instant}}),
	rows: func(r *rows, e grant.Entity) {
		g := e.(*grant.Grant)
		for _, l := range g.Links {
			r.add(text(g.ID), text(l.ID), text(l.Type.String()), text(l.Target), text(l.Reason), text(l.By), r.instant(l.At))
		}
	},
}

var reports = Table{
	Name: "reports", About: "What sources say of grants. Reports never add up to anything.", Key: []string{"grant", "report"}, of: grant.Grants,
	Columns: columns(ofGrant, []Column{{Name: "report"}, {Name: "kind"}}, named("organisation", "organisations", "who says it"), []Column{{Name: "date", Type: Date}, {Name: "uri"}},
		amountColumns, []Column{{Name: "award_date", Type: Date}}, periodColumns, []Column{{Name: "duration_months", Type: Integer}, {Name: "status"}, {Name: "recipients", About: "ids"}, {Name: "note"},
			{Name: "recorded_by"}, {Name: "recorded", Type: Instant}, {Name: "confirmed_by"}, {Name: "confirmed", Type: Instant}}),
	rows: func(r *rows, e grant.Entity) {
		g := e.(*grant.Grant)
		for i := range g.Reports {
			p := &g.Reports[i]
			a := [5]Cell{}
			if p.Amount != nil {
				a = amount(*p.Amount)
			}
			r.add(text(g.ID), text(p.ID), text(p.Kind.String()), text(p.Organisation), r.name(grant.Organisations, p.Organisation), date(p.Date), text(p.URI), a[0], a[1], a[2], a[3], a[4],
				date(p.AwardDate), date(p.Start), date(p.End), integer(p.DurationMonths), text(p.Status.String()), list(p.Recipients), text(p.Note),
				text(p.By), r.instant(p.At), text(p.ConfirmedBy), r.instant(p.Confirmed))
		}
	},
}
