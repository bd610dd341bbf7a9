// Package formats opens a file of grants with the reader of its format, which is said or told from the content.
//
// It knows the readers, and how the formats begin. What is in them is for the readers.
package formats

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/crs"
	"github.com/allmep/tandem/internal/exchange/freeform"
	"github.com/allmep/tandem/internal/exchange/iati"
	"github.com/allmep/tandem/internal/exchange/table"
	"github.com/allmep/tandem/internal/exchange/threesixty"
	"github.com/allmep/tandem/internal/fault"
)

// Open returns the reader of a file. format is "" if it is to be told from the content; the options are for sheets with heads of their own, but for the currency, which is
// for IATI, too, and a mapping is refused elsewhere. Errors: Invalid, if the file is not of the format, or is of none; that of what is read from.
func Open(r io.Reader, file string, format exchange.Format, o freeform.Options) (exchange.Reader, error) {
	reader, err := open(r, file, format, o)
	if _, sheet := reader.(*freeform.Reader); err == nil && o.Mapping != nil && !sheet {
		return nil, fault.Field("mapping", "is for CSV and XLSX with heads of their own, and the file is of a format that says what its columns mean; leave it out")
	}
	return reader, err
}

func open(r io.Reader, file string, format exchange.Format, o freeform.Options) (exchange.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	form, err := formOf(in, format)
	switch {
	case err != nil:
		return nil, err
	case form == exchange.IATI:
		return iati.NewReader(in, file, o.Currency), nil
	case form == exchange.ThreeSixty:
		return threesixty.NewJSON(in, file), nil
	}
	t, err := table.Open(in, o.Sheet)
	if err != nil {
		return nil, err
	}
	told := format == ""
	if told {
		if format, err = formatOf(t); err != nil {
			return nil, err
		}
	}
	switch {
	case format == exchange.ThreeSixty:
		return threesixty.NewTable(t, file)
	case format == exchange.CRS:
		return crs.New(t, file)
	case format == exchange.XLSX && !t.Workbook:
		return nil, fault.Field("format", "is XLSX, and the file is none; leave the format out to have it told from the content")
	case format == exchange.CSV && t.Workbook:
		return nil, fault.Field("format", "is CSV, and the file is a workbook; leave the format out to have it told from the content")
	}
	sheet, err := freeform.New(t, file, o)
	if told && errors.Is(err, freeform.ErrNoHeads) {
		return nil, fault.Field("format", "cannot be told from the content; accepted are IATI, 360Giving, CRS files, and CSV and XLSX with a row that names the columns")
	}
	if err != nil {
		return nil, err
	}
	return sheet, nil
}

// Rows returns the table in which Open finds the grants of a file; nil if it is none, IATI or JSON. Errors: as of Open.
func Rows(r io.Reader, format exchange.Format, sheet string) (*table.Table, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if form, err := formOf(in, format); err != nil || form != "" {
		return nil, err
	}
	return table.Open(in, sheet)
}

// formOf tells by how a file begins whether it is IATI or the JSON of 360Giving; "" is a table.
func formOf(in *bufio.Reader, format exchange.Format) (exchange.Format, error) {
	head, err := in.Peek(1024)
	if err != nil && err != io.EOF {
		return "", err
	}
	switch first := firstByte(head); {
	case format == exchange.IATI, format == "" && first == '<':
		return exchange.IATI, nil
	case (format == "" || format == exchange.ThreeSixty) && (first == '{' || first == '['):
		return exchange.ThreeSixty, nil
	}
	return "", nil
}

// formatOf tells the format of a table by its first row.
func formatOf(t *table.Table) (exchange.Format, error) {
	rows, err := t.Peek(1)
	if err != nil {
		return "", err
	}
	var heads []string
	for _, row := range rows {
		for _, c := range row.Cells {
			heads = append(heads, c.Text)
		}
	}
	switch {
	case threesixty.Recognises(heads):
		return exchange.ThreeSixty, nil
	case crs.Recognises(heads):
		return exchange.CRS, nil
	case t.Workbook:
		return exchange.XLSX, nil
	}
	return exchange.CSV, nil
}

// firstByte returns the first byte of a text in UTF-8 or UTF-16 that is not a space, 0 if there is none.
func firstByte(head []byte) byte {
	head = bytes.ReplaceAll(head, []byte{0}, nil)
	for _, mark := range []string{"\xEF\xBB\xBF", "\xFE\xFF", "\xFF\xFE"} {
		head = bytes.TrimPrefix(head, []byte(mark))
	}
	if head = bytes.TrimLeftFunc(head, unicode.IsSpace); len(head) == 0 {
		return 0
	}
	return head[0]
}
