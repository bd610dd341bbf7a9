package workbook

import (
	"archive/zip"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

// maxDigits is how many decimal digits a number of a spreadsheet keeps.
const maxDigits = 15

// Book is a workbook that is written row by row; the rows wait in temporary files, so that its memory does not grow with them.
type Book struct {
	file   *excelize.File
	sheets int
	styles map[string]int // by their number format
}

// NewBook makes a workbook. Close it.
func NewBook() *Book { return &Book{file: excelize.NewFile(), styles: map[string]int{}} }

// Close lets go of the temporary files.
func (b *Book) Close() error { return b.file.Close() }

// Sheet is a sheet of a workbook.
type Sheet struct {
	book   *Book
	name   string
	stream *excelize.StreamWriter
	row    int
	cells  []any
}

// Sheet adds a sheet whose first row, which stays in sight, has the names of columns.
func (b *Book) Sheet(name string, heads []string) (*Sheet, error) {
	const first = "Sheet1"
	var err error
	if b.sheets++; b.sheets == 1 {
		err = b.file.SetSheetName(first, name)
	} else {
		_, err = b.file.NewSheet(name)
	}
	if err != nil {
		return nil, err
	}
	s := &Sheet{book: b, name: name}
	if s.stream, err = b.file.NewStreamWriter(name); err != nil {
		return nil, err
	}
	if err := s.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	if err := s.stream.SetColWidth(1, len(heads), 18); err != nil {
		return nil, err
	}
	bold, err := b.style("@", true)
	if err != nil {
		return nil, err
	}
	for _, h := range heads {
		s.cells = append(s.cells, excelize.Cell{StyleID: bold, Value: h})
	}
	return s, s.flush()
}

// Add adds a row. Errors: Exhausted if the sheet has no room for it.
func (s *Sheet) Add(row []Cell) error {
	for _, c := range row {
		cell, err := s.book.cell(c)
		if err != nil {
			return err
		}
		s.cells = append(s.cells, cell)
	}
	return s.flush()
}

func (s *Sheet) flush() error {
	if s.row++; s.row > excelize.TotalRows {
		return fault.New(fault.Exhausted, "the sheet %q would have more than %d rows, which is what Excel takes; ask for fewer grants, or for CSV", s.name, excelize.TotalRows)
	}
	at, err := excelize.CoordinatesToCellName(1, s.row)
	if err != nil {
		return err
	}
	err = s.stream.SetRow(at, s.cells)
	s.cells = s.cells[:0]
	return err
}

// style returns the style of a number format.
func (b *Book) style(format string, bold bool) (int, error) {
	key := format + strconv.FormatBool(bold)
	if id, ok := b.styles[key]; ok {
		return id, nil
	}
	id, err := b.file.NewStyle(&excelize.Style{CustomNumFmt: &format, Font: &excelize.Font{Bold: bold}})
	b.styles[key] = id
	return id, err
}

// cell makes a number, a date or a truth value of what is one. Text is text whatever it begins with, so that it cannot be a formula.
func (b *Book) cell(c Cell) (any, error) {
	if c.Text == "" {
		return nil, nil
	}
	value, format := any(c.Text), ""
	switch c.Type {
	case Money:
		format = moneyFormat(c.Currency)
		value = numberOf(c.Text)
	case Percent:
		format = `0.######"%"`
		value = numberOf(c.Text)
	case Integer, Number:
		value = numberOf(c.Text)
	case Boolean:
		value = c.Text == "true"
	case Date:
		if day, err := time.Parse(time.DateOnly, c.Text); err == nil { // a year or a month is text
			value, format = day, "yyyy-mm-dd"
		}
	case Instant:
		at, err := time.Parse(time.RFC3339Nano, c.Text)
		if err != nil {
			return nil, err
		}
		value, format = at, "yyyy-mm-dd hh:mm:ss"
	}
	if format == "" {
		return value, nil
	}
	id, err := b.style(format, false)
	return excelize.Cell{StyleID: id, Value: value}, err
}

// moneyFormat shows an amount with the decimals and the code of its currency.
func moneyFormat(c money.Currency) string {
	format := "#,##0"
	if n := c.Exponent(); n > 0 {
		format += "." + strings.Repeat("0", n)
	}
	return format + " [$" + string(c) + "]"
}

// numberOf makes a spreadsheet's number, which has fifteen digits, of a decimal; one that has more stays text rather than lose any. The file has the decimal digits: what is a
// float here is written in its shortest form, which is the same number.
func numberOf(s string) any {
	if digits := len(strings.TrimLeft(s, "-0.")); digits > maxDigits {
		return s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	return f
}

// Write writes the workbook. Its sheets are complete.
func (b *Book) Write(w io.Writer, sheets ...*Sheet) error {
	for _, s := range sheets {
		if err := s.stream.Flush(); err != nil {
			return err
		}
	}
	// By itself it would make the whole file in memory first.
	b.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(w) })
	return b.file.Write(io.Discard)
}

// WriteXLSX writes a workbook with a sheet for each table. Errors: Exhausted if there are more rows than a sheet takes; nothing has been written then.
func WriteXLSX(w io.Writer, x exchange.Extract) (err error) {
	book := NewBook()
	defer func() {
		if e := book.Close(); err == nil {
			err = e
		}
	}()
	sheets := make([]*Sheet, len(Tables))
	for i, t := range Tables {
		heads := make([]string, len(t.Columns))
		for j, c := range t.Columns {
			heads[j] = c.Name
		}
		if sheets[i], err = book.Sheet(t.Name, heads); err != nil {
			return fmt.Errorf("the sheet %q: %w", t.Name, err)
		}
	}
	// The grants are gone through once for all of their tables.
	for g, err := range x.Grants {
		if err != nil {
			return err
		}
		for i, t := range Tables {
			if t.of == grant.Grants {
				r := &rows{names: x.Registry, put: sheets[i].Add}
				if t.rows(r, g); r.err != nil {
					return r.err
				}
			}
		}
	}
	for i, t := range Tables {
		if t.of != grant.Grants {
			if err := t.Rows(x, sheets[i].Add); err != nil {
				return err
			}
		}
	}
	return book.Write(w, sheets...)
}
