package rates_test

import (
	stdcmp "cmp"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/allmep/tandem/internal/exchange/rates"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/fx"
)

func read(t *testing.T, path string) rates.File {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	f, err := rates.Read(in)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func lines(rs []rates.Rate) []string {
	var out []string
	for _, r := range rs {
		out = append(out, fmt.Sprintf("%s %s %s", r.Day, r.Currency, r.Decimal()))
	}
	return out
}

// The bank's file has a comma at the end of each line, N/A and nothing for no rate, and the newest day first. What is built in is not fresh.
func TestECB(t *testing.T) {
	f := read(t, "testdata/eurofxref.csv")
	want := []string{"2026-05-05 USD 1.1702", "2026-05-05 JPY 186.10", "2026-05-05 ILS 3.5650", "2026-05-04 USD 1.1699", "2026-05-04 ILS 3.5701"}
	if diff := cmp.Diff(want, lines(f.Fresh())); diff != "" || len(f.Rates) != 8 || len(f.Notes) != 0 {
		t.Errorf("%d rates, %q (-want +got):\n%s", len(f.Rates), f.Notes, diff)
	}
}

// Where a file contradicts what is built in, that stands, and it is said.
func TestBuiltInStands(t *testing.T) {
	f, err := rates.Read(strings.NewReader("Date,USD\n2026-04-13,1.2\n2026-04-12,1.3\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"USD on 2026-04-13: the file says 1.2; 1.1684 of 2026-04-13 is built in and stands.", "USD on 2026-04-12: the file says 1.3; 1.1711 of 2026-04-10 is built in and stands."}
	if fresh := f.Fresh(); len(fresh) != 0 || !cmp.Equal(want, f.Notes) {
		t.Errorf("found %v and %s", fresh, cmp.Diff(want, f.Notes))
	}
}

// The file of a day has blanks after its commas, and writes the day in words.
func TestECBOfADay(t *testing.T) {
	f, err := rates.Read(strings.NewReader("Date, USD, JPY, \n4 May 2026, 1.1699, 186.1, \n"))
	if diff := cmp.Diff([]string{"2026-05-04 USD 1.1699", "2026-05-04 JPY 186.1"}, lines(f.Rates)); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// The Fund's rates go through the euro's line of the day: 0.7090 dinars for a dollar and 1.0882 dollars for a euro are 0.7715338 dinars for a euro, to the last digit.
// A rate in dollars for one unit divides: 1.0882 / 1.2950. A day without the euro has no rates, and what the European bank publishes is left to it.
func TestIMF(t *testing.T) {
	f := read(t, "testdata/imf-2024-11.tsv")
	want := []string{
		"2024-11-01 CNY 7.7409107", "2024-11-01 GBP 0.84030888", "2024-11-04 GBP 0.83992293", "2024-11-01 JOD 0.7715338", "2024-11-04 JOD 0.7726682",
		"2024-11-01 KWD 0.3335333", "2024-11-01 IRR 557533.829",
	}
	if diff := cmp.Diff(want, lines(f.Rates)); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[3:], lines(f.Fresh())); diff != "" {
		t.Errorf("fresh (-want +got):\n%s", diff)
	}
	notes := []string{
		"Left out, for Tandem does not know which currency they are: Zubrowkan klubeck.",
		"Nothing is known for 2024-11-05: the file has no rate of the euro for it.",
		"The rates of the European Central Bank are used instead for CNY, GBP.",
	}
	if diff := cmp.Diff(notes, f.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	exact := new(big.Rat).Mul(big.NewRat(7090, 10000), big.NewRat(10882, 10000))
	if f.Rates[3].Rat().Cmp(exact) != 0 {
		t.Errorf("found %s, want %s", f.Rates[3].Rat(), exact)
	}
}

// A shekel of 2010, of which the European bank knows nothing, is taken from the Fund.
func TestIMFBeforeTheBank(t *testing.T) {
	f, err := rates.Read(strings.NewReader("Representative Exchange Rates for Selected Currencies for December 2010\n\nCurrency\tDecember 31, 2010\nEuro(1)\t1.3362\nIsraeli New Sheqel\t3.5490\n"))
	if diff := cmp.Diff([]string{"2010-12-31 ILS 4.7421738"}, lines(f.Fresh())); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// Each fault of a file is told with its line, its column, what was found and what is accepted.
func TestFaults(t *testing.T) {
	const imf = "Representative Exchange Rates for Selected Currencies for May 2026\nCurrency\tMay 04, 2026\nEuro(1)\t1.1\n"
	for name, c := range map[string]struct{ text, at, problem string }{
		"nothing":               {"", "line 1", "accepted are the European Central Bank's"},
		"a page":                {"<html>", "line 1", `found "<html>"`},
		"no rate":               {"Date,USD\n2026-05-04,x\n", "line 2, column USD", `found "x"; accepted is a decimal number above 0 with at most 12 digits, such as 1.0823, or N/A`},
		"a negative rate":       {"Date,USD\n2026-05-04,-1\n", "line 2, column USD", `found "-1"`},
		"a month":               {"Date,USD\n2026-05,1\n", "line 2, column Date", `found "2026-05"; accepted is a day`},
		"a day twice":           {"Date,USD\n2026-05-04,1\n2026-05-04,2\n", "line 3, column Date", "which line 2 has too"},
		"an unknown currency":   {"Date,QQQ\n2026-05-04,1\n", "line 1, column QQQ", `found "QQQ"`},
		"a column without head": {"Date,USD,\n2026-05-04,1,2\n", "line 2, column without a head", `found "2"`},
		"a currency twice":      {"Date,USD,USD\n", "line 1, column USD", "twice"},
		"an open quote":         {"Date,USD\n2026-05-04,\"1\n", "line 2, column ", "accepted are cells between commas"},
		"an IMF day":            {"Representative Exchange Rates for Selected Currencies for May 2026\nCurrency\t2026-05-04\n", "line 2, column 2", "accepted is a day such as November 01, 2024"},
		"an IMF value":          {imf + "Jordanian dinar\t1.2.3\n", "line 4, column 2026-05-04", `found "1.2.3"`},
		"an IMF rate twice":     {imf + "Jordanian dinar\t1\nJordanian dinar\t1\n", "line 5, column 2026-05-04", "which line 4 has too"},
		"an IMF rate of naught": {imf + "Jordanian dinar\t0.0\n", "line 4, column 2026-05-04", `found "0.0"`},
		"an IMF title alone":    {"Representative Exchange Rates for Selected Currencies for May 2026\n", "line 1, column Currency", "there is no rate"},
	} {
		_, err := rates.Read(strings.NewReader(c.text))
		var bad *fault.Error
		if !errors.As(err, &bad) || len(bad.Violations) == 0 || bad.Violations[0].Field != c.at || !strings.Contains(bad.Violations[0].Problem, c.problem) {
			t.Errorf("%s: found %v", name, err)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// A file without end is refused.
func TestEndless(t *testing.T) {
	if _, err := rates.Read(endless{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("found %v", err)
	}
}

// The bank's whole history is what is built in: nothing of it is fresh, and nothing contradicts.
func TestRealHistory(t *testing.T) {
	path := filepath.Join(stdcmp.Or(os.Getenv("TANDEM_REALDATA"), "../../../../shared/realdata"), "fx/eurofxref-hist.csv")
	if _, err := os.Stat(path); err != nil {
		t.Skip("no real data:", err)
	}
	f := read(t, path)
	if fresh := f.Fresh(); len(f.Rates) < 200_000 || len(fresh) != 0 || len(f.Notes) != 0 {
		t.Errorf("of %d rates found %d fresh, and %q", len(f.Rates), len(fresh), f.Notes)
	}
}

// Whatever the file, reading ends without harm, and what comes of it is a rate.
func FuzzRead(f *testing.F) {
	for _, path := range []string{"testdata/eurofxref.csv", "testdata/imf-2024-11.tsv"} {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := rates.Read(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, r := range append(file.Fresh(), file.Rates...) {
			if again, err := fx.ParseQuote(r.Decimal()); err != nil || again.Rat().Cmp(r.Rat()) != 0 || r.Currency == fx.Euro {
				t.Fatalf("%v is no rate: %v", r, err)
			}
		}
	})
}
