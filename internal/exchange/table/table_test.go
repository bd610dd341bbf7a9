package table_test

import (
	"archive/zip"
	"bytes"
	stdcmp "cmp"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/allmep/tandem/internal/exchange/table"
	"github.com/allmep/tandem/internal/fault"
)

// all reads a table as "line:cell|cell"; a number has a # before it, a cell that was filled down its row.
func all(t *testing.T, r io.Reader, sheet string) ([]string, *table.Table, error) {
	t.Helper()
	in, err := table.Open(r, sheet)
	if err != nil {
		return nil, nil, err
	}
	var out []string
	for {
		row, err := in.Read()
		if err == io.EOF {
			return out, in, nil
		}
		if err != nil {
			return out, in, err
		}
		var cells []string
		for _, c := range row.Cells {
			s := c.Text
			if c.Number {
				s = "#" + s
			}
			if c.From > 0 {
				s = fmt.Sprintf("%s^%d", s, c.From)
			}
			cells = append(cells, s)
		}
		out = append(out, fmt.Sprintf("%d:%s", row.Line, strings.Join(cells, "|")))
	}
}

func wide(s string, order binary.ByteOrder, mark bool) string {
	var b bytes.Buffer
	if mark {
		s = "\uFEFF" + s
	}
	for _, u := range utf16.Encode([]rune(s)) {
		_ = binary.Write(&b, order, u)
	}
	return b.String()
}

