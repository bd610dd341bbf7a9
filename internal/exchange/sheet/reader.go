package sheet

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/build"
	"github.com/allmep/tandem/internal/exchange/table"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// sampleRows is how many rows the guess looks at.
const sampleRows = 1000

// Options are what a caller may say of a file.
type Options struct {
	Sheet   string   // of a workbook; the first that has rows, when left out
	Source  string   // who keeps the file; its name without its ending, when left out
	Mapping *Mapping // what the columns mean; guessed, when left out
}

// Reader reads the grants of a table. It is an exchange.Reader.
type Reader struct {
	in      *table.Table
	rows    []table.Row // read already
	mapping Mapping
	place   exchange.Place
	source  string
	format  exchange.Format
	seen    map[string]int     // how often a row was told apart by this key
	ahead   *table.Row         // the next grant
	pending []exchange.Problem // of the rows before it
	bad     error              // why there is no next, io.EOF at the end
}

// Open reads as much of a file as the guess needs. Errors: Invalid, if the file is no table; that of what is read from.
func Open(r io.Reader, file string, o Options) (*Reader, error) {
	in, err := table.Open(r, o.Sheet)
	if err != nil {
		return nil, err
	}
	s := &Reader{in: in, place: exchange.Place{File: file, Sheet: in.Sheet}, source: o.Source, format: exchange.CSV, seen: map[string]int{}}
	if in.Workbook {
		s.format = exchange.XLSX
	}
	if s.source == "" {
		s.source = strings.TrimSuffix(path.Base(file), path.Ext(file))
	}
	for len(s.rows) < sampleRows && err == nil {
		var row table.Row
		if row, err = in.Read(); err == nil && !row.Empty() {
			s.rows = append(s.rows, row)
		}
	}
	if err != nil && err != io.EOF {
		return nil, err
	}
	guess, err := Guess(s.rows)
	if err != nil && o.Mapping == nil {
		return nil, err
	}
	s.mapping = guess
	if o.Mapping != nil {
		if s.mapping, err = s.fitted(*o.Mapping); err != nil {
			return nil, err
		}
	}
	s.rows = slices.DeleteFunc(s.rows, func(row table.Row) bool { return row.Line <= s.mapping.Head })
	s.bad = s.mapping.Validate()
	s.tellOfFile()
	return s, nil
}

// Mapping returns what the columns are taken for.
func (r *Reader) Mapping() Mapping { return r.mapping }

// fitted holds a given mapping against the file's heads, and lets the columns learn what is not said from their values.
func (r *Reader) fitted(m Mapping) (Mapping, error) {
	m.Columns = slices.Clone(m.Columns)
	at := slices.IndexFunc(r.rows, func(row table.Row) bool { return row.Line == m.Head })
	if at < 0 {
		return m, fault.Field("mapping", "the heads are said to be in row %d; the file has none there", m.Head)
	}
	for i := range m.Columns {
		if found := r.rows[at].At(i).Text; found != m.Columns[i].Head {
			return m, fault.Field("mapping", "column %s is said to have the head %q; found %q in row %d", Letter(i), m.Columns[i].Head, found, m.Head)
		}
		m.Columns[i].learn(valuesOf(r.rows[at+1:], i))
	}
	return m, nil
}

// tellOfFile makes problems of what is worth saying of the file as a whole; the first draft has them.
func (r *Reader) tellOfFile() {
	note := func(format string, args ...any) {
		r.pending = append(r.pending, exchange.Problem{Place: exchange.Place{File: r.place.File, Sheet: r.place.Sheet}, Severity: exchange.Noted, Text: fmt.Sprintf(format, args...)})
	}
	if len(r.in.Others) > 0 {
		note("only the sheet %q is read, not %s", r.in.Sheet, strings.Join(r.in.Others, ", "))
	}
	if len(r.mapping.of(Status)) == 0 {
		note("no column is the status: the grants are taken for ACTIVE")
	}
	for i, c := range r.mapping.Columns {
		if c.Field == Unused && c.Head != "" {
			note("column %s %q is not used, but kept: %s", Letter(i), c.Head, c.Reason)
		}
	}
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
	d.Problems, r.pending = append(d.Problems, r.pending...), nil
	for _, n := range r.in.Notes() {
		d.Problem(exchange.Place{File: r.place.File, Sheet: r.place.Sheet}, exchange.Noted, "", "%s", n)
	}
	return d, nil
}

