package freeform

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/exchange/table"
	"github.com/allmep/tandem/internal/exchange/written"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

// How sure a guess is, in percent.
const (
	headSays     = 95 // the head is the field's name; of two such heads the one with the more usual name goes first
	headHas      = 75 // the head has the field's name in it
	valuesSay    = 60 // the values can hardly be anything else
	enough       = 50 // less is no guess: the column is not used
	valuesHinder = 30 // the head says so, and the values do not
)

// headRows is how far down the heads are looked for.
const headRows = 20

// ErrNoHeads is of a table in which no row names the columns.
var ErrNoHeads error = fault.New(fault.Invalid, "found no heads in the first %d rows; accepted is a row that names the columns, above the rows with the grants", headRows)

// Guess finds the heads among the first rows, and what the columns mean. Errors: Invalid, if no row can be the heads.
func Guess(rows []table.Row) (Mapping, error) {
	at := findHead(rows)
	if at < 0 {
		return Mapping{}, ErrNoHeads
	}
	head, rows := rows[at], rows[at+1:]
	m := Mapping{Head: head.Line, Columns: make([]Column, len(head.Cells))}
	guesses := make([][]Column, len(head.Cells))
	for i, cell := range head.Cells {
		m.Columns[i] = Column{Head: cell.Text}
		guesses[i] = guessColumn(cell.Text, valuesOf(rows, i))
	}
	m.assign(guesses)
	return m, nil
}

// findHead returns the row with the most cells that are heads, or else the first row with several texts and no number; -1 if there is neither.
func findHead(rows []table.Row) int {
	best, most, plain := -1, 1, -1
	for i, row := range rows[:min(len(rows), headRows)] {
		known, texts, numbers := 0, 0, 0
		for _, c := range row.Cells {
			if c.Text == "" {
				continue
			}
			if len(byHead(c.Text)) > 0 {
				known++
			}
			if _, err := written.ParseAmount(c.Text, written.Unsaid, "USD"); err == nil {
				numbers++
			}
			texts++
		}
		if known > most {
			best, most = i, known
		}
		if plain < 0 && texts > 1 && numbers == 0 {
			plain = i
		}
	}
	if best < 0 {
		return plain
	}
	return best
}

func valuesOf(rows []table.Row, column int) []table.Cell {
	var values []table.Cell
	for _, row := range rows {
		if c := row.At(column); c.Text != "" {
			values = append(values, c)
		}
	}
	return values
}

// byHead returns what a head may mean, by its words: the whole of it, or the longest name of a field in it.
func byHead(head string) []Column {
	w := words(head)
	if w == "" {
		return nil
	}
	var found []Column
	among := " " + w + " "
	for f := Donor; f < fields; f++ {
		longest, rank := "", 0
		for i, name := range headNames[f] {
			if len(name) > len(longest)+2 && strings.Contains(among, name) { // with a space on either side
				longest, rank = strings.TrimSpace(name), i
			}
		}
		switch longest {
		case "":
		case w:
			found = append(found, Column{Field: f, Confidence: headSays - min(rank, 5), Reason: "the head says so"})
		default: // the more of the head it is the better
			found = append(found, Column{Field: f, Confidence: headHas - 20 + 20*len(longest)/len(w), Reason: fmt.Sprintf("the head has %q in it", longest)})
		}
	}
	return found
}

// guessColumn returns what a column may mean. What its values contradict is less sure.
func guessColumn(head string, values []table.Cell) []Column {
	guesses := byHead(head)
	for i := range guesses {
		test := tests[guesses[i].Field]
		if test.fits == nil || len(values) == 0 {
			continue
		}
		n, sep := count(values, test.fits), "; "
		if 2*n < len(values) {
			guesses[i].Confidence, sep = min(guesses[i].Confidence, valuesHinder), ", but "
		}
		guesses[i].Reason += sep + test.told(n, len(values))
	}
	for _, f := range []Field{Currency, DonorState, Source} { // what else are values like these?
		if test := tests[f]; len(values) > 1 && !slices.ContainsFunc(values, func(c table.Cell) bool { return !test.fits(c) }) {
			guesses = append(guesses, Column{Field: f, Confidence: valuesSay, Reason: "all values are " + test.many})
		}
	}
	return guesses
}

func count(values []table.Cell, fits func(table.Cell) bool) int {
	n := 0
	for _, v := range values {
		if fits(v) {
			n++
		}
	}
	return n
}

// test is what the values of a field look like, and how one of them is called, and many.
type test struct {
	one, many string
	fits      func(table.Cell) bool
}

// told says how many values are like that.
func (t test) told(n, of int) string {
	switch {
	case n == 0:
		return "no value is " + t.one
	case of == 1:
		return "its one value is " + t.one
	case n == of:
		return fmt.Sprintf("all %d values are %s", of, t.many)
	case n == 1:
		return fmt.Sprintf("only 1 of %d values is %s", of, t.one)
	case 2*n < of:
		return fmt.Sprintf("only %d of %d values are %s", n, of, t.many)
	}
	return fmt.Sprintf("%d of %d values are %s", n, of, t.many)
}

