package table

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/allmep/tandem/internal/exchange/limit"
	"github.com/allmep/tandem/internal/fault"
)

// sampleSize is how much of a file is looked at to find out how it is written.
const sampleSize = 64 << 10

// openText opens text with separated cells. UTF-16 is known by its mark or by the zeros of its Latin letters. What is not UTF-8 is read as Windows-1252, cell by cell, and said.
func openText(in *bufio.Reader, head []byte) (*Table, error) {
	source := limit.New(in, maxRecord, errLong)
	var text io.Reader = source
	if e, is := wide(head); is {
		d := unicode.UTF16(e, unicode.UseBOM).NewDecoder()
		text = d.Reader(source)
		head, _ = unicode.UTF16(e, unicode.UseBOM).NewDecoder().Bytes(head[:len(head)&^1]) // what it cannot read it replaces
	}
	lines := bufio.NewReaderSize(text, 4096)
	if mark, _ := lines.Peek(3); bytes.Equal(mark, []byte("\uFEFF")) {
		_, _ = lines.Discard(3) // they were there
	}
	head = bytes.TrimPrefix(head, []byte("\uFEFF"))
	if bytes.IndexByte(head, 0) >= 0 {
		return nil, fault.New(fault.Invalid, "the file is neither text nor a workbook; accepted are CSV and XLSX")
	}
	c := csv.NewReader(lines)
	c.FieldsPerRecord = -1
	c.LazyQuotes = true
	c.ReuseRecord = true
	skipped := 0
	if s, is := strings.CutPrefix(string(head[:min(len(head), 6)]), "sep="); is && s != "" { // Excel's own hint
		c.Comma = rune(s[0])
		_, _ = lines.ReadString('\n') // if there is more, Read will tell
		skipped = 1
	} else {
		c.Comma = separator(head)
	}
	if c.Comma == '"' || c.Comma == '\r' || c.Comma == '\n' || c.Comma == utf8.RuneError || c.Comma == 0 {
		return nil, fault.New(fault.Invalid, "line 1: found sep=%c; accepted are the comma, the semicolon, the tab and the bar", c.Comma)
	}
	t := &Table{}
	var cells []Cell
	t.read = func() (Row, error) {
		source.Reset()
		record, err := c.Read()
		if err != nil {
			return Row{}, textError(err, c, skipped)
		}
		line, _ := c.FieldPos(0)
		if len(record) > maxColumns {
			return Row{}, fault.New(fault.Invalid, "line %d has %d columns; accepted are at most %d", line+skipped, len(record), maxColumns)
		}
		cells = cells[:0]
		for _, cell := range record {
			cells = append(cells, Cell{Text: clean(t.decode(cell, line+skipped))})
		}
		return Row{Line: line + skipped, Cells: cells}, nil
	}
	return t, nil
}

var errLong = errors.New("is longer than a megabyte; accepted are rows of at most that, and a quotation mark that is closed")

func textError(err error, c *csv.Reader, skipped int) error {
	var at *csv.ParseError
	switch {
	case errors.Is(err, errLong):
		line := 1 + skipped
		if c.InputOffset() > 0 {
			line, _ = c.FieldPos(0)
			line += skipped + 1
		}
		return fault.New(fault.Invalid, "line %d %v", line, errLong)
	case errors.As(err, &at):
		return fault.New(fault.Invalid, "line %d: %v", at.StartLine+skipped, at.Err)
	}
	return err
}

// decode returns a cell as UTF-8. The cells of a row are parts of one text, which stays in memory for as long as any of them.
func (t *Table) decode(cell string, line int) string {
	if utf8.ValidString(cell) {
		return cell
	}
	if !t.foreign {
		t.foreign = true
		t.notes = append(t.notes, "Not all of the file is UTF-8 text: what is not, first on line "+strconv.Itoa(line)+", was read as Windows-1252.")
	}
	s, _ := charmap.Windows1252.NewDecoder().String(cell) // every byte is a character in it
	return s
}

// wide tells whether a text is UTF-16, and with which byte first.
func wide(head []byte) (unicode.Endianness, bool) {
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return unicode.LittleEndian, true
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return unicode.BigEndian, true
	}
	zeros := [2]int{}
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	switch {
	case zeros[1] > len(head)/4 && zeros[0] < zeros[1]/8:
		return unicode.LittleEndian, true
	case zeros[0] > len(head)/4 && zeros[1] < zeros[0]/8:
		return unicode.BigEndian, true
	}
	return unicode.BigEndian, false
}

// separator returns what most likely separates the cells: what the first lines have alike, and most of. One that is only within quotation marks separates nothing.
func separator(head []byte) rune {
	lines := strings.SplitN(string(head), "\n", 22)
	if len(lines) > 1 {
		lines = lines[:len(lines)-1] // the last may be cut
	}
	best, most := ',', 0
	for _, r := range []rune{',', ';', '\t', '|'} {
		score, first := 0, -1
		for _, line := range lines {
			n := outside(line, r)
			if first < 0 && n > 0 {
				first = n
			}
			if n == first {
				score += n
			}
		}
		if score > most {
			best, most = r, score
		}
	}
	return best
}

// outside counts a separator outside quotation marks.
func outside(line string, separator rune) int {
	n, quoted := 0, false
	for _, r := range line {
		switch r {
		case '"':
			quoted = !quoted
		case separator:
			if !quoted {
				n++
			}
		}
	}
	return n
}
