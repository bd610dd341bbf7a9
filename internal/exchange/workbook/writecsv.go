package workbook

import (
	"io"
	"unicode"
	"unicode/utf8"

	"github.com/allmep/tandem/internal/exchange"
)

// csvChunk is how many bytes are written at once, or a few more.
const csvChunk = 256 << 10

// WriteCSV writes one table: a line with the names of its columns, then the rows. No cell can be taken for a formula.
func WriteCSV(w io.Writer, t *Table, x exchange.Extract) error {
	var out []byte
	heads := make([]Cell, len(t.Columns))
	for i, c := range t.Columns {
		heads[i] = text(c.Name)
	}
	out = appendLine(out, heads)
	err := t.Rows(x, func(row []Cell) error {
		if out = appendLine(out, row); len(out) < csvChunk {
			return nil
		}
		_, err := w.Write(out)
		out = out[:0]
		return err
	})
	if err != nil {
		return err
	}
	_, err = w.Write(out)
	return err
}

// appendLine writes a row as encoding/csv does, which takes twice as long: what is no text has nothing in it that would have to be quoted.
func appendLine(out []byte, row []Cell) []byte {
	for i, c := range row {
		if i > 0 {
			out = append(out, ',')
		}
		if c.Type == Text {
			c.Text = Harmless(c.Text)
			if mustQuote(c.Text) {
				c.Text = quote(c.Text)
			}
		}
		out = append(out, c.Text...)
	}
	return append(out, '\n')
}

func mustQuote(s string) bool {
	for i := range len(s) {
		if c := s[i]; c == ',' || c == '"' || c == '\n' || c == '\r' {
			return true
		}
	}
	first, _ := utf8.DecodeRuneInString(s)
	return unicode.IsSpace(first) || s == `\.` // which ends a table in PostgreSQL
}
