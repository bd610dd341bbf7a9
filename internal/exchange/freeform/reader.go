package freeform

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/table"
	"github.com/allmep/tandem/internal/exchange/written"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

// sampleRows is how many rows the guess looks at.
const sampleRows = 1000

// Options are what a caller may say of a file.
type Options struct {
	Sheet    string            // of a workbook; the first that has rows, when left out
	Source   string            // who keeps the file; its name without its ending, when left out
	Columns  map[string]string // what columns mean, by their heads or letters, in place of what is guessed
	Mapping  *grant.Mapping    // a saved one, nil if there is none: its columns in place of what is guessed; what else it says, the caller puts into the other options
	Currency money.Currency    // of amounts for which nothing else says one
	Dates    written.Order     // of dates in columns that do not tell themselves
	Decimals written.Mark      // of amounts in columns that do not tell themselves
}

// Reader reads the grants of a table. It is an exchange.Reader.
type Reader struct {
	in      *table.Table
	mapping Mapping
	names   []string      // of the columns, for problems
	columns [fields][]int // of each field
	local   []bool        // of the columns: identifiers in it mean nothing outside the file
	naming  []bool        // of the columns: a row that sums up others may say so in it
	place   exchange.Place
	source  string
	format  exchange.Format
	seen    map[string]int     // how often a row was told apart by this key
	kept    int                // how much the last draft kept; the next may keep as much
	ahead   *table.Row         // the next grant
	pending []exchange.Problem // of the rows before it
	bad     error              // why there is no next, io.EOF at the end
}

// New reads as much of a table as the guess needs. Errors: Invalid, if it has no heads, or not those that the options name; those of the table.
func New(in *table.Table, file string, o Options) (*Reader, error) {
	s := &Reader{in: in, place: exchange.Place{File: file, Sheet: in.Sheet}, source: o.Source, format: exchange.CSV, seen: map[string]int{}}
	if in.Workbook {
		s.format = exchange.XLSX
	}
	if s.source == "" {
		s.source = strings.TrimSuffix(path.Base(file), path.Ext(file))
	}
	rows, err := in.Peek(sampleRows)
	if err != nil {
		return nil, err
	}
	if s.mapping, err = Guess(rows); err != nil {
		return nil, err
	}
	absent, err := s.mapping.correct(o, rows)
	if err != nil {
		return nil, err
	}
	for _, column := range absent {
		s.note("the mapping %q has the column %s, and the file does not", o.Mapping.ID, column)
	}
	for i, c := range s.mapping.Columns {
		s.names = append(s.names, fmt.Sprintf("column %s %q", table.Letter(i), c.Head))
		s.columns[c.Field] = append(s.columns[c.Field], i)
		s.local = append(s.local, slices.Contains(localIDs, words(c.Head)))
		s.naming = append(s.naming, slices.Contains(naming, c.Field))
	}
	s.bad = s.mapping.Validate()
	s.tellOfFile()
	return s, nil
}

// Mapping returns what the columns are taken for.
func (r *Reader) Mapping() Mapping { return r.mapping }

// tellOfFile makes problems of what is worth saying of the file as a whole; the first draft has them.
func (r *Reader) tellOfFile() {
	if len(r.in.Others) > 0 {
		r.note("only the sheet %q is read, not %s", r.in.Sheet, strings.Join(r.in.Others, ", "))
	}
	if len(r.columns[Status]) == 0 {
		r.note("no column is the status: the grants are taken for ACTIVE")
	}
}

func (r *Reader) note(format string, args ...any) {
	r.pending = append(r.pending, exchange.Problem{Place: exchange.Place{File: r.place.File, Sheet: r.place.Sheet}, Severity: exchange.Noted, Text: fmt.Sprintf(format, args...)})
}

// Read returns the draft of the next row. Rows that sum others up, and heads that come again, are left out and told of in the draft before.
func (r *Reader) Read() (*exchange.Draft, error) {
	if r.bad == nil && r.ahead == nil {
		r.look()
	}
	if r.ahead == nil {
		return nil, r.bad
	}
	d := r.draft(*r.ahead)
	r.look() // what belongs to no grant is told with the one before it
	d.Problems = append(d.Problems, r.Rest()...)
	return d, nil
}

