package workbook_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/allmep/tandem/internal/exchange/exchangetest"
	"github.com/allmep/tandem/internal/exchange/workbook"
)

func TestTablesAsCSV(t *testing.T) {
	for _, table := range workbook.Tables {
		var out bytes.Buffer
		if err := workbook.WriteCSV(&out, table, exchangetest.Sample()); err != nil {
			t.Fatal(err)
		}
		exchangetest.Golden(t, table.Name+".csv", out.Bytes())
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		keys := map[string]bool{}
		for _, row := range rows[1:] {
			key := ""
			for i, c := range table.Columns {
				for _, k := range table.Key {
					if c.Name == k {
						key += row[i] + "\x00"
					}
				}
				if c.Type == workbook.Text && row[i] != "" && strings.ContainsRune("=+-@", rune(row[i][0])) {
					t.Errorf("%s.%s: %q may be taken for a formula", table.Name, c.Name, row[i])
				}
			}
			if keys[key] {
				t.Errorf("%s: two rows have the key %q", table.Name, key)
			}
			keys[key] = true
		}
	}
}

func written(t *testing.T) *excelize.File {
	t.Helper()
	var out bytes.Buffer
	if err := workbook.WriteXLSX(&out, exchangetest.Sample()); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = book.Close() })
	return book
}

// cellOf is the coordinates of a row of a sheet in the column with a head.
func cellOf(t *testing.T, book *excelize.File, of, head string, row int) string {
	t.Helper()
	rows, err := book.GetRows(of)
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range rows[0] {
		if h == head {
			at, err := excelize.CoordinatesToCellName(i+1, row)
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
	}
	t.Fatalf("%s has no column %s", of, head)
	return ""
}

func TestWorkbook(t *testing.T) {
	book := written(t)
	if got, want := len(book.GetSheetList()), len(workbook.Tables); got != want {
		t.Errorf("%d sheets, want %d", got, want)
	}
	for _, of := range book.GetSheetList() {
		if p, err := book.GetPanes(of); err != nil || !p.Freeze || p.YSplit != 1 {
			t.Errorf("the heads of %s are not frozen: %+v, %v", of, p, err)
		}
	}
	for _, c := range []struct {
		sheet, head string
		row         int
		raw, shown  string
		kind        excelize.CellType
	}{
		{"transactions", "amount", 2, "3300000", "3,300,000.00 USD", excelize.CellTypeNumber},
		{"transactions", "amount", 3, "-16867.5", "-16,867.50 USD", excelize.CellTypeNumber},
		{"transactions", "amount", 8, "123456789", "123,456,789 JPY", excelize.CellTypeNumber},
		{"transactions", "high", 9, "500000.001", "500,000.001 KWD", excelize.CellTypeNumber},
		{"transactions", "amount", 4, "", "", excelize.CellTypeUnset}, // unknown is not 0
		{"transactions", "date", 2, "44648", "2022-03-28", excelize.CellTypeNumber},
		{"transactions", "date", 5, "2013-07", "2013-07", excelize.CellTypeInlineString},
		{"grants", "title", 3, `=HYPERLINK("http://evil.example","click")`, `=HYPERLINK("http://evil.example","click")`, excelize.CellTypeInlineString},
		{"grants", "programme_name", 2, "MEPPA", "MEPPA", excelize.CellTypeInlineString},
		{"grant_themes", "percent", 2, "60", "60%", excelize.CellTypeNumber},
		{"organisations", "name", 5, "+Trust & Sons", "+Trust & Sons", excelize.CellTypeInlineString},
	} {
		at := cellOf(t, book, c.sheet, c.head, c.row)
		name := fmt.Sprintf("%s!%s (%s)", c.sheet, at, c.head)
		if raw, err := book.GetCellValue(c.sheet, at, excelize.Options{RawCellValue: true}); err != nil || raw != c.raw {
			t.Errorf("%s holds %q, want %q (%v)", name, raw, c.raw, err)
		}
		if shown, err := book.GetCellValue(c.sheet, at); err != nil || shown != c.shown {
			t.Errorf("%s shows %q, want %q (%v)", name, shown, c.shown, err)
		}
		if kind, err := book.GetCellType(c.sheet, at); err != nil || kind != c.kind && !(kind == excelize.CellTypeUnset && c.kind == excelize.CellTypeNumber) {
			t.Errorf("%s is of the type %v, want %v (%v)", name, kind, c.kind, err)
		}
		if formula, err := book.GetCellFormula(c.sheet, at); err != nil || formula != "" {
			t.Errorf("%s is the formula %q (%v)", name, formula, err)
		}
	}
}
