package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sheets are small files of grants in the formats that are tables, or lists.
var sheets = map[string]string{
	"field.csv": "Grants 2024;;;;;;;\nDonor;Country;Grantee;Project;Amount;Start;Remarks;Shelf\n" +
		"Sida;SE;EcoPeace;Water for all;SEK 1 234,50;3/6/2024;;3\n" +
		"USAID;US;EcoPeace;Wells;at least $2 million;Sept 2023;heard by telephone;\n" +
		";;;Total;2.001.234,50;;;\n",
	"grants.json": `{"grants":[{"id":"360G-x-1","title":"Dialogue","currency":"GBP","amountAwarded":30000,"awardDate":"2021-01-26","fundingOrganization":[{"id":"GB-CHC-1000147","name":"A Trust"}],
		"recipientOrganization":[{"name":"Tech2Peace"}]}]}`,
	"crs.txt": "Year|DonorCode|DonorName|AgencyCode|AgencyName|CrsID|RecipientCode|RecipientName|USD_Commitment|USD_Disbursement|ProjectTitle|PurposeCode|PurposeName\n" +
		"2021|302|United States|1|Agency for International Development|2021001|550|West Bank and Gaza Strip|3.3|0.5|Water|14030|Basic drinking water\n",
}

// Sheets on the command line, word for word: what the columns are taken for is shown, what can be read in two ways is asked about, and what is said is taken.
func TestCommandLineSheets(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	dir := t.TempDir()
	for name, text := range sheets {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name      string
		revisions int64 // that are written
		line      string
	}{
		{"sheet-asked", 0, "import field.csv"},
		{"sheet-dry-run", 0, "import field.csv --dry-run --dates day-first --column Country=donor_state --column H=identifier"},
		{"sheet-import", 1, "import field.csv --dates day-first --column Country=donor_state --column H=identifier"},
		{"sheet-import-again", 0, "import field.csv --dates day-first --column Country=donor_state --column H=identifier"},
		{"sheet-no-column", 0, "import field.csv --column Q=title"},
		{"sheet-no-donor", 0, "import field.csv --column Donor= --column Country="},
		{"sheet-360giving", 1, "import grants.json"},
		{"sheet-crs", 1, "import crs.txt"},
		{"sheet-allocations", 0, "allocations --by donor --currency USD --measure committed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := newest(t, d)
			args := strings.Split(c.line, " ")
			for i, a := range args {
				if _, is := sheets[a]; is {
					args[i] = filepath.Join(dir, a)
				}
			}
			sayTo(t, d, c.name, args)
			if got := newest(t, d) - before; got != c.revisions {
				t.Errorf("wrote %d revisions, want %d", got, c.revisions)
			}
		})
	}
}

// What a request says wrongly of a sheet is refused with the field, over REST as on the command line, and nothing is written.
func TestBadSheets(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	before := newest(t, d)
	for query, at := range map[string]string{
		"column=Amount": "column[0]", "column=Q=title": "column", "column=A=colour": "column", "column=A=": "", "date_order=YEAR_FIRST": "dateOrder", "decimal_mark=COLON": "decimalMark",
		"format=XLSX": "format", "format=CRS": "", "format=THREESIXTY": "", "default_currency=XXQ": "defaultCurrency", "sheet=Budget": "", "columns=A=title": "columns",
	} {
		status, text, _ := d.ask(t, adminToken, "POST", "/v1/imports?file_name=field.csv&"+query, sheets["field.csv"])
		if status != 400 || !strings.Contains(text, `"field":"`+at) || at == "" && strings.Contains(text, `"field":"c`) && query != "column=A=" {
			t.Errorf("%s: found %d %s", query, status, text)
		}
	}
	if got := newest(t, d) - before; got != 0 {
		t.Errorf("wrote %d revisions", got)
	}
}