// tests are those of the fields whose values can be told from others.
var tests = [fields]test{
	Amount:    {"an amount", "amounts", isAmount},
	AmountMin: {"an amount", "amounts", isAmount},
	AmountMax: {"an amount", "amounts", isAmount},
	Start:     {"a date", "dates", isDate},
	End:       {"a date", "dates", isDate},
	AwardDate: {"a date", "dates", isDate},
	Duration:  {"a number", "numbers", func(c table.Cell) bool { _, err := months(c.Text); return err == nil }},
	Currency:  {"a currency", "currencies", func(c table.Cell) bool { _, err := written.ParseCurrency(c.Text); return err == nil || ambiguous(err) }},
	Status:    {"a status", "statuses", func(c table.Cell) bool { _, ok := statusWords[words(c.Text)]; return ok }},
	Source: {"an address", "addresses", func(c table.Cell) bool {
		return strings.HasPrefix(c.Text, "http://") || strings.HasPrefix(c.Text, "https://")
	}},
	Qualifier: {"a word such as exact or at least", "words such as exact or at least", func(c table.Cell) bool { _, ok := written.ParseQualifier(c.Text); return ok }},
	DonorState: {"a state", "states", func(c table.Cell) bool {
		for s := range several(c.Text) {
			if stateOf(s) == "" {
				return false
			}
		}
		return true
	}},
}

func isAmount(c table.Cell) bool {
	a, err := written.ParseAmount(c.Text, written.Unsaid, "")
	return err == nil && a.Qualifier != money.Unknown || ambiguous(err)
}

func isDate(c table.Cell) bool {
	if c.Number {
		_, err := written.Serial(c.Text, false)
		return err == nil
	}
	_, err := written.Date(c.Text, written.Asked)
	return err == nil || ambiguous(err)
}

func ambiguous(err error) bool {
	_, is := err.(*written.Ambiguous) // written returns it bare
	return is
}

// assign gives each column its surest field, the surest columns first; a field that only one column can have goes to the surest one.
func (m *Mapping) assign(guesses [][]Column) {
	type candidate struct {
		column int
		Column
	}
	var all []candidate
	for i, list := range guesses {
		for _, g := range list {
			all = append(all, candidate{i, g})
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.Confidence, a.Confidence) })
	taken := map[Field]bool{}
	for _, c := range all {
		at := &m.Columns[c.column]
		if at.Field != Unused || taken[c.Field] && !slices.Contains(manyColumns, c.Field) {
			continue
		}
		if c.Confidence < enough {
			if at.Reason == "" {
				at.Confidence, at.Reason = c.Confidence, c.Field.String()+"? "+c.Reason
			}
			continue
		}
		at.Field, at.Confidence, at.Reason = c.Field, c.Confidence, c.Reason
		taken[c.Field] = true
	}
	for i := range m.Columns {
		if c := &m.Columns[i]; c.Field == Unused && c.Reason == "" {
			c.Reason = "nothing tells what it is"
		}
	}
}

// learn finds out what a column's own values prove of the way in which they are written, and what its head says of its amounts. What the values prove both ways stays asked.
func (c *Column) learn(values []table.Cell) {
	switch c.Field {
	case Start, End, AwardDate:
		if c.Dates == written.Asked {
			c.Dates = decide(values, func(s string) written.Order { return written.OrderOf(s) })
		}
	case Amount, AmountMin, AmountMax:
		if c.Decimals == written.Unsaid {
			c.Decimals = decide(values, func(s string) written.Mark { return written.MarkOf(s) })
		}
		if c.Currency == "" {
			c.Currency = currencyIn(c.Head)
		}
		if c.Times == 0 {
			c.Times = timesIn(c.Head)
		}
	}
}

// decide returns what all values that prove anything prove, and nothing if two contradict.
func decide[T comparable](values []table.Cell, proves func(string) T) T {
	var nothing, proven T
	for _, v := range values {
		if v.Number {
			continue
		}
		switch p := proves(v.Text); {
		case p == nothing || p == proven:
		case proven == nothing:
			proven = p
		default:
			return nothing
		}
	}
	return proven
}

// currencyIn finds the currency in a head such as "Amount (USD)" or "Montant €".
func currencyIn(head string) money.Currency {
	for _, w := range strings.FieldsFunc(head, func(r rune) bool { return strings.ContainsRune(" ()[],;:/_-", r) }) {
		if len(w) == 3 && w != strings.ToUpper(w) {
			continue // a word
		}
		if c, err := written.ParseCurrency(w); err == nil {
			return c
		}
	}
	return ""
}

// timesIn finds by how much the amounts under a head have to be multiplied, such as "Amount (millions)" or "in '000 USD".
func timesIn(head string) int64 {
	for _, w := range strings.Fields(words(head)) {
		switch w {
		case "million", "millions", "mio", "mn", "m", "millionen":
			return 1_000_000
		case "thousand", "thousands", "000", "000s", "tsd", "k", "milliers", "keur", "kusd":
			return 1_000
		}
	}
	return 1
}

// stateAliases are what countries that give are called beside their names.
var stateAliases = map[string]string{
	"usa": "US", "u s": "US", "u s a": "US", "united states": "US", "united states of america": "US", "america": "US", "uk": "GB", "u k": "GB", "united kingdom": "GB", "great britain": "GB", "britain": "GB", "england": "GB", "holland": "NL", "the netherlands": "NL",
	"eu": "EU", "european commission": "EU", "eu institutions": "EU", "korea": "KR", "south korea": "KR", "czech republic": "CZ", "uae": "AE", "turkey": "TR", "private": "PRIVATE",
}

// stateOf returns the code of a donor state, by its code or its name; "" if there is none.
func stateOf(s string) string {
	if code := stateAliases[string(appendWords(make([]byte, 0, 64), s, all))]; code != "" {
		return code
	}
	return grant.FindState(strings.TrimSpace(s))
}