// Rest implements exchange.Reader.
func (r *Reader) Rest() []exchange.Problem {
	rest := append(r.pending, exchange.Notes(exchange.Place{File: r.place.File, Sheet: r.place.Sheet}, r.in.Notes())...)
	r.pending = nil
	return rest
}

// look looks for the next row that is a grant.
func (r *Reader) look() {
	for r.ahead = nil; r.bad == nil; {
		row, err := r.in.Read()
		if err != nil {
			r.bad = err
			return
		}
		if row.Line <= r.mapping.Head {
			continue
		}
		why := r.noGrant(row)
		if why == "" {
			r.ahead = &row
			return
		}
		if why != empty {
			place := r.place
			place.Line = row.Line
			r.pending = append(r.pending, exchange.Problem{Place: place, Severity: exchange.Noted, Text: why})
		}
	}
}

// empty is the reason for which a row with nothing in it is no grant; nobody needs to be told.
const empty = "the row is empty"

// naming are the fields in which a row that sums up others says so.
var naming = []Field{Unused, Identifier, Donor, DonorState, Recipient, Programme, Title}

// together is a row that sums up others in words.
var together = regexp.MustCompile(`\b(awards|grants|projects|rows) together\b`)

// noGrant tells why a row is no grant; "" if it is one.
func (r *Reader) noGrant(row table.Row) string {
	if row.Empty() {
		return empty
	}
	if r.repeatsHeads(row) {
		return "the row repeats the heads; it was left out"
	}
	var buffer [64]byte
	for i, c := range row.Cells {
		if c.Text == "" || i < len(r.naming) && !r.naming[i] || !maySumUp(c.Text) {
			continue
		}
		w := appendWords(buffer[:0], c.Text, all)
		if beginsWithTotal(w) && (totals[string(w)] || texts(row) <= 2) || bytes.Contains(w, []byte(" together")) && together.MatchString(string(w)) {
			amount, _, _ := (&draft{r: r, row: row}).cell(Amount)
			return fmt.Sprintf("%q: the row sums up others to %s; it was left out", c.Text, amount.Text)
		}
	}
	return ""
}

func (r *Reader) repeatsHeads(row table.Row) bool {
	for i, c := range row.Cells {
		if c.Text != "" && (i >= len(r.mapping.Columns) || c.Text != r.mapping.Columns[i].Head) {
			return false
		}
	}
	return true
}

// maySumUp tells at a glance of most texts that they do not.
func maySumUp(s string) bool {
	if totalBegins[s[0]] {
		var buffer [64]byte
		if _, may := totals[string(appendWords(buffer[:0], s, 1))]; may {
			return true
		}
	}
	return strings.Contains(s, "ogether") || strings.Contains(s, "OGETHER")
}

// beginsWithTotal tells whether words are those of a total, or begin with them.
func beginsWithTotal(w []byte) bool {
	for i := range len(w) + 1 {
		if i < len(w) && w[i] != ' ' {
			continue
		}
		if total, more := totals[string(w[:i])]; total || !more {
			return total
		}
	}
	return false
}

// texts counts the cells that are no amounts.
func texts(row table.Row) int {
	n := 0
	for _, c := range row.Cells {
		if c.Text != "" && !isAmount(c) {
			n++
		}
	}
	return n
}

// key tells a row apart by who gives what to whom from when on, where it has no identifier. The second that is alike has another.
func (r *Reader) key(row table.Row) string {
	h := sha256.New()
	for _, f := range []Field{Donor, DonorState, Recipient, Programme, Title, Start} {
		for _, i := range r.columns[f] {
			fmt.Fprintf(h, "%s\x00%s\x00", f, words(row.At(i).Text))
		}
	}
	k := "row-" + hex.EncodeToString(h.Sum(nil)[:8])
	r.seen[k]++
	if n := r.seen[k]; n > 1 {
		k += fmt.Sprintf("-%d", n)
	}
	return k
}
