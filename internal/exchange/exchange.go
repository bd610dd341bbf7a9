// Package exchange is the one shape in which files of other systems reach the ledger: a reader of a format, each in a room below this one, makes a Draft of
// everything that tells of a grant, with what is wrong with it.
//
// It is for values. It may not know what is recorded: whether an organisation that a draft names is known, or the grant itself, is for the ledger to find out.
package exchange

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/period"
)

// Format is the format of a file, by its name in the contract.
type Format string

// The formats that are read.
const (
	IATI       Format = "IATI"       // IATI activities 2.01 to 2.03
	ThreeSixty Format = "THREESIXTY" // 360Giving, JSON or spreadsheet
	CRS        Format = "CRS"        // the OECD's Creditor Reporting System
	CSV        Format = "CSV"
	XLSX       Format = "XLSX"
)

// Reader reads a file. Its memory does not grow with the file.
type Reader interface {
	// Read returns the next draft, which is the caller's, and io.EOF after the last. What is wrong with a grant is in its draft. Any other error means that the
	// file cannot be read on: Invalid, with the place in its message, if the file is to blame, else the error of what is read from.
	Read() (*Draft, error)
	// Rest returns, after io.EOF, what is wrong with the file and was not told with a draft, such as what stands after the last or in a file without any.
	Rest() []Problem
}

// Place is where in a file something stands.
type Place struct {
	File  string // its name; may be empty
	Sheet string // of a workbook
	Line  int    // from 1; of a sheet, the row; 0 is the file as a whole
}

// String writes the place as compilers do: "state.xml:12", "grants.xlsx:Grants:7". Of a file without a name it is "line 12".
func (p Place) String() string {
	s := p.File
	if s == "" && p.Sheet == "" && p.Line > 0 {
		return "line " + strconv.Itoa(p.Line)
	}
	if p.Sheet != "" {
		s += ":" + p.Sheet
	}
	if p.Line > 0 {
		s += fmt.Sprintf(":%d", p.Line)
	}
	return s
}

// Draft is a grant as a file tells it, before anything in it is matched with what is recorded.
type Draft struct {
	Format Format
	Place  Place
	// Key is what the source knows the grant by: its IATI identifier, its 360Giving id; "" if it has none. With Source it finds the grant again when the file comes
	// once more. It is among the identifiers of Grant, too, if it is one outside the file.
	Key    string
	Source string // who published the file, as the file calls it, such as XM-DAC-1601; "" if nobody says

	// Grant is the record. Its id is empty. Where it refers to an organisation or a term, it has "#0", "#1" … instead of an id, after the places in Parties and
	// Terms; see Ref. Its transactions have ids by NextID. Its reports are what others said, according to the file. But for that and what is refused, it is valid.
	Grant   *grant.Grant
	Parties []Party
	Terms   []Term
	Related []Relation
	Kept    []grant.Kept
	Record  *Record // that it was written from, nil if Tandem did not write it

	// Reporter is who says it, as a reference to Parties, and Kind and Date how and when: what disagrees with what people have recorded becomes their report. An
	// empty Reporter leaves no report.
	Reporter string
	Kind     grant.ReportKind
	Date     period.Date

	// Money is every amount of the source, taken into the record or not, for control totals.
	Money    []Money
	Problems []Problem
}

// Party is an organisation that a draft names.
type Party struct {
	ID          string   // where the draft was written from a record, that of the organisation there; "" if nothing tells
	Name        string   // "" if it is known by identifiers only
	Identifiers []string // those in registers, with their prefix: XI-IATI-…, GB-CHC-…
	State       string   // a hint: the donor state if it has to be recorded, "" if nothing tells
	Type        string   // its IATI organisation type, such as 10 for governments
}

// Term is a theme, a location or a population that a draft names, or the programme, which is not made where it is missing.
type Term struct {
	ID   string // as of Party
	Of   grant.Kind
	Code string // of a theme, its DAC purpose or category code; of a location, its ISO 3166 or IATI region code; "" if it has only a name
	Name string // that a record of it gets
	// Broader is the DAC category of a purpose code: where no theme has the code, the one with the category stands for it, and a new one is made for the category.
	Broader *Term
}

// Relation is a link between the grant of a draft and another, known by its key.
type Relation struct {
	Type   grant.LinkType
	Key    string // of the other grant
	Grant  string // the other's id, if the draft was written from a record
	Theirs bool   // the other grant has the link: it is the sub-grant
	Reason string // of who made it where the draft was written from; "" if a file says no more than that it is so
	Place  Place
	Field  string
}

// Money is an amount that the source has, in its own words: what cannot be recorded has to be accounted for, too.
type Money struct {
	Type     string // with its code: "2 Outgoing Commitment"
	Currency string // "" if nobody says
	Value    string // a decimal number such as -16867.5; "" if it cannot be read
	Use      Use
}

// Use is what became of an amount.
type Use uint8

// The uses of an amount.
const (
	Recorded Use = iota // it is among the grant's transactions or budgets
	Kept                // it is no money that the grant gives, such as incoming funds; it is kept word for word
)

// Severity is what a problem did to its draft.
type Severity uint8

// The severities, from the least.
const (
	Noted    Severity = iota // nothing is lost; a person may want to know
	Repaired                 // it was put right, and the problem says how
	LeftOut                  // a part is not in the record, but kept word for word where the format can give it back
	Refused                  // the grant cannot be recorded
)

var severities = []string{"NOTED", "REPAIRED", "LEFT_OUT", "REFUSED"}

// String returns the word of the contract, such as LEFT_OUT.
func (s Severity) String() string {
	if int(s) < len(severities) {
		return severities[s]
	}
	return ""
}

// Problem is something wrong with a draft.
type Problem struct {
	Place    Place
	Severity Severity
	Field    string // the element, column or field: "transaction/value", "Amount Awarded"
	Text     string // what was found and what is accepted, or what was done
}

// Notes are problems of a place at which nothing is lost.
func Notes(at Place, notes []string) []Problem {
	var all []Problem
	for _, n := range notes {
		all = append(all, Problem{Place: at, Severity: Noted, Text: n})
	}
	return all
}

// Ref is how a draft refers to the i-th of its parties or terms.
func Ref(i int) string {
	const refs = "#0#1#2#3#4#5#6#7#8#9"
	if 2*i < len(refs) { // most have a few
		return refs[2*i : 2*i+2]
	}
	return "#" + strconv.Itoa(i)
}

// Index is the inverse of Ref. ok is false when it is no such reference.
func Index(ref string) (i int, ok bool) {
	digits, is := strings.CutPrefix(ref, "#")
	if !is {
		return 0, false // without an error that nobody hears
	}
	i, err := strconv.Atoi(digits)
	return i, err == nil && i >= 0
}

// Problem adds a problem.
func (d *Draft) Problem(at Place, s Severity, field, format string, args ...any) {
	d.Problems = append(d.Problems, Problem{Place: at, Severity: s, Field: field, Text: fmt.Sprintf(format, args...)})
}

// Refused tells whether the draft has a problem for which it cannot be recorded.
func (d *Draft) Refused() bool {
	for _, p := range d.Problems {
		if p.Severity == Refused {
			return true
		}
	}
	return false
}
