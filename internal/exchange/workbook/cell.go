// Package workbook writes tables of everything that Tandem records, names beside codes, as CSV and as workbooks of Excel.
//
// It is for values. It may not know how records are stored, nor who asks for them.
package workbook

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// Type is what the cells of a column hold.
type Type uint8

// The types of cells.
const (
	Text    Type = iota
	Date         // a year, a month or a day: 2016, 2015-09, 2023-02-01
	Money        // a decimal number, with the decimals of its currency
	Percent      // a decimal number
	Number       // a decimal number
	Integer
	Instant // 2026-11-25T02:18:22.123456Z
	Boolean // true or false
)

// Cell is one value of a row. No value is the zero Cell.
type Cell struct {
	Type     Type
	Text     string         // as it is written where there is nothing but text
	Currency money.Currency // of Money
}

func text(s string) Cell { return Cell{Text: s} }

func date(d period.Date) Cell { return Cell{Type: Date, Text: d.String()} }

func minor(c money.Currency, n int64) Cell {
	return Cell{Type: Money, Text: money.FormatMinor(c, n), Currency: c}
}

func percent(p grant.Percent) Cell { return Cell{Type: Percent, Text: p.String()} }

// integer is a number of which 0 is none.
func integer(n int) Cell {
	if n == 0 {
		return Cell{Type: Integer}
	}
	return Cell{Type: Integer, Text: strconv.Itoa(n)}
}

func boolean(b bool) Cell { return Cell{Type: Boolean, Text: strconv.FormatBool(b)} }

// amount is what an amount has in five columns: the figure, its currency, how exactly it is known, and the ends of a range. What is not known has no figure.
func amount(a money.Amount) [5]Cell {
	cells := [5]Cell{{}, text(string(a.Currency)), text(a.Qualifier.String()), {}, {}}
	switch a.Qualifier {
	case money.Unknown:
	case money.Range:
		cells[3], cells[4] = minor(a.Currency, a.Low), minor(a.Currency, a.High)
	default:
		cells[0] = minor(a.Currency, a.Minor)
	}
	return cells
}

// list is several texts in one cell, with semicolons between them. One that holds a semicolon or a quotation mark stands in quotation marks, which are doubled in it, as in CSV.
func list(items []string) Cell {
	shared := true // with the grant
	for i, s := range items {
		if strings.IndexByte(s, ';') < 0 && strings.IndexByte(s, '"') < 0 {
			continue
		}
		if shared {
			items, shared = slices.Clone(items), false
		}
		items[i] = quote(s)
	}
	return text(strings.Join(items, "; "))
}

// quote puts quotation marks around a text, and doubles those in it.
func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

var number = regexp.MustCompile(`^[-+]?[0-9]+(\.[0-9]+)?$`)

// Harmless keeps spreadsheets from taking text for a formula when they read CSV: what could begin one gets an apostrophe in front, which they take as a mark of text. A plain
// number stays a number. Text that begins with apostrophes before such a thing gets one more, so that who takes one off has the text back.
func Harmless(s string) string {
	bare := strings.TrimLeft(s, "'")
	if bare == "" || !strings.ContainsRune("=+-@\t\r", rune(bare[0])) || number.MatchString(bare) {
		return s
	}
	return "'" + s
}
