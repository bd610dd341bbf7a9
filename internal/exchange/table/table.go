// Package table reads files of rows and columns, CSV in its many dialects and XLSX workbooks, row by row in bounded memory.
//
// It knows cells and no more: what a column means is for those who ask.
package table

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/allmep/tandem/internal/fault"
)

// Limits. What goes beyond is refused.
const (
	maxColumns  = 1000
	maxRecord   = 1 << 20   // bytes of one row, or of one text in a workbook
	maxWorkbook = 32 << 20  // bytes of a workbook as it comes
	maxParts    = 10_000    // of a workbook, and sheets in it
	maxShared   = 64 << 20  // bytes of the texts that a workbook's cells share, with 40 for each
	maxUnpacked = 256 << 20 // bytes of a workbook's parts
	maxPeeked   = 16 << 20  // bytes of the rows that are looked at beforehand
)

// Cell is one cell. Text is trimmed. Number tells that it is a number to the file and not only to the eye: a decimal with a point, or a day as a workbook counts days.
// From is the row that it was filled down from, in which the cell that was merged with it begins; 0 for a cell of its own.
type Cell struct {
	Text   string
	Number bool
	From   int
}

// Row is one row with its place in the file, from 1. Its cells are good until the next is read; Clone keeps them.
type Row struct {
	Line  int
	Cells []Cell
}

// Clone returns the row with cells of its own.
func (r Row) Clone() Row { return Row{Line: r.Line, Cells: slices.Clone(r.Cells)} }

// At returns a cell; there is none beyond the end of the row.
func (r Row) At(column int) Cell {
	if column < 0 || column >= len(r.Cells) {
		return Cell{}
	}
	return r.Cells[column]
}

// Empty tells whether nothing stands in the row.
func (r Row) Empty() bool {
	for _, c := range r.Cells {
		if c.Text != "" {
			return false
		}
	}
	return true
}

// Table is a sheet that is being read.
type Table struct {
	Sheet    string   // of a workbook
	Workbook bool     // whether it is one
	Date1904 bool     // the workbook counts days from 1904 instead of 1900
	Others   []string // the workbook's further sheets, which are not read
	read     func() (Row, error)
	foreign  bool // a cell was not UTF-8, which was said
	notes    []string
	peeked   []Row
}

// Read returns the next row, and io.EOF after the last. Errors: Invalid, with the line, where the file cannot be read on; that of what is read from.
func (t *Table) Read() (Row, error) {
	if len(t.peeked) == 0 {
		return t.read()
	}
	row := t.peeked[0]
	t.peeked = t.peeked[1:]
	return row, nil
}

// Peek returns the first n rows that are not empty, or as many as there are, or as memory has room for; Read returns them again, without the empty ones. Errors as of Read.
func (t *Table) Peek(n int) ([]Row, error) {
	for held := 0; len(t.peeked) < n && held < maxPeeked; {
		row, err := t.read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		for _, c := range row.Cells {
			held += len(c.Text) + 32
		}
		if !row.Empty() {
			t.peeked = append(t.peeked, row.Clone())
		}
	}
	return t.peeked[:min(n, len(t.peeked))], nil
}

// Notes returns what is worth saying of the file as a whole and was not returned before.
func (t *Table) Notes() []string {
	notes := t.notes
	t.notes = nil
	return notes
}

// Open opens a file: a workbook, whose sheet is named or else the first that has rows, or text with separated cells.
func Open(r io.Reader, sheet string) (*Table, error) {
	in := bufio.NewReaderSize(r, sampleSize)
	head, err := in.Peek(sampleSize)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return openWorkbook(in, sheet)
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0")):
		return nil, fault.New(fault.Invalid, "the file is a workbook of the old kind (.xls), or is locked with a password; save it as .xlsx or as CSV")
	case len(bytes.TrimSpace(head)) == 0:
		return nil, fault.New(fault.Invalid, "the file is empty; accepted are a head and rows")
	}
	return openText(in, head)
}

// clean takes off the spaces around a text, those that do not break too, and what cannot be seen.
func clean(s string) string {
	if s == "" || isPlain(s[0]) && isPlain(s[len(s)-1]) { // most
		return s
	}
	return strings.Trim(s, " \t\r\n\u00A0\u200B\u200E\u200F\u202F\uFEFF")
}

// isPlain tells of a byte that it is a character, and neither a space nor part of another character.
func isPlain(b byte) bool { return b > ' ' && b < utf8.RuneSelf }

// Letter returns the letter of a column as spreadsheets have it, from 0: A, B … Z, AA.
func Letter(column int) string {
	s := ""
	for n := column + 1; n > 0; n = (n - 1) / 26 {
		s = string(rune('A'+(n-1)%26)) + s
	}
	return s
}
