package workbook

import (
	"time"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/grant"
)

// Column is a column of a table.
type Column struct {
	Name  string
	Type  Type
	About string
	// Refers names the table whose key the column has, "" if it is of none.
	Refers string
}

// Table is a table of records: a row for each, or for each part of one.
type Table struct {
	Name    string
	About   string
	Key     []string // the columns that tell rows apart
	Columns []Column
	of      grant.Kind
	rows    func(r *rows, e grant.Entity)
}

// rows takes the rows of a table.
type rows struct {
	names *grant.Registry
	put   func(row []Cell) error
	err   error
	row   []Cell   // the last one: its memory serves the next, since a row is put's for as long as put lasts
	items []string // of the last list, likewise
	at    int64    // the last instant: what came from one file has the same
	then  string   // how that is written
}

// add puts a row.
func (r *rows) add(cells ...Cell) {
	if r.row = append(r.row[:0], cells...); r.err == nil {
		r.err = r.put(r.row)
	}
}

// name is the name of a record, as a cell, empty if there is no record.
func (r *rows) name(kind grant.Kind, id string) Cell {
	if id == "" {
		return Cell{}
	}
	return text(r.names.Label(grant.Key{Kind: kind, ID: id}))
}

// instant is an instant in microseconds since 1970, as a cell, empty if it is never.
func (r *rows) instant(micros int64) Cell {
	if micros == 0 {
		return Cell{Type: Instant}
	}
	if r.at != micros {
		r.at, r.then = micros, time.UnixMicro(micros).UTC().Format("2006-01-02T15:04:05.000000Z")
	}
	return Cell{Type: Instant, Text: r.then}
}

// Records are the records of which a table of an extract has rows: its grants, or those of a kind that stand.
func (t *Table) records(x exchange.Extract, yield func(grant.Entity) error) error {
	if t.of == grant.Grants {
		for g, err := range x.Grants {
			if err != nil {
				return err
			}
			if err := yield(g); err != nil {
				return err
			}
		}
		return nil
	}
	for _, e := range x.Registry.All(t.of) {
		// What was deleted may still be named by a grant, and a name without its record would lead nowhere.
		if err := yield(e); err != nil {
			return err
		}
	}
	return nil
}

// Rows calls put with every row of the table, which is put's until it returns.
func (t *Table) Rows(x exchange.Extract, put func(row []Cell) error) error {
	r := &rows{names: x.Registry, put: put}
	return t.records(x, func(e grant.Entity) error {
		t.rows(r, e)
		return r.err
	})
}

// The columns that many tables have.
var (
	amountColumns = []Column{
		{Name: "amount", Type: Money, About: "empty if it is not known, and of a RANGE"},
		{Name: "currency", About: "ISO 4217"},
		{Name: "qualifier", About: "EXACT, ROUNDED, AT_LEAST, UP_TO, RANGE or UNKNOWN"},
		{Name: "low", Type: Money, About: "the lower end of a RANGE"},
		{Name: "high", Type: Money, About: "the upper end of a RANGE"},
	}
	periodColumns = []Column{{Name: "start", Type: Date, About: "the first day"}, {Name: "end", Type: Date, About: "the last day"}}
	ofGrant       = []Column{{Name: "grant", Refers: "grants"}}
	deleted       = []Column{{Name: "deleted", Type: Instant, About: "when it was deleted; what is deleted is here for what still names it"}}
)

// named are the columns of a reference: the id, and the name of what it refers to.
func named(column, table, about string) []Column {
	return []Column{{Name: column, About: about, Refers: table}, {Name: column + "_name"}}
}

func columns(parts ...[]Column) (all []Column) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// Tables are all tables, those of grants first.
var Tables = []*Table{
	&Grants, &participants, &transactions, splits("themes", grant.Themes), splits("locations", grant.Locations), splits("populations", grant.Populations), &budgets, &sources,
	&links, &reports, &organisations, &programmes, &envelopes, terms(grant.Themes, "dac_codes", "DAC purpose codes"), terms(grant.Locations, "codes", "ISO 3166 or IATI region codes"),
	terms(grant.Populations, "codes", ""), &targets, &rateDays,
}
