package iati

import (
	"encoding/xml"
	"io"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/allmep/tandem/internal/exchange"
)

// realdata returns the folder of real data, or skips.
func realdata(t *testing.T) string {
	dir := os.Getenv("TANDEM_REALDATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "realdata")
	}
	if _, err := os.Stat(filepath.Join(dir, "SOURCES.md")); err != nil {
		t.Skipf("there is no real data at %s; TANDEM_REALDATA says where it is", dir)
	}
	return dir
}

func readFile(t *testing.T, path string) []*exchange.Draft {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	drafts, err := readAll(NewReader(file, filepath.Base(path), ""))
	if err != nil {
		t.Fatal(err)
	}
	return drafts
}

func readAll(r exchange.Reader) ([]*exchange.Draft, error) {
	var drafts []*exchange.Draft
	for {
		d, err := r.Read()
		if err == io.EOF {
			return drafts, nil
		}
		if err != nil {
			return drafts, err
		}
		drafts = append(drafts, d)
	}
}

// TestControlTotals holds what is read against the totals that were reckoned outside the project; they are in SOURCES.md.
func TestControlTotals(t *testing.T) {
	dir := realdata(t)
	for _, c := range []struct {
		file                     string
		activities, transactions int
		commitment, disbursement int64
	}{
		{"dfc-westbankandgaza", 1, 1, 3529721, 0},
		{"dhs-westbankandgaza", 2, 5, 251897, 435941},
		{"dod-israel", 97, 198, 342764289, 343435289},
		{"doe-israel", 2, 3, 1180189, 843158},
		{"doi-israel", 2, 2, 25000, 25000},
		{"doj-israel", 6, 59, 267209, 258243},
		{"epa-westbankandgaza", 1, 1, 3529721, 0},
		{"state-israel", 721, 1313, 120705304, 116675477},
		{"usda-israel", 3, 3, 1191300, 1442412},
	} {
		drafts := readFile(t, filepath.Join(dir, "usg", c.file+".xml"))
		sums, n := map[string]int64{}, 0
		for _, d := range drafts {
			for _, p := range d.Problems {
				if p.Severity == exchange.Refused {
					t.Errorf("%s: %s: %s", p.Place, p.Field, p.Text)
				}
			}
			for _, tr := range d.Grant.Transactions {
				if tr.Amount.Currency != "USD" {
					t.Errorf("%s has money in %s", d.Key, tr.Amount.Currency)
				}
				sums[tr.Type.String()] += tr.Amount.Minor
				n++
			}
		}
		want := map[string]int64{"COMMITMENT": 100 * c.commitment, "DISBURSEMENT": 100 * c.disbursement}
		maps.DeleteFunc(want, func(_ string, v int64) bool { return v == 0 })
		if len(drafts) != c.activities || n != c.transactions || !maps.Equal(sums, want) {
			t.Errorf("%s: %d activities, %d transactions, %v; want %d, %d, %v", c.file, len(drafts), n, sums, c.activities, c.transactions, want)
		}
	}
}

// plain is as much of a file as another reader needs to sum its money up.
type plain struct {
	Activities []struct {
		Currency     string `xml:"default-currency,attr"`
		Transactions []struct {
			Type struct {
				Code string `xml:"code,attr"`
			} `xml:"transaction-type"`
			Value struct {
				Currency string `xml:"currency,attr"`
				Text     string `xml:",chardata"`
			} `xml:"value"`
		} `xml:"transaction"`
	} `xml:"iati-activity"`
}

