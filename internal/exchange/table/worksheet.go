package table

import (
	"encoding/xml"
	"io"
	"math/big"
	"strconv"
	"strings"

	"github.com/allmep/tandem/internal/fault"
)

// maxMerged is how many merged blocks of cells a sheet may have.
const maxMerged = 100_000

// block is the cells of one column, up to the row last, that are merged into one.
type block struct {
	column, last int
	top          Cell
}

// open opens a sheet. Merged cells are filled down, within their first column.
func (w *workbook) open(s sheetRef) (*Table, error) {
	blocks, err := w.merged(s.part)
	if err != nil {
		return nil, err
	}
	p, closer, err := w.part(s.part)
	if err != nil {
		return nil, err
	}
	t := &Table{Sheet: s.name}
	line := 0
	open := map[int]block{} // by column
	t.read = func() (Row, error) {
		for {
			tok, err := p.next()
			if err == io.EOF {
				_ = closer.Close() // all was read
			}
			if err != nil {
				return Row{}, err
			}
			e, is := tok.(xml.StartElement)
			if !is || e.Name.Local != "row" {
				continue
			}
			line++
			if n, err := strconv.Atoi(attr(e, "r")); err == nil && n >= line && n <= 1<<20 {
				line = n
			}
			row, err := w.row(p, line)
			if err == nil {
				fill(&row, blocks[line], open)
			}
			return row, err
		}
	}
	return t, nil
}

// merged finds the merged cells of a sheet that go over several rows, by their first row.
func (w *workbook) merged(name string) (map[int][]block, error) {
	blocks, n := map[int][]block{}, 0
	err := w.scan(name, func(p *part, e xml.StartElement) error {
		if e.Name.Local != "mergeCell" {
			return nil
		}
		from, to, _ := strings.Cut(attr(e, "ref"), ":")
		column, first := cellRef(from)
		_, last := cellRef(to)
		if column < 0 || column >= maxColumns || last <= first {
			return nil
		}
		if n++; n > maxMerged {
			return fault.New(fault.Invalid, "the sheet has more than %d merged cells; save it as CSV", maxMerged)
		}
		blocks[first] = append(blocks[first], block{column: column, last: last})
		return nil
	})
	return blocks, err
}

// fill gives the cells of a row what stands at the top of the blocks that they are merged into. Blocks begin in the row, or have been opened by an earlier one.
func fill(row *Row, begin []block, open map[int]block) {
	for column, b := range open {
		if row.Line > b.last {
			delete(open, column)
			continue
		}
		for len(row.Cells) <= column {
			row.Cells = append(row.Cells, Cell{})
		}
		row.Cells[column] = b.top
	}
	for _, b := range begin {
		b.top = row.At(b.column)
		b.top.From = row.Line
		open[b.column] = b
	}
}

// row reads the cells of a row up to its end.
func (w *workbook) row(p *part, line int) (Row, error) {
	row := Row{Line: line}
	column := -1
	for depth := p.depth; ; {
		t, err := p.next()
		if err != nil {
			return row, eof(err, p)
		}
		if e, is := t.(xml.EndElement); is && p.depth < depth && e.Name.Local == "row" {
			return row, nil
		}
		e, is := t.(xml.StartElement)
		if !is || e.Name.Local != "c" {
			continue
		}
		column++
		if c, _ := cellRef(attr(e, "r")); c >= 0 {
			column = c
		}
		cell, err := w.cell(p, attr(e, "t"))
		if err != nil {
			return row, err
		}
		if cell.Text == "" {
			continue
		}
		if column >= maxColumns {
			return row, fault.New(fault.Invalid, "row %d has a cell in column %d; accepted are at most %d columns", line, column+1, maxColumns)
		}
		for len(row.Cells) <= column {
			row.Cells = append(row.Cells, Cell{})
		}
		row.Cells[column] = cell
	}
}

// cell reads a cell: a shared text, a text of its own, a truth, an error, or a number.
func (w *workbook) cell(p *part, kind string) (Cell, error) {
	raw, err := p.text("c")
	if err != nil {
		return Cell{}, err
	}
	switch kind {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(raw))
		if err != nil || i < 0 || i >= len(w.shared) {
			return Cell{}, fault.New(fault.Invalid, "the workbook is damaged: %s refers to the shared text %q, which there is not", p.name, raw)
		}
		return Cell{Text: clean(w.shared[i])}, nil
	case "b":
		return Cell{Text: map[string]string{"0": "FALSE", "1": "TRUE"}[strings.TrimSpace(raw)]}, nil
	case "", "n":
		return number(clean(raw)), nil
	}
	return Cell{Text: clean(raw)}, nil
}

// significant is how many digits of a number a workbook shows and means: beyond stands the noise of binary fractions.
const significant = 15

// number writes a number as a plain decimal.
func number(raw string) Cell {
	if len(raw) > 40 {
		return Cell{Text: raw}
	}
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil || f > 1e18 || f < -1e18 || f != 0 && f < 1e-12 && f > -1e-12 {
		return Cell{Text: raw}
	}
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(f, 'e', significant-1, 64))
	if !ok {
		return Cell{Text: raw}
	}
	text := r.FloatString(30)
	return Cell{Text: strings.TrimSuffix(strings.TrimRight(text, "0"), "."), Number: true}
}

// cellRef reads a reference such as AB12: column 27, from 0, and row 12. The column is -1 where it is none.
func cellRef(s string) (column, row int) {
	i := 0
	for i < len(s) && s[i] >= 'A' && s[i] <= 'Z' && i < 4 {
		column = column*26 + int(s[i]-'A') + 1
		i++
	}
	row, err := strconv.Atoi(s[i:])
	if err != nil || row < 1 || i == 0 {
		return -1, 0
	}
	return column - 1, row
}
