// Package freeform reads grants from tables with any heads: each row is one. Which column means what is guessed from the heads and from what stands below them, with the reasons; the guess is a
// value, which people look at and correct. What cannot be told for certain, a day of 3/6/2024, is asked about.
//
// It does not know what is recorded, nor the formats that have heads of their own.
package freeform

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/exchange/table"
	"github.com/allmep/tandem/internal/exchange/written"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/money"
)

// Field is what a column can mean.
type Field uint8

// The fields, in the order in which they are shown. Unused is a column that means nothing to Tandem; what stands in it is kept.
const (
	Unused     Field = iota
	Donor            // who gives; several are set apart by semicolons
	DonorState       // an ISO 3166 code, EU, UN, PRIVATE, or a country's name
	Recipient        // who gets; several are set apart by semicolons
	Programme
	Title
	Description
	Amount
	AmountMin
	AmountMax
	Qualifier // of the amount: exact, rounded, at least …
	Currency
	Start
	End
	Duration
	AwardDate
	Theme // several are set apart by semicolons, as are locations and populations
	Location
	Population
	Status
	Identifier
	Note
	Source // an address
	fields // how many there are
)

var fieldNames = [fields]string{"", "donor", "donor_state", "recipient", "programme", "title", "description", "amount", "amount_min", "amount_max", "qualifier", "currency", "start", "end", "duration_months",
	"award_date", "theme", "location", "population", "status", "identifier", "note", "source"}

// String returns the name of the field, "" of Unused.
func (f Field) String() string { return fieldNames[f] }

// ParseField accepts the name of a field, and none. Its error says what is accepted.
func ParseField(s string) (Field, error) {
	if i := slices.Index(fieldNames[:], s); i >= 0 {
		return Field(i), nil
	}
	return Unused, fmt.Errorf("found %q; accepted are %s, and nothing for a column that is not used", s, strings.Join(fieldNames[Donor:], ", "))
}

// said is how sure it is what a caller or a saved mapping has said.
const said = 100

// Mapping says what the columns of a table mean.
type Mapping struct {
	Head    int // the row of the heads; those before it are not read
	Columns []Column
	// Currency is that of amounts for which nothing else says one.
	Currency money.Currency
}

// Column is what a column means, and how sure that is.
type Column struct {
	Head       string
	Field      Field
	Confidence int    // of the guess, in percent; 100 is what a caller or a saved mapping has said
	Reason     string // why it was guessed: "the head says so", "all values are currencies"
	Dates      written.Order
	Decimals   written.Mark
	Currency   money.Currency // of the amounts in the column, as its head says
	Times      int64          // by which its amounts are multiplied: 1000000 for a head such as "Amount (millions)"; 0 is 1
}

// correct puts what a saved mapping says in place of the guess, and in place of both what a caller has said. What the columns then tell by their values they tell anew. It returns which
// columns of the saved mapping the table does not have, where nothing is lost by that. Errors: Invalid, if there is no such column or no such field.
func (m *Mapping) correct(o Options, rows []table.Row) (absent []string, err error) {
	m.Currency = o.Currency
	asked, err := m.asked(o)
	if err != nil {
		return nil, err
	}
	if o.Mapping != nil {
		var saved map[int]Field
		if saved, absent, err = m.saved(o); err != nil {
			return nil, err
		}
		m.take(saved, fmt.Sprintf("the mapping %q says so", o.Mapping.ID))
	}
	m.take(asked, "it was said so")
	for i := range m.Columns {
		c := &m.Columns[i]
		c.learn(valuesOf(below(rows, m.Head), i))
		if c.Dates == written.Asked {
			c.Dates = o.Dates
		}
		if c.Decimals == written.Unsaid {
			c.Decimals = o.Decimals
		}
	}
	return absent, nil
}

// below returns the rows below the heads.
func below(rows []table.Row, head int) []table.Row {
	at := slices.IndexFunc(rows, func(r table.Row) bool { return r.Line > head })
	if at < 0 {
		return nil
	}
	return rows[at:]
}

// of returns the columns of a field.
func (m *Mapping) of(f Field) []int {
	var columns []int
	for i, c := range m.Columns {
		if c.Field == f {
			columns = append(columns, i)
		}
	}
	return columns
}

// manyColumns are the fields that several columns may have.
var manyColumns = []Field{Unused, Description, Theme, Location, Population, Identifier, Note, Source}

// Validate checks that a mapping makes sense: each field has one column, but for those that may have many; there is a donor, and something to call the grant by.
func (m *Mapping) Validate() error {
	var v fault.List
	for f := Donor; f < fields; f++ {
		if columns := m.of(f); len(columns) > 1 && !slices.Contains(manyColumns, f) {
			v.Add("column", "the columns %s and %s are both %s; accepted is one", table.Letter(columns[0]), table.Letter(columns[1]), f)
		}
	}
	if len(m.of(Donor))+len(m.of(DonorState)) == 0 {
		v.Add("column", "no column is the donor; say which, or which is the donor_state; the columns are %s", m)
	}
	if len(m.of(Title))+len(m.of(Recipient)) == 0 {
		v.Add("column", "no column is the title, and none the recipient; say which; the columns are %s", m)
	}
	return v.Err()
}

// String tells what each column is taken for.
func (m *Mapping) String() string {
	var columns []string
	for i, c := range m.Columns {
		columns = append(columns, fmt.Sprintf("%s %q (%s)", table.Letter(i), c.Head, cmp.Or(c.Field.String(), "not used")))
	}
	return strings.Join(columns, ", ")
}
