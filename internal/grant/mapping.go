package grant

import (
	"iter"
	"slices"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/money"
)

// Mapping says what the columns of a sheet mean, for the next sheet of the same kind. Which fields there are, the reader of sheets knows.
type Mapping struct {
	Meta            `json:"-"`
	ID              string          `json:"id"`
	DisplayName     string          `json:"displayName"`
	Columns         []MappingColumn `json:"columns,omitempty"`
	DateOrder       string          `json:"dateOrder,omitempty"`       // the contract's word: DAY_FIRST or MONTH_FIRST; "" if it does not say
	DecimalMark     string          `json:"decimalMark,omitempty"`     // POINT or COMMA; "" if it does not say
	DefaultCurrency money.Currency  `json:"defaultCurrency,omitempty"` // of amounts for which a sheet says none
	Sheet           string          `json:"sheet,omitempty"`           // of a workbook
	Source          string          `json:"source,omitempty"`          // who keeps the sheets; "" if each is by its file's name
}

// MappingColumn says what a column means, which is found by its head, so that it may move. Letter is for one that its head does not tell from others.
type MappingColumn struct {
	Head   string `json:"head,omitempty"`
	Letter string `json:"letter,omitempty"`
	Field  string `json:"field,omitempty"` // "" if it is not used
}

// Key implements Entity.
func (m *Mapping) Key() Key { return Key{Mappings, m.ID} }

// Validate implements Entity.
func (m *Mapping) Validate() error {
	var v fault.List
	checkID(&v, "name", m.ID)
	checkName(&v, "displayName", m.DisplayName, maxName)
	var seen seen[MappingColumn]
	for i, c := range m.Columns {
		at := index("columns", i)
		checkText(&v, at+".head", c.Head, maxLine)
		if c.Head == "" && c.Letter == "" {
			v.Add(at+".head", "is empty; accepted is the head of a column or, where it has none, its letter")
		}
		c.Field = ""
		if first := seen.add(c); first >= 0 {
			v.Add(at, "is the same column as %s; accepted is one field for each", index("columns", first))
		}
	}
	checkWord(&v, "dateOrder", m.DateOrder, "DAY_FIRST", "MONTH_FIRST")
	checkWord(&v, "decimalMark", m.DecimalMark, "POINT", "COMMA")
	checkText(&v, "sheet", m.Sheet, maxName)
	checkText(&v, "source", m.Source, maxName)
	return v.Err()
}

// checkWord checks a word that may be left out.
func checkWord(v *fault.List, field, s string, accepted ...string) {
	if s != "" && !slices.Contains(accepted, s) {
		v.Add(field, "found %q; accepted are %q, and nothing", s, accepted)
	}
}

// References implements Entity.
func (m *Mapping) References() iter.Seq[Reference] { return refer(func(*references) {}) }