// CSV in the ways in which it comes.
func TestText(t *testing.T) {
	want := []string{"1:Donor|Amount", "2:Zürich, Stadt|5"}
	for name, text := range map[string]string{
		"commas":              "Donor,Amount\n\"Zürich, Stadt\",5\n",
		"semicolons":          "Donor;Amount\r\nZürich, Stadt;5\r\n",
		"tabs":                "Donor\tAmount\nZürich, Stadt\t5",
		"bars":                "Donor|Amount\nZürich, Stadt|5",
		"a mark of UTF-8":     "\uFEFFDonor;Amount\n Zürich, Stadt ;5\u00A0\n",
		"UTF-16, marked":      wide("Donor;Amount\nZürich, Stadt;5\n", binary.LittleEndian, true),
		"UTF-16, big, marked": wide("Donor;Amount\nZürich, Stadt;5\n", binary.BigEndian, true),
		"UTF-16, unmarked":    wide("Donor;Amount\nZürich, Stadt;5\n", binary.LittleEndian, false),
		"Windows-1252":        "Donor;Amount\nZ\xFCrich, Stadt;5\n",
	} {
		got, in, err := all(t, strings.NewReader(text), "")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
			continue
		}
		if notes := in.Notes(); (len(notes) > 0) != (name == "Windows-1252") {
			t.Errorf("%s: found the notes %q", name, notes)
		}
	}
	in, err := table.Open(strings.NewReader("Donor\nZ\xFCrich\nGen\xE8ve\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	said := 0
	for err == nil {
		_, err = in.Read()
		said += len(in.Notes())
	}
	if said != 1 {
		t.Errorf("what is not UTF-8 was said %d times", said)
	}
	got, _, err := all(t, strings.NewReader("sep=;\nDonor;Amount\nA;5\n"), "")
	if diff := cmp.Diff([]string{"2:Donor|Amount", "3:A|5"}, got); err != nil || diff != "" {
		t.Errorf("Excel's hint: %v (-want +got):\n%s", err, diff)
	}
}

// book makes a workbook of parts.
func book(parts map[string]string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	base := map[string]string{
		"xl/workbook.xml": `<workbook xmlns:r="r"><workbookPr date1904="1"/><sheets><sheet name="Notes" sheetId="1" r:id="a"/><sheet name="Grants" sheetId="2" r:id="b"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="a" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="b" Type="x/worksheet" Target="/xl/worksheets/sheet2.xml"/>
			<Relationship Id="c" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
		"xl/sharedStrings.xml":     `<sst><si><t>Donor</t></si><si><r><t>Rich </t></r><r><t>text</t></r><rPh><t>aside</t></rPh></si></sst>`,
		"xl/worksheets/sheet1.xml": `<worksheet><sheetData/></worksheet>`,
	}
	for name, text := range parts {
		base[name] = text
	}
	for name, text := range base {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

const sheet2 = `<x:worksheet xmlns:x="y"><x:sheetData>
	<x:row r="2"><x:c r="A2" t="s"><x:v>0</x:v></x:c><x:c r="C2" t="inlineStr"><x:is><x:t>Amount</x:t></x:is></x:c></x:row>
	<x:row r="3"><x:c r="A3" t="s"><x:v>1</x:v></x:c><x:c r="B3" t="b"><x:v>1</x:v></x:c><x:c r="C3"><x:v>1349862.4999999998</x:v></x:c></x:row>
	<x:row><x:c r="C4"><x:f>A1</x:f><x:v>1.5E+6</x:v></x:c></x:row>
	<x:row r="6"><x:c r="A6" t="e"><x:v>#REF!</x:v></x:c></x:row>
	</x:sheetData><x:mergeCells><x:mergeCell ref="A3:B4"/></x:mergeCells></x:worksheet>`

// A workbook: the first sheet with rows, texts shared and not, numbers without the noise of binary fractions, merged cells filled down.
func TestWorkbook(t *testing.T) {
	file := book(map[string]string{"xl/worksheets/sheet2.xml": sheet2})
	want := []string{"2:Donor||Amount", "3:Rich text|TRUE|#1349862.5", "4:Rich text^3||#1500000", "6:#REF!"}
	got, in, err := all(t, bytes.NewReader(file), "")
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatalf("%v (-want +got):\n%s", err, diff)
	}
	if in.Sheet != "Grants" || !in.Date1904 || !in.Workbook || !cmp.Equal(in.Others, []string{"Notes"}) {
		t.Errorf("found %+v", in)
	}
	if _, _, err := all(t, bytes.NewReader(file), "Budget"); err == nil || err.Error() != `the workbook has no sheet "Budget"; it has Notes, Grants` {
		t.Errorf("found %v", err)
	}
}

type endless struct{ of string }

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.of[i%len(e.of)]
	}
	return len(p), nil
}

// bomb returns a file of a megabyte that unpacks to so many bytes.
func bomb(size int) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("xl/workbook.xml")
	for block := make([]byte, 1<<20); err == nil && size > 0; size -= len(block) {
		_, err = w.Write(block)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}

// What would fill the memory is refused before it does.
func TestRefused(t *testing.T) {
	packed := func(part, begin, fill string, n int) io.Reader {
		return bytes.NewReader(book(map[string]string{"xl/worksheets/sheet2.xml": sheet2, part: begin + strings.Repeat(fill, n)}))
	}
	for name, r := range map[string]io.Reader{
		"a line without end":        endless{"x"},
		"a quote without end":       io.MultiReader(strings.NewReader("a,b\n\""), endless{"x\n"}),
		"columns without end":       io.MultiReader(strings.NewReader("a,b\n"), endless{","}),
		"too many columns":          strings.NewReader(strings.Repeat("x,", 1001)),
		"nothing":                   strings.NewReader(" \n"),
		"an old workbook":           strings.NewReader("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"),
		"a damaged workbook":        strings.NewReader("PK\x03\x04nonsense"),
		"neither text nor workbook": strings.NewReader("GIF89a,\x00,b\nc,d,e\n"),
		"a bomb":                    bytes.NewReader(bomb(1 << 30)),
		"deep elements":             packed("xl/worksheets/sheet2.xml", "<worksheet>", "<a>", 1<<20),
		"a long text":               packed("xl/worksheets/sheet2.xml", "<worksheet><row><c><v>", "x", 4<<20),
		"a long text in pieces":     packed("xl/worksheets/sheet2.xml", "<worksheet><row><c><v>", "xxxxxxxx<!-- -->", 1<<20),
		"a long name":               packed("xl/sharedStrings.xml", "<", "x", 4<<20),
		"entities":                  packed("xl/worksheets/sheet2.xml", `<!DOCTYPE a [<!ENTITY b "c">]><worksheet><row><c t="str"><v>&b;`, "", 1),
		"many texts":                packed("xl/sharedStrings.xml", "<sst>", "<si/>", 5<<20),
		"many sheets":               packed("xl/workbook.xml", "<workbook>", "<sheet/>", 20_000),
		"a cut sheet":               packed("xl/worksheets/sheet2.xml", "<worksheet><row><c><v>1</v></c>", "", 1),
		"a text that is not":        packed("xl/worksheets/sheet2.xml", `<worksheet><row><c t="s"><v>7</v></c></row>`, "", 1),
		"a column far to the right": packed("xl/worksheets/sheet2.xml", `<worksheet><row><c r="XFD1"><v>7</v></c></row>`, "", 1),
		"too many merged cells":     packed("xl/worksheets/sheet2.xml", `<worksheet>`, `<mergeCell ref="A1:A2"/>`, 100_001),
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		_, _, err := all(t, r, "")
		runtime.ReadMemStats(&after)
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: found %v", name, err)
		}
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 100<<20 {
			t.Errorf("%s took %d MB", name, grown>>20)
		}
	}
}

// The trust's workbook has a head and 783 rows.
func TestRealWorkbook(t *testing.T) {
	file, err := os.Open(filepath.Join(stdcmp.Or(os.Getenv("TANDEM_REALDATA"), "../../../../shared/realdata"), "360giving/a001p00000zgyHZAAY.xlsx"))
	if err != nil {
		t.Skip("no real data:", err)
	}
	defer file.Close()
	if rows, _, err := all(t, file, ""); err != nil || len(rows) != 784 {
		t.Errorf("found %d rows, %v", len(rows), err)
	}
}

// Whatever the file, reading it ends without harm.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("Donor;Amount\nZ\xFCrich;5\n"))
	f.Add([]byte(wide("Donor;Amount\nA;5\n", binary.LittleEndian, true)))
	f.Add(book(map[string]string{"xl/worksheets/sheet2.xml": sheet2}))
	f.Fuzz(func(t *testing.T, file []byte) { read(file) })
}

// Whatever the sheet of a workbook, reading it ends without harm: the archive's checksums would hide it from the other target.
func FuzzSheet(f *testing.F) {
	f.Add(sheet2, `<sst><si><t>Donor</t></si></sst>`)
	f.Fuzz(func(t *testing.T, sheet, shared string) {
		read(book(map[string]string{"xl/worksheets/sheet2.xml": sheet, "xl/sharedStrings.xml": shared}))
	})
}

func read(file []byte) {
	in, err := table.Open(bytes.NewReader(file), "")
	for n := 0; err == nil; n++ {
		_, err = in.Read()
	}
}
