package workbook

import (
	"encoding/csv"
	"io"

	"github.com/allmep/tandem/internal/exchange"
)

// WriteCSV writes one table: a line with the names of its columns, then the rows. No cell can be taken for a formula.
func WriteCSV(w io.Writer, t *Table, x exchange.Extract) error {
	out := csv.NewWriter(w)
	line := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		line[i] = c.Name
	}
	if err := out.Write(line); err != nil {
		return err
	}
	err := t.Rows(x, func(row []Cell) error {
		for i, c := range row {
			line[i] = c.Text
			if c.Type == Text {
				line[i] = Harmless(c.Text)
			}
		}
		return out.Write(line)
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}
