// Package refused writes what an import refused as CSV, for people to mend: of a table the rows themselves, of other files what is wrong, and where.
//
// It does not know why a grant is refused; the import has said so.
package refused

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/formats"
	"github.com/allmep/tandem/internal/exchange/freeform"
	"github.com/allmep/tandem/internal/exchange/table"
	"github.com/allmep/tandem/internal/exchange/workbook"
	"github.com/allmep/tandem/internal/exchange/written"
)

// File is how a file was read.
type File struct {
	Format  exchange.Format // "" if it was told from the content
	Sheet   string          // as the import was asked for it
	Columns []Column        // of a table with heads of its own
}

// Column is a column of such a table.
type Column struct {
	Head  string
	Field freeform.Field
}

// Grant is a grant that was refused, in the words of the import's answer.
type Grant struct {
	Place   string // where it begins: field.csv:3
	Key     string
	Title   string
	Reasons []Reason
}

// Reason is one of the problems for which it was.
type Reason struct{ Place, Field, Text string }

func (r Reason) String() string {
	if r.Field == "" {
		return r.Text
	}
	return r.Field + ": " + r.Text
}

// ours are the heads of the columns that are put behind those of a table. A table that ends with them was written here; it gets them anew.
var ours = []string{"row", "reason"}

// Write writes the refused grants of a file, which it reads once more. Of a table these are its heads and the refused rows, each with its number and the reasons; the cells are
// those of the file, but days of a workbook are written as days, and an amount that was one cell for several rows stands in the first. Of other files there is a line for each
// reason. No cell can be taken for a formula. Errors: that this is not the file, for it has no such rows; those of what is read from and written to.
func Write(w io.Writer, in io.Reader, f File, grants []Grant) error {
	t, err := formats.Rows(in, f.Format, f.Sheet)
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if t == nil {
		err = writeReasons(out, grants)
	} else {
		err = writeRows(out, t, f.Columns, grants)
	}
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

func writeReasons(out *csv.Writer, grants []Grant) error {
	if err := out.Write([]string{"place", "identifier", "title", "field", "reason"}); err != nil {
		return err
	}
	for _, g := range grants {
		for _, r := range g.Reasons {
			if err := write(out, []string{r.Place, g.Key, g.Title, r.Field, r.Text}); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeRows(out *csv.Writer, t *table.Table, columns []Column, grants []Grant) error {
	reasons := map[int][]string{} // by row
	for _, g := range grants {
		for _, r := range g.Reasons {
			reasons[rowOf(g.Place)] = append(reasons[rowOf(g.Place)], r.String())
		}
	}
	head, err := headOf(t, columns)
	if err != nil {
		return err
	}
	rows, err := find(t, reasons)
	if err != nil {
		return err
	}
	width := len(head.Cells)
	for _, row := range rows {
		width = max(width, len(row.Cells)) // a cell beyond the heads may be why it is refused
	}
	if n := width - len(ours); n >= 0 && head.At(n).Text == ours[0] && head.At(n+1).Text == ours[1] {
		width = n
	}
	line := make([]string, width, width+len(ours))
	for i := range line {
		line[i] = head.At(i).Text
	}
	if err := write(out, append(line, ours...)); err != nil {
		return err
	}
	for _, row := range rows {
		for i := range line {
			line[i] = cell(t, row, i, head.At(i).Text, columns)
		}
		if err := write(out, append(line, strconv.Itoa(row.Line), strings.Join(reasons[row.Line], "; "))); err != nil {
			return err
		}
	}
	return nil
}

// headOf reads up to the heads: the row that the import took for them or, in a format that has heads of its own, the first.
func headOf(t *table.Table, columns []Column) (table.Row, error) {
	for {
		row, err := t.Read()
		if err == io.EOF {
			return row, errors.New("the file does not have the heads of what was refused")
		}
		if err != nil {
			return row, err
		}
		same := func(c table.Cell, of Column) bool { return c.Text == of.Head }
		if columns == nil && !row.Empty() || columns != nil && slices.EqualFunc(row.Cells, columns, same) {
			return row.Clone(), nil
		}
	}
}

// find reads on to the end, and returns the rows that are wanted.
func find(t *table.Table, wanted map[int][]string) ([]table.Row, error) {
	var rows []table.Row
	for len(rows) < len(wanted) {
		row, err := t.Read()
		if err == io.EOF {
			return nil, errors.New("the file does not have the rows that were refused")
		}
		if err != nil {
			return nil, err
		}
		if wanted[row.Line] != nil {
			rows = append(rows, row.Clone())
		}
	}
	return rows, nil
}

// cell is what stands in a row as CSV has it: what a workbook holds as a number is a day where the column has days, and an amount counts once.
func cell(t *table.Table, row table.Row, i int, head string, columns []Column) string {
	c := row.At(i)
	field, days := freeform.Unused, columns == nil && strings.Contains(strings.ToLower(head), "date")
	if i < len(columns) {
		field = columns[i].Field
	}
	switch field {
	case freeform.Start, freeform.End, freeform.AwardDate:
		days = true
	case freeform.Amount, freeform.AmountMin, freeform.AmountMax:
		if c.From != 0 && c.From != row.Line {
			return ""
		}
	}
	if days && c.Number {
		if d, err := written.Serial(c.Text, t.Date1904); err == nil {
			return d.String()
		}
	}
	return c.Text
}

func write(out *csv.Writer, cells []string) error {
	safe := make([]string, len(cells))
	for i, c := range cells {
		safe[i] = workbook.Harmless(c)
	}
	if err := out.Write(safe); err != nil {
		return fmt.Errorf("a row cannot be written: %w", err)
	}
	return nil
}

// rowOf is the number at the end of a place.
func rowOf(place string) int {
	n, err := strconv.Atoi(place[strings.LastIndexAny(place, ": ")+1:])
	if err != nil {
		return 0 // no row has it
	}
	return n
}
