package rates

import (
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/exchange/written"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// imfTitle begins a file of the International Monetary Fund.
const imfTitle = "Representative Exchange Rates for Selected Currencies"

// quoted is a cell of an IMF file: a currency against the dollar on a day.
type quoted struct {
	line     int
	name     string // as the file has it
	currency money.Currency
	day      period.Day
	value    *big.Rat
	notes    []string // its footnotes' numbers
}

// table is an IMF file as it stands: blocks of lines, each under a head with days, and footnotes.
type table struct {
	cells   []quoted
	inverse map[string]bool // the footnotes that say: dollars for one unit
	unknown []string        // names of no currency that Tandem knows
}

// footnote is a line such as "(1) Exchange rates expressed in terms of U.S. dollars per currency unit".
var footnote = regexp.MustCompile(`^\((\d+)\)\s*(.+)$`)

// noteMark is what refers to a footnote at the end of a name: Euro(1), or Euro (1,2).
var noteMark = regexp.MustCompile(`\s*\(\s*(\d+(?:\s*,\s*\d+)*)\s*\)$`)

// readIMF reads the days of a month in blocks: a head "Currency, November 01, 2024, …" and a line for each currency, in units for one dollar, or in dollars for one unit where a footnote
// says so, which the euro's line always is; NA or nothing where there is no rate. What one euro is worth in a currency is reckoned through the euro's line of the same day, exactly,
// and rounded once to what a rate can hold.
func readIMF(text string) (File, error) {
	var bad faults
	t := readTable(text, &bad)
	if len(t.cells) == 0 && bad.n == 0 {
		bad.add(1, "Currency", "there is no rate under a head of the form Currency, November 01, 2024, …, separated by tabs")
	}
	if err := bad.Err(); err != nil {
		return File{}, err
	}
	euro := map[period.Day]*big.Rat{} // dollars for one
	for _, c := range t.cells {
		if c.currency == fx.Euro {
			euro[c.day] = t.dollars(c)
		}
	}
	f := File{Source: IMF}
	if slices.Sort(t.unknown); len(t.unknown) > 0 {
		f.Notes = append(f.Notes, "Left out, for Tandem does not know which currency they are: "+strings.Join(slices.Compact(t.unknown), ", ")+".")
	}
	seen := map[string]int{}
	without := map[period.Day]bool{}
	for _, c := range t.cells {
		if c.currency == fx.Euro {
			continue
		}
		if euro[c.day] == nil {
			without[c.day] = true
			continue
		}
		key := string(c.currency) + c.day.String()
		if first, twice := seen[key]; twice {
			bad.add(c.line, c.day.String(), "found a rate of %s, which line %d has too; accepted is one", c.name, first)
			continue
		}
		seen[key] = c.line
		q, ok := fx.QuoteOf(new(big.Rat).Quo(euro[c.day], t.dollars(c)))
		if !ok {
			bad.add(c.line, c.day.String(), "one euro would be %s of %s; accepted is a rate of at most 12 digits above 0", new(big.Rat).Quo(euro[c.day], t.dollars(c)).FloatString(8), c.name)
			continue
		}
		q.Currency = c.currency
		f.Rates = append(f.Rates, Rate{Day: c.day, Quote: q})
	}
	for _, d := range slices.Sorted(maps.Keys(without)) {
		f.Notes = append(f.Notes, fmt.Sprintf("Nothing is known for %s: the file has no rate of the euro for it.", d))
	}
	return f, bad.Err()
}

// dollars returns what one unit of a currency was worth.
func (t *table) dollars(c quoted) *big.Rat {
	if c.currency == fx.Euro || slices.ContainsFunc(c.notes, func(n string) bool { return t.inverse[n] }) {
		return c.value
	}
	return new(big.Rat).Inv(c.value)
}

func readTable(text string, bad *faults) *table {
	t := &table{inverse: map[string]bool{"1": true}} // where the file does not explain it, as the Fund uses it
	var days []period.Day
	for i, line := range strings.Split(text, "\n") {
		if bad.tooMany() {
			break
		}
		cells := strings.Split(strings.TrimRight(line, "\r\t "), "\t")
		name := strings.TrimSpace(cells[0])
		note := footnote.FindStringSubmatch(strings.TrimSpace(line))
		switch {
		case note != nil:
			says := strings.ToLower(note[2])
			t.inverse[note[1]] = strings.Contains(says, "per currency unit") || strings.Contains(says, "dollars per")
		case name == "Currency":
			days = readHead(cells[1:], i+1, bad)
		case name == "" || len(cells) == 1 || days == nil:
			continue // a title, a blank line, or words below the table
		default:
			t.readLine(name, cells[1:], i+1, days, bad)
		}
	}
	return t
}

func readHead(cells []string, line int, bad *faults) []period.Day {
	days := make([]period.Day, len(cells))
	for i, cell := range cells {
		d, err := written.Date(strings.TrimSpace(cell), written.Asked)
		if err != nil || d.Precision != period.ToDay || !strings.Contains(cell, ",") {
			bad.add(line, fmt.Sprint(i+2), "found %q; accepted is a day such as November 01, 2024", cell)
			continue
		}
		days[i] = d.First
	}
	return days
}

func (t *table) readLine(name string, cells []string, line int, days []period.Day, bad *faults) {
	var notes []string
	plain := name
	for m := noteMark.FindStringSubmatchIndex(plain); m != nil; m = noteMark.FindStringSubmatchIndex(plain) {
		for _, n := range strings.Split(plain[m[2]:m[3]], ",") {
			notes = append(notes, strings.TrimSpace(n))
		}
		plain = plain[:m[0]]
	}
	code, known := imfNames[strings.ToLower(plain)]
	if !known {
		t.unknown = append(t.unknown, plain)
	}
	for i, cell := range cells {
		cell = strings.TrimSpace(cell)
		if cell == "" || cell == "NA" || cell == "N/A" || cell == "-" {
			continue
		}
		if i >= len(days) {
			bad.add(line, fmt.Sprint(i+2), "found %q; accepted is nothing where the head has no day", cell)
			continue
		}
		value, err := parseValue(cell)
		if err != nil {
			bad.add(line, days[i].String(), "%v", err)
			continue
		}
		if known {
			t.cells = append(t.cells, quoted{line: line, name: name, currency: code, day: days[i], value: value, notes: notes})
		}
	}
}

// number is a decimal number, with commas between thousands or without.
var number = regexp.MustCompile(`^(\d+|\d{1,3}(,\d{3})+)(\.\d+)?$`)

// parseValue reads a number above 0.
func parseValue(cell string) (*big.Rat, error) {
	if number.MatchString(cell) && len(cell) <= 24 {
		if r, ok := new(big.Rat).SetString(strings.ReplaceAll(cell, ",", "")); ok && r.Sign() > 0 {
			return r, nil
		}
	}
	return nil, fault.New(fault.Invalid, "found %q; accepted is a number above 0 such as 1.0882 or 15,684.00, or NA", cell)
}

// imfNames are the Fund's names of currencies, in small letters, those that it used earlier too.
var imfNames = map[string]money.Currency{
	"algerian dinar": "DZD", "australian dollar": "AUD", "bahrain dinar": "BHD", "bangladeshi taka": "BDT", "bolivar fuerte": "VEF", "botswana pula": "BWP", "brazilian real": "BRL",
	"brunei dollar": "BND", "canadian dollar": "CAD", "chilean peso": "CLP", "chinese yuan": "CNY", "colombian peso": "COP", "czech koruna": "CZK", "danish krone": "DKK",
	"egyptian pound": "EGP", "euro": "EUR", "hungarian forint": "HUF", "icelandic krona": "ISK", "indian rupee": "INR", "indonesian rupiah": "IDR", "iranian rial": "IRR",
	"israeli new sheqel": "ILS", "israeli new shekel": "ILS", "japanese yen": "JPY", "jordanian dinar": "JOD", "kazakhstani tenge": "KZT", "korean won": "KRW", "kuwaiti dinar": "KWD",
	"libyan dinar": "LYD", "malaysian ringgit": "MYR", "mauritian rupee": "MUR", "mexican peso": "MXN", "moroccan dirham": "MAD", "nepalese rupee": "NPR", "new zealand dollar": "NZD",
	"norwegian krone": "NOK", "nuevo sol": "PEN", "omani rial": "OMR", "rial omani": "OMR", "pakistani rupee": "PKR", "peruvian sol": "PEN", "philippine peso": "PHP",
	"polish zloty": "PLN", "qatari riyal": "QAR", "qatar riyal": "QAR", "russian ruble": "RUB", "saudi arabian riyal": "SAR", "singapore dollar": "SGD", "south african rand": "ZAR",
	"sri lankan rupee": "LKR", "swedish krona": "SEK", "swiss franc": "CHF", "thai baht": "THB", "trinidadian dollar": "TTD", "tunisian dinar": "TND", "turkish lira": "TRY",
	"u.a.e. dirham": "AED", "u.k. pound": "GBP", "u.k. pound sterling": "GBP", "u.s. dollar": "USD", "uruguayan peso": "UYU",
}