// TestNoMoneyIsLost reads files that are invalid in many ways: what is recorded, kept and refused is what another reader finds in the file, by type and currency.
func TestNoMoneyIsLost(t *testing.T) {
	dir := realdata(t)
	files, err := filepath.Glob(filepath.Join(dir, "multidonor", "*.xml"))
	if err != nil || len(files) < 15 {
		t.Fatalf("there are %d files: %v", len(files), err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var p plain
		if err := xml.Unmarshal(data, &p); err != nil {
			t.Fatal(err)
		}
		type key struct{ code, currency string }
		want, unread := map[key]*big.Rat{}, 0
		for _, a := range p.Activities {
			for _, tr := range a.Transactions {
				k := key{tr.Type.Code, tr.Value.Currency}
				if k.currency == "" {
					k.currency = a.Currency
				}
				if want[k] == nil {
					want[k] = new(big.Rat)
				}
				if v, ok := new(big.Rat).SetString(strings.TrimSpace(tr.Value.Text)); ok {
					want[k].Add(want[k], v)
				} else {
					unread++
				}
			}
		}
		refused := 0
		for _, d := range readFile(t, path) {
			recorded := map[key]*big.Rat{}
			for _, m := range d.Money {
				code, _, _ := strings.Cut(m.Type, " ")
				k := key{code, m.Currency}
				if m.Value == "" {
					unread--
					continue
				}
				v, _ := new(big.Rat).SetString(m.Value)
				want[k].Sub(want[k], v)
				if m.Use == exchange.Recorded {
					if recorded[k] == nil {
						recorded[k] = new(big.Rat)
					}
					recorded[k].Add(recorded[k], v)
				}
			}
			if d.Refused() {
				refused++
				continue
			}
			for _, tr := range d.Grant.Transactions {
				for k := range recorded {
					if types[k.code] == tr.Type && k.currency == string(tr.Amount.Currency) {
						recorded[k].Sub(recorded[k], new(big.Rat).SetFrac64(tr.Amount.Minor, pow10(tr.Amount.Currency.Exponent())))
						break
					}
				}
			}
			rounding := big.NewRat(int64(len(d.Grant.Transactions)), 100)
			for k, left := range recorded {
				if left.Abs(left).Cmp(rounding) > 0 {
					t.Errorf("%s: %s of %v is neither recorded nor refused", d.Place, left.FloatString(2), k)
				}
			}
		}
		for k, left := range want {
			if left.Sign() != 0 {
				t.Errorf("%s: %s of %v is lost", filepath.Base(path), left.FloatString(2), k)
			}
		}
		if unread != 0 {
			t.Errorf("%s: %d values that cannot be read are not told of", filepath.Base(path), unread)
		}
		t.Logf("%s: %d activities, %d refused", filepath.Base(path), len(p.Activities), refused)
	}
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

func TestStandardsOwnTests(t *testing.T) {
	dir := realdata(t)
	files, err := filepath.Glob(filepath.Join(dir, "iati-schema", "tests", "should-pass", "*.xml"))
	if err != nil || len(files) < 100 {
		t.Fatalf("there are %d files: %v", len(files), err)
	}
	for _, path := range files {
		if strings.Contains(path, "iati-organisations") {
			continue // these are no activities, and are refused as what they are
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = readAll(NewReader(file, filepath.Base(path), ""))
		file.Close()
		if err != nil {
			t.Error(err)
		}
	}
}

// TestKnownDefectsAreTold reads the files of which VALIDITY.txt says that dates are missing or malformed where Tandem reads them. Its other defects are of results and
// documents, which are kept word for word, and of the order of elements, which does not matter to the reader.
func TestKnownDefectsAreTold(t *testing.T) {
	dir := realdata(t)
	for _, c := range []struct {
		file, field, text string
		times             int
	}{
		{"GH-47045", "budget/period-start/@iso-date", "is missing or empty; the date is left out", 293},
		{"GH-EU", "budget/period-start/@iso-date", "is missing or empty; the date is left out", 3},
		{"GH-GB-3", "budget/period-start/@iso-date", "is missing or empty; the date is left out", 70},
		{"GH-IE-6663", "activity-date/@iso-date", `found "2012-1-2"; read as 2012-01-02`, 1},
		{"GH-NL-1", "activity-date/@iso-date", "is missing or empty; the date is left out", 17},
		{"GH-DE-1", "transaction/transaction-date", "is missing; the transaction is recorded without a date", 77},
		{"GH-GB-3", "transaction/value", `found "8,702"; accepted is a decimal number without separators, such as 3300000.00`, 1},
	} {
		n := 0
		for _, d := range readFile(t, filepath.Join(dir, "multidonor", c.file+".xml")) {
			for _, p := range d.Problems {
				if p.Field == c.field && p.Text == c.text && p.Place.Line > 0 {
					n++
				}
			}
		}
		if n != c.times {
			t.Errorf("%s: %s: %s is told %d times; want %d", c.file, c.field, c.text, n, c.times)
		}
	}
}
