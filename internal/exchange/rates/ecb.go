package rates

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"github.com/allmep/tandem/internal/exchange/written"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// readECB reads a head of codes and a line for each day. The bank ends each line with a comma, writes N/A for no rate, and begins with the newest day. Its file of a single day
// has blanks after the commas and writes 13 April 2026.
func readECB(text []byte) (File, error) {
	in := csv.NewReader(bytes.NewReader(text))
	in.FieldsPerRecord = -1
	in.ReuseRecord = true
	var bad faults
	head, err := in.Read()
	if err != nil {
		return File{}, lineError(err)
	}
	codes := make([]money.Currency, len(head))
	named := map[money.Currency]bool{fx.Euro: true}
	for i, cell := range head[1:] {
		code := money.Currency(strings.TrimSpace(cell))
		if code == "" {
			continue // after the last comma
		}
		if _, err := money.ParseCurrency(string(code)); err != nil {
			bad.add(1, cell, "%v", err)
		} else if named[code] {
			bad.add(1, cell, "is the euro, or stands there twice; accepted is each other currency once")
		}
		codes[i+1], named[code] = code, true
	}
	f := File{Source: ECB}
	seen := map[period.Day]int{}
	for !bad.tooMany() {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return File{}, lineError(err)
		}
		line, _ := in.FieldPos(0)
		day, err := dayOf(strings.TrimSpace(row[0]))
		if err != nil {
			bad.add(line, "Date", "%v", err)
			continue
		}
		if first, twice := seen[day]; twice {
			bad.add(line, "Date", "found %s, which line %d has too; accepted is each day once", day, first)
			continue
		}
		seen[day] = line
		f.Rates = appendDay(f.Rates, &bad, line, day, codes, row)
	}
	return f, bad.Err()
}

// appendDay appends the rates of a line.
func appendDay(rates []Rate, bad *faults, line int, day period.Day, codes []money.Currency, row []string) []Rate {
	for i, cell := range row[1:] {
		cell = strings.TrimSpace(cell)
		switch {
		case cell == "" || cell == "N/A":
			continue
		case i+1 >= len(codes) || codes[i+1] == "":
			bad.add(line, "without a head", "found %q; accepted is nothing where line 1 names no currency", cell)
			continue
		}
		q, err := fx.ParseQuote(cell)
		if err != nil {
			bad.add(line, string(codes[i+1]), "%v, or N/A", err)
			continue
		}
		q.Currency = codes[i+1]
		rates = append(rates, Rate{Day: day, Quote: q})
	}
	return rates
}

func dayOf(s string) (period.Day, error) {
	d, err := written.Date(s, written.Asked) // 2026-04-13, or 13 April 2026
	if err != nil || d.Precision != period.ToDay {
		return 0, fault.New(fault.Invalid, "found %q; accepted is a day such as 2026-04-13", s)
	}
	return d.First, nil
}

// lineError says where a file is no table.
func lineError(err error) error {
	var at *csv.ParseError
	if !errors.As(err, &at) {
		return err
	}
	var bad faults
	bad.add(at.Line, "", "%v; accepted are cells between commas", at.Err)
	return bad.Err()
}
