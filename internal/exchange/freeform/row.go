package freeform

import (
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/build"
	"github.com/allmep/tandem/internal/exchange/table"
	"github.com/allmep/tandem/internal/grant"
)

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
	for _, i := range d.r.columns[f] {
		column = &d.r.mapping.Columns[i]
		return d.row.At(i), column, d.r.names[i]
	}
	return table.Cell{}, &Column{}, f.String()
}

// each visits what the row has in the columns of a field.
func (d *draft) each(f Field, visit func(name, text string)) {
	for _, i := range d.r.columns[f] {
		if c := d.row.At(i); c.Text != "" {
			visit(d.r.names[i], c.Text)
		}
	}
}

// several are the parts of a cell between semicolons and line breaks.
func several(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for s != "" {
			n := 0
			for n < len(s) && s[n] != ';' && s[n] != '\n' {
				n++
			}
			if p := strings.TrimSpace(s[:n]); p != "" && !yield(p) {
				return
			}
			s = s[min(n+1, len(s)):]
		}
	}
}

// localIDs are the heads of identifiers that mean nothing outside the file.
var localIDs = []string{"id", "code", "identifier", "ref", "nummer", "מזהה", "מספר", "الرقم", "المعرف"}

func (d *draft) identify() {
	for _, i := range d.r.columns[Identifier] {
		text := d.row.At(i).Text
		if text == "" {
			continue
		}
		if d.Key == "" {
			d.Key = d.Source + "#" + build.Line(text) // others have a 1, too
		}
		if !d.r.local[i] {
			d.Identify(d.r.names[i], text)
		}
	}
	if d.Key == "" {
		d.Key = d.Source + "#" + d.r.key(d.row)
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
	for s := range several(states.Text) {
		code := stateOf(s)
		if code == "" {
			d.Say(exchange.LeftOut, stateName, "found %q; accepted is an ISO 3166 code such as SE, a country's name, EU, UN or PRIVATE", s)
			d.Keep(stateName, s)
			continue
		}
		codes = append(codes, code)
	}
	names := slices.Collect(several(donors.Text))
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
		if p.State == "" {
			p.State = stateOf(p.Name) // Sweden is its own
		}
		d.Fund(d.Party("donor", p))
	}
	if len(d.Grant.Funders) == 0 {
		d.Say(exchange.Refused, "donor", "is empty; a grant has at least one donor")
	}
	recipients, _, name := d.cell(Recipient)
	for s := range several(recipients.Text) {
		if bracketed(s) {
			d.Say(exchange.Noted, name, "found %q, which is no name: the grant has no recipient", s)
			d.Keep(name, s)
			continue
		}
		d.Receive(d.Party(name, exchange.Party{Name: s}))
	}
}

// themeCode is a purpose code of the DAC. It begins with a digit.
var themeCode = regexp.MustCompile(`^(\d{3}|\d{5})\b[ :.-]*(.*)$`)

// cutPercent takes a term and its part of the grant apart: "Education 50%", "Education (33.3 %)". ok is false of anything else.
func cutPercent(s string) (term string, part grant.Percent, ok bool) {
	if s, ok = strings.CutSuffix(strings.TrimSuffix(s, ")"), "%"); !ok {
		return "", 0, false
	}
	s = strings.TrimSuffix(s, " ")
	number := strings.TrimLeft(s[len(strings.TrimRight(s, "0123456789.")):], ".")
	term = s[:len(s)-len(number)]
	whole, fraction, _ := strings.Cut(number, ".")
	if whole == "" || len(whole) > 3 || len(fraction) > 6 || endsInWord(term) {
		return "", 0, false
	}
	millionths, err := strconv.ParseInt(whole+fraction+"000000"[len(fraction):], 10, 64)
	term = strings.TrimRight(term, " (")
	return term, grant.Percent(millionths), err == nil && grant.Percent(millionths) <= grant.Whole && term != ""
}

// endsInWord tells whether what follows a text belongs to the same word: the 19 of COVID19 is no number.
func endsInWord(s string) bool {
	if s == "" {
		return false
	}
	c := s[len(s)-1]
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (d *draft) classify() {
	d.share(Theme, &d.Grant.Themes, func(s string) {
		if s[0] >= '0' && s[0] <= '9' {
			if m := themeCode.FindStringSubmatch(s); m != nil {
				d.Theme(m[1], m[2])
				return
			}
		}
		d.Theme("", s)
	})
	d.share(Location, &d.Grant.Locations, func(s string) {
		if len(s) == 2 && grant.FindState(s) != "" {
			d.Location(strings.ToUpper(s), grant.StateName(strings.ToUpper(s)))
		} else {
			d.Location("", s)
		}
	})
	d.share(Population, &d.Grant.Populations, d.Population)
	d.setStatus()
}

// share adds the terms of a field. They share the grant as their percentages say or, where not each has one, or they do not sum to 100, equally.
func (d *draft) share(f Field, splits *[]grant.Split, add func(string)) {
	var parts []grant.Percent
	sum := grant.Percent(0)
	d.each(f, func(_, text string) {
		for s := range several(text) {
			if term, p, ok := cutPercent(s); ok {
				s, parts, sum = term, append(parts, p), sum+p
			}
			add(s)
		}
	})
	switch {
	case len(parts) == len(*splits) && sum == grant.Whole:
		for i, p := range parts {
			(*splits)[i].Percent = p
		}
	case len(parts) > 0:
		d.Say(exchange.Repaired, f.String(), "the percentages are not one for each, or do not sum to 100; the grant is shared equally")
	}
}

func (d *draft) setStatus() {
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
	d.each(Note, d.Note)
	d.each(Source, func(name, text string) {
		for _, s := range strings.Fields(text) {
			d.Cite(s)
		}
	})
	d.Kept = slices.Grow(d.Kept, d.r.kept)
	d.each(Programme, d.Keep)
	for i, c := range d.row.Cells {
		if c.Text != "" && (i >= len(d.r.mapping.Columns) || d.r.mapping.Columns[i].Field == Unused) {
			head := ""
			if i < len(d.r.mapping.Columns) {
				head = d.r.mapping.Columns[i].Head
			}
			if head == "" {
				head = table.Letter(i)
			}
			d.Keep(head, c.Text)
		}
	}
	d.r.kept = len(d.Kept)
}
