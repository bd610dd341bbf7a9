package e2e

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// refusedSheet has 3 grants, of which 1 is refused.
const refusedSheet = "Donor;Donor state;Grantee;Project;Amount;Start\n" +
	"Sida;Sweden;EcoPeace;Water for all;SEK 1 234,50;2023-09-01\n" +
	"Sida;Sweden;=EcoPeace;Wells;SEK twenty;2024-06-03\n" +
	"Sida;Sweden;Taghyeer;Roots;SEK 20,00;2024\n"

// What an import refuses is written as a file of its own, to the letter; mended, it is imported, and then everything is there once.
func TestRefusedRows(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	dir := t.TempDir()
	sheet, mended := filepath.Join(dir, "field.csv"), filepath.Join(dir, "mended", "field.csv")
	if err := os.Mkdir(filepath.Dir(mended), 0o700); err != nil {
		t.Fatal(err)
	}
	put := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(sheet, refusedSheet)
	put(mended, "what was refused before")
	says := func(want string, args ...string) {
		t.Helper()
		if out, err := tandem(t, d, args...); err != nil || !strings.Contains(out, want) {
			t.Fatalf("tandem %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	const want = "Donor,Donor state,Grantee,Project,Amount,Start,row,reason\n" +
		`Sida,Sweden,'=EcoPeace,Wells,SEK twenty,2024-06-03,3,"column E ""Amount"": found ""SEK twenty""; accepted are amounts such as 3300000, $3.3 million, SEK 1 234,50, at least 2 million, or 250,000-500,000"` + "\n"
	for _, how := range []string{"--dry-run", "--partial"} {
		says("Wrote "+mended+": 1 refused grant, with the reasons.", "import", how, "--refused", mended, sheet)
		if got, err := os.ReadFile(mended); err != nil || string(got) != want {
			t.Fatalf("%s: found %v\n%s\nwant\n%s", how, err, got, want)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(want)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var plain strings.Builder
	w := csv.NewWriter(&plain)
	for _, row := range rows {
		_ = w.Write(row[:len(row)-2])
	}
	w.Flush()
	put(mended, strings.NewReplacer("SEK twenty", "SEK 20.00", "'=", "").Replace(plain.String()))
	says("1 grant created", "import", mended)
	put(sheet, strings.NewReplacer("SEK twenty", "SEK 20,00", ";=", ";").Replace(refusedSheet))
	none := filepath.Join(dir, "none.csv")
	says("0 grants to create, 0 to update, 3 unchanged, 0 refused", "import", "--partial", "--refused", none, sheet)
	says("Nothing is refused; "+none+" was not written.", "import", "--partial", "--refused", none, sheet)
	if _, err := os.Stat(none); err == nil {
		t.Error("a file was written of nothing")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("what was left: %v %v", left, err)
	}
}

// Over REST the file of what is refused is a part of the answer, when it is asked for; line by line it comes in whole lines, before the sums.
func TestRefusedFileOverREST(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	const path = "/v1/imports?file_name=field.csv&validate_only=true"
	sheet := refusedSheet + strings.Repeat("Sida;Sweden;EcoPeace;Roots;SEK 20,00;2024\nSida;Sweden;Grantée;Wells;SEK twenty;2024-06-03\n", 2000)
	const lines = 2002
	whole := d.must(t, "POST", path+"&refused_file=true", sheet)["refusedFile"].(string)
	rows, err := csv.NewReader(strings.NewReader(whole)).ReadAll()
	if err != nil || len(rows) != lines {
		t.Fatalf("%v; found %d rows, want %d", err, len(rows), lines)
	}
	same(t, "the last row", rows[lines-1][:7], "Sida", "Sweden", "Grantée", "Wells", "SEK twenty", "2024-06-03", "4004")
	_, text, _ := d.ask(t, adminToken, "POST", path+"&refused_file=true", sheet, "Accept", "application/x-ndjson")
	var told strings.Builder
	pieces := 0
	for line := range strings.Lines(text) {
		piece, is := decoded(t, line)["refusedFile"].(string)
		if !is {
			continue
		}
		pieces++
		told.WriteString(piece)
		if !strings.HasSuffix(piece, "\n") {
			t.Errorf("a piece ends within a line: %q", piece[max(0, len(piece)-40):])
		}
	}
	if told.String() != whole || pieces < 2 {
		t.Errorf("%d pieces are %d bytes, want %d bytes in several", pieces, told.Len(), len(whole))
	}
	if file := d.must(t, "POST", path, sheet)["refusedFile"]; file != nil && file != "" {
		t.Errorf("nobody asked for %v", file)
	}
}

// Of IATI, which has no rows, each reason has a line with its place.
func TestRefusedActivities(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	to := filepath.Join(t.TempDir(), "refused.csv")
	out, err := tandem(t, d, "import", "--partial", "--refused", to, "testdata/import.xml")
	if err != nil || !strings.Contains(out, "1 grant created, 0 updated, 0 unchanged, 1 refused") {
		t.Fatalf("%v\n%s", err, out)
	}
	const want = "place,identifier,title,field,reason\n" +
		`import.xml:24,SE-0-SE-6-2,Schools,transaction/value,"found ""8,702""; accepted is a decimal number without separators, such as 3300000.00"` + "\n" +
		`import.xml:25,SE-0-SE-6-2,Schools,transaction/value/@currency,"found ""GHC""; accepted is an ISO 4217 code in capital letters, such as USD, EUR or ILS"` + "\n"
	if got, err := os.ReadFile(to); err != nil || string(got) != want {
		t.Errorf("found %v\n%s\nwant\n%s", err, got, want)
	}
}

// Asked for wrongly, it is refused before anything is recorded.
func TestRefusedAskedWrongly(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	sheet := filepath.Join(t.TempDir(), "field.csv")
	if err := os.WriteFile(sheet, []byte(refusedSheet), 0o600); err != nil {
		t.Fatal(err)
	}
	before := newest(t, d)
	for want, args := range map[string][]string{
		"goes with --partial or --dry-run": {"--refused", "x.csv", sheet},
		"would replace":                    {"--partial", "--refused", sheet, sheet},
		"one file at a time":               {"--partial", "--refused", "x.csv", sheet, sheet},
		"the name of a file":               {"--partial", "--refused", "-", sheet},
		"no such file":                     {"--partial", "--refused", "x.csv", sheet + "x"},
	} {
		if out, err := tandem(t, d, append([]string{"import"}, args...)...); err == nil || !strings.Contains(out, want) {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	out, err := tandem(t, d, "import", "--partial", "--refused", filepath.Join(t.TempDir(), "no", "x.csv"), sheet)
	if err == nil || !strings.Contains(out, "2 grants created") || !strings.Contains(out, "was not written") {
		t.Errorf("a folder that there is not: %v\n%s", err, out)
	}
	if got := newest(t, d) - before; got != 1 {
		t.Errorf("wrote %d revisions", got)
	}
}
