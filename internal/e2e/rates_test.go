package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Rates are read as of a revision like everything else.
func TestRatesAsOfARevision(t *testing.T) {
	d := start(t, stores["SQLite"](t))
	d.must(t, "POST", "/v1/organisations?organisation_id=a", `{"displayName":"A"}`)
	before := d.must(t, "GET", "/v1/organisations", "")["revision"].(string)
	d.must(t, "POST", "/v1/rates:batchCreate", `{"rates":[{"currencyCode":"USD","date":"2100-01-01","value":"1.5"}]}`)
	for query, want := range map[string]float64{"": 1, "&revision=" + before: 0} {
		if got := d.must(t, "GET", "/v1/rates?currency=USD&from=2100-01-01&to=2100-01-01"+query, "")["totalSize"]; got != want {
			t.Errorf("%q: found %v rates, want %v", query, got, want)
		}
	}
}

// Files of rates on the command line, word for word: tried, recorded as a revision each, and nothing when they come again.
func TestCommandLineRates(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	bank, fund, changed, bad := "../exchange/rates/testdata/eurofxref.csv", "../exchange/rates/testdata/imf-2024-11.tsv", filepath.Join(t.TempDir(), "changed.csv"), filepath.Join(t.TempDir(), "bad.csv")
	for path, text := range map[string]string{changed: "Date,USD,\n2026-05-05,1.1703,\n2026-05-04,1.16990,\n", bad: "Date,USD,\n2026-05-06,1.17\n2026-05-32,n/a,\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name      string
		revisions int64 // that are written
		args      []string
	}{
		{"rate-import-dry-run", 0, []string{"rates", "import", bank, fund, "--dry-run"}},
		{"rate-import", 2, []string{"rates", "import", bank, fund}},
		{"rate-import-again", 0, []string{"rate", "import", bank, fund}},
		{"rate-import-changed", 1, []string{"rate", "import", changed}},
		{"rate-import-bad", 0, []string{"rate", "import", bad}},
		{"rate-import-list", 0, []string{"rate", "list", "JOD"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := newest(t, d)
			sayTo(t, d, c.name, c.args)
			if got := newest(t, d) - before; got != c.revisions {
				t.Errorf("wrote %d revisions, want %d", got, c.revisions)
			}
		})
	}
}

// A file of far more days than one list has, and of more rates than one request takes, is recorded in pieces, whole, and the answer says what it held.
func TestManyRates(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	const days, currencies = 11450, 19
	var text strings.Builder
	text.WriteString("Date,USD,JPY,CZK,DKK,GBP,HUF,PLN,RON,SEK,CHF,ISK,NOK,TRY,AUD,BRL,CAD,CNY,HKD,IDR\n")
	for i := range days {
		text.WriteString(time.Date(2030, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly) + strings.Repeat(",1.25", currencies) + "\n")
	}
	file := filepath.Join(t.TempDir(), "many.csv")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	before := newest(t, d)
	for _, want := range []string{"many.csv,European Central Bank,217550,0,217550,0,0", "many.csv,European Central Bank,217550,0,0,0,217550"} {
		if got, err := d.tandem(t, adminToken, "-o", "csv", "rate", "import", file); err != nil || !strings.Contains(got, want) {
			t.Errorf("found %s %v; want %s", got, err, want)
		}
	}
	if got := newest(t, d) - before; got != 3 {
		t.Errorf("%d revisions were written, want 3", got)
	}
}

// newest returns the number of the newest revision.
func newest(t *testing.T, d *daemon) int64 {
	t.Helper()
	n, err := strconv.ParseInt(d.must(t, "GET", "/v1/organisations", "")["revision"].(string), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
