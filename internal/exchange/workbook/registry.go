package workbook

import "github.com/allmep/tandem/internal/grant"

var organisations = Table{
	Name: "organisations", About: "Anyone who gives or gets money.", Key: []string{"organisation"}, of: grant.Organisations,
	Columns: columns([]Column{{Name: "organisation"}, {Name: "name"}, {Name: "aliases"}, {Name: "identifiers", About: "in registers, with their prefix"}}, named("parent", "organisations", ""),
		named("successor", "organisations", "the one that it was merged into"), []Column{{Name: "state", About: "ISO 3166, EU, UN or PRIVATE"},
			{Name: "donor_state", About: "what its money rolls up to"}, {Name: "member", Type: Boolean, About: "of the coalition"}, {Name: "website"}, {Name: "note"}}, deleted),
	rows: func(r *rows, e grant.Entity) {
		o := e.(*grant.Organisation)
		r.add(text(o.ID), text(o.DisplayName), list(o.Aliases), list(o.Identifiers), text(o.Parent), r.name(grant.Organisations, o.Parent), text(o.Successor),
			r.name(grant.Organisations, o.Successor), text(o.State), text(r.names.DonorState(o.ID)), boolean(o.Member), text(o.Website), text(o.Note), r.instant(o.Deleted))
	},
}

var programmes = Table{
	Name: "programmes", About: "Funding instruments of donors.", Key: []string{"programme"}, of: grant.Programmes,
	Columns: columns([]Column{{Name: "programme"}, {Name: "name"}}, named("owner", "organisations", ""), []Column{{Name: "website"}, {Name: "note"}}, deleted),
	rows: func(r *rows, e grant.Entity) {
		p := e.(*grant.Programme)
		r.add(text(p.ID), text(p.DisplayName), text(p.Owner), r.name(grant.Organisations, p.Owner), text(p.Website), text(p.Note), r.instant(p.Deleted))
	},
}

var envelopes = Table{
	Name: "envelopes", About: "Ceilings of programmes for a period.", Key: []string{"programme", "position"}, of: grant.Programmes,
	Columns: columns(named("programme", "programmes", ""), []Column{{Name: "position", Type: Integer}}, periodColumns, amountColumns, []Column{{Name: "source"}}),
	rows: func(r *rows, e grant.Entity) {
		p := e.(*grant.Programme)
		for i, v := range p.Envelopes {
			a := amount(v.Amount)
			r.add(text(p.ID), r.name(grant.Programmes, p.ID), integer(i+1), date(v.Start), date(v.End), a[0], a[1], a[2], a[3], a[4], text(v.Source))
		}
	},
}

// terms is the table of one of the trees by which grants are classified.
func terms(kind grant.Kind, codes, about string) *Table {
	plural := string(kind)
	one := plural[:len(plural)-1]
	return &Table{
		Name: plural, About: "A tree by which grants are classified.", Key: []string{one}, of: kind,
		Columns: columns([]Column{{Name: one}, {Name: "name"}}, named("parent", plural, ""), []Column{{Name: codes, About: about}, {Name: "description"}}, deleted),
		rows: func(r *rows, e grant.Entity) {
			t := e.(*grant.Term)
			r.add(text(t.ID), text(t.DisplayName), text(t.Parent), r.name(kind, t.Parent), list(t.Codes), text(t.Description), r.instant(t.Deleted))
		},
	}
}

var targets = Table{
	Name: "targets", About: "Money wanted for a cell of theme, location and population, and a period. An empty one means any.", Key: []string{"target"}, of: grant.Targets,
	Columns: columns([]Column{{Name: "target"}}, named("theme", "themes", ""), named("location", "locations", ""), named("population", "populations", ""), periodColumns,
		[]Column{{Name: "amount", Type: Money}, {Name: "currency"}, {Name: "source"}, {Name: "note"}}),
	rows: func(r *rows, e grant.Entity) {
		t := e.(*grant.Target)
		if t.Deleted != 0 {
			return // nothing names it
		}
		r.add(text(t.ID), text(t.Theme), r.name(grant.Themes, t.Theme), text(t.Location), r.name(grant.Locations, t.Location), text(t.Population), r.name(grant.Populations, t.Population),
			date(t.Start), date(t.End), minor(t.Currency, t.Minor), text(string(t.Currency)), text(t.Source), text(t.Note))
	},
}

var rateDays = Table{
	Name: "rates", About: "What one euro was worth, where people have recorded it: the rates of the European Central Bank that are built in are not here.", Key: []string{"date", "currency"}, of: grant.Rates,
	Columns: []Column{{Name: "date", Type: Date}, {Name: "currency", About: "ISO 4217"}, {Name: "rate", Type: Number, About: "units of the currency for one euro, with the decimals that were recorded"}},
	rows: func(r *rows, e grant.Entity) {
		day := e.(*grant.RateDay)
		for _, q := range day.Quotes {
			r.add(Cell{Type: Date, Text: day.ID}, text(string(q.Currency)), Cell{Type: Number, Text: q.Decimal()})
		}
	},
}