// look looks for the next row that is a grant.
func (r *Reader) look() {
	for r.ahead = nil; r.bad == nil; {
		row, err := r.row()
		if err != nil {
			r.bad = err
			return
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

// row returns the next row of the file.
func (r *Reader) row() (row table.Row, err error) {
	if len(r.rows) == 0 {
		return r.in.Read()
	}
	row, r.rows = r.rows[0], r.rows[1:]
	return row, nil
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
	heads, texts := true, 0
	for i, c := range row.Cells {
		if c.Text != "" && (i >= len(r.mapping.Columns) || c.Text != r.mapping.Columns[i].Head) {
			heads = false
		}
		if c.Text != "" && !isAmount(c) {
			texts++
		}
	}
	if heads {
		return "the row repeats the heads; it was left out"
	}
	amount, _, _ := (&draft{r: r, row: row}).cell(Amount)
	for i, c := range row.Cells {
		if i < len(r.mapping.Columns) && !slices.Contains(naming, r.mapping.Columns[i].Field) {
			continue
		}
		w := words(c.Text)
		for _, total := range totalWords {
			if w == words(total) || texts <= 2 && strings.HasPrefix(w, words(total)+" ") {
				return fmt.Sprintf("%q: the row sums up others to %s; it was left out", c.Text, amount.Text)
			}
		}
		if together.MatchString(w) {
			return fmt.Sprintf("%q: the row sums up others to %s; it was left out", c.Text, amount.Text)
		}
	}
	return ""
}

// key tells a row apart by who gives what to whom from when on, where it has no identifier. The second that is alike has another.
func (r *Reader) key(row table.Row) string {
	h := sha256.New()
	for _, f := range []Field{Donor, DonorState, Recipient, Programme, Title, Start} {
		for _, i := range r.mapping.of(f) {
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

// draft makes a draft of a row.
func (r *Reader) draft(row table.Row) *exchange.Draft {
	place := r.place
	place.Line = row.Line
	d := &draft{Builder: build.New(r.format, place, grant.Coalition), r: r, row: row}
	d.Source = r.source
	d.identify()
	d.takePart()
	d.classify()
	d.describe()
	d.setDates()
	d.setMoney()
	return d.Finish()
}

// draft is a row on its way to a draft.
type draft struct {
	*build.Builder
	r   *Reader
	row table.Row
}

// cell returns what the row has of a field, and the name of the column.
func (d *draft) cell(f Field) (c table.Cell, column *Column, name string) {
	for _, i := range d.r.mapping.of(f) {
		column = &d.r.mapping.Columns[i]
		return d.row.At(i), column, d.name(i)
	}
	return table.Cell{}, &Column{}, string(f)
}

// name is how a problem names a column.
func (d *draft) name(i int) string {
	return fmt.Sprintf("column %s %q", Letter(i), d.r.mapping.Columns[i].Head)
}

// each visits what the row has in the columns of a field.
func (d *draft) each(f Field, visit func(name, text string)) {
	for _, i := range d.r.mapping.of(f) {
		if c := d.row.At(i); c.Text != "" {
			visit(d.name(i), c.Text)
		}
	}
}

// several are the parts of a cell between semicolons and line breaks.
func several(s string) []string {
	var parts []string
	for _, p := range strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == '\n' }) {
		if p = strings.TrimSpace(p); p != "" {
			parts = append(parts, p)
		}
	}
	return parts
}

// localIDs are the heads of identifiers that mean nothing outside the file.
var localIDs = []string{"id", "code", "identifier", "ref", "nummer", "מזהה", "מספר", "الرقم", "المعرف"}

func (d *draft) identify() {
	for _, i := range d.r.mapping.of(Identifier) {
		text := d.row.At(i).Text
		if text == "" {
			continue
		}
		if d.Key == "" {
			d.Key = build.Line(text)
		}
		if !slices.Contains(localIDs, words(d.r.mapping.Columns[i].Head)) {
			d.Identify(d.name(i), text)
		}
	}
	if d.Key == "" {
		d.Key = d.r.key(d.row)
		return
	}
	if d.r.seen[d.Key]++; d.r.seen[d.Key] > 1 {
		d.Say(exchange.Refused, "identifier", "found %q, which an earlier row of the file has too; accepted is an identifier that one row has", d.Key)
	}
}

// bracketed is a cell that names nobody: "(undisclosed)", "(programme)".
func bracketed(s string) bool {
	return strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") && strings.Count(s, "(") == 1
}

func (d *draft) takePart() {
	states, _, stateName := d.cell(DonorState)
	donors, _, _ := d.cell(Donor)
	var codes []string
	for _, s := range several(states.Text) {
		code := stateOf(s)
		if code == "" {
			d.Say(exchange.LeftOut, stateName, "found %q; accepted is an ISO 3166 code such as SE, a country's name, EU, UN or PRIVATE", s)
			continue
		}
		codes = append(codes, code)
	}
	names := several(donors.Text)
	switch {
	case len(names) > 0 && len(codes) > 1 && len(codes) != len(names): // a pool that several states fill
		for _, name := range names {
			d.Partner(d.Party("donor", exchange.Party{Name: name}), grant.Extending)
		}
		names = nil
	case len(codes) == 1:
		for len(codes) < len(names) {
			codes = append(codes, codes[0])
		}
	}
	for i := range max(len(names), len(codes)) {
		var p exchange.Party
		if i < len(codes) {
			p = exchange.Party{Name: grant.StateName(codes[i]), State: codes[i]}
		}
		if i < len(names) {
			p.Name = names[i]
		}
		d.Fund(d.Party("donor", p))
	}
	if len(d.Grant.Funders) == 0 {
		d.Say(exchange.Refused, "donor", "is empty; a grant has at least one donor")
	}
	recipients, _, name := d.cell(Recipient)
	for _, s := range several(recipients.Text) {
		if bracketed(s) {
			d.Say(exchange.Noted, name, "found %q, which is no name: the grant has no recipient", s)
			d.Keep(name, s)
			continue
		}
		d.Receive(d.Party(name, exchange.Party{Name: s}))
	}
}

// themeCode is a purpose code of the DAC.
var themeCode = regexp.MustCompile(`^(\d{3}|\d{5})\b[ :.-]*(.*)$`)

func (d *draft) classify() {
	d.each(Theme, func(_, text string) {
		for _, s := range several(text) {
			if m := themeCode.FindStringSubmatch(s); m != nil {
				d.Theme(m[1], m[2])
			} else {
				d.Theme("", s)
			}
		}
	})
	d.each(Location, func(_, text string) {
		for _, s := range several(text) {
			if len(s) == 2 && grant.FindState(s) != "" {
				d.Location(strings.ToUpper(s), grant.StateName(strings.ToUpper(s)))
			} else {
				d.Location("", s)
			}
		}
	})
	d.each(Population, func(_, text string) {
		for _, s := range several(text) {
			d.Population(s)
		}
	})
	if c, _, name := d.cell(Status); c.Text != "" {
		if s, ok := statusWords[words(c.Text)]; ok {
			d.Grant.Status = s
		} else {
			d.Say(exchange.LeftOut, name, "found %q; accepted are words such as planned, active, completed, cancelled and suspended: the grant is taken for ACTIVE", c.Text)
			d.Keep(name, c.Text)
		}
	}
}

func (d *draft) describe() {
	title, _, name := d.cell(Title)
	d.Title(name, title.Text)
	if d.Grant.Title == "" {
		programme, _, _ := d.cell(Programme)
		recipient, _, _ := d.cell(Recipient)
		if bracketed(recipient.Text) {
			recipient.Text = ""
		}
		if d.Title(name, strings.Trim(programme.Text+": "+recipient.Text, ": ")); d.Grant.Title != "" {
			d.Say(exchange.Repaired, name, "is empty; the grant is called %q", d.Grant.Title)
		}
	}
	d.each(Description, d.Describe)
	d.each(Note, d.Builder.Note)
	d.each(Source, func(name, text string) {
		for _, s := range strings.Fields(text) {
			d.Cite(s)
		}
	})
	d.each(Programme, d.Keep)
	for i, c := range d.row.Cells {
		if c.Text != "" && (i >= len(d.r.mapping.Columns) || d.r.mapping.Columns[i].Field == Unused) {
			head := Letter(i)
			if i < len(d.r.mapping.Columns) && d.r.mapping.Columns[i].Head != "" {
				head = d.r.mapping.Columns[i].Head
			}
			d.Keep(head, c.Text)
		}
	}
}
