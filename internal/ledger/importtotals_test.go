package ledger_test

import (
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/formats"
	"github.com/allmep/tandem/internal/exchange/freeform"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/money"
)

// TestTotalsOfRealFiles holds for every real file, each in a ledger of its own: by type and currency, what is recorded, reported, kept, refused and left to the rounding is what
// the file has, exactly; and what is said to be recorded is what the grants have.
func TestTotalsOfRealFiles(t *testing.T) {
	dir := os.Getenv("TANDEM_REALDATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "realdata")
	}
	var files []string
	for _, of := range []string{"multidonor/*.xml", "usg/*.xml", "360giving/a00*", "allmep/facts.csv"} {
		found, _ := filepath.Glob(filepath.Join(dir, of))
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Skipf("there is no real data at %s; TANDEM_REALDATA says where it is", dir)
	}
	rounded := false
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			has := fileTotals(t, path)
			l := open(t, stores["SQLite"](t))
			im, err := l.Import(t.Context(), staff, func() (exchange.Reader, error) { return reading(t, path) }, true, func(int) {})
			if err != nil {
				t.Fatal(err)
			}
			recorded := map[string]*big.Rat{} // by currency
			for _, total := range im.Totals {
				sum := new(big.Rat)
				for _, part := range []*big.Rat{total.Recorded, total.Reported, total.Kept, total.Refused, total.Rounding} {
					sum.Add(sum, part)
				}
				if want := has[[2]string{total.Type, total.Currency}]; want == nil || sum.Cmp(want) != 0 {
					t.Errorf("%s %s: the parts sum to %s; the file has %v", total.Type, total.Currency, sum.RatString(), want)
				}
				delete(has, [2]string{total.Type, total.Currency})
				rounded = rounded || total.Rounding.Sign() != 0
				if recorded[total.Currency] == nil {
					recorded[total.Currency] = new(big.Rat)
				}
				recorded[total.Currency].Add(recorded[total.Currency], total.Recorded)
			}
			if len(has) > 0 {
				t.Errorf("nothing is told of %v", has)
			}
			for _, made := range im.Grants {
				if made.Outcome == ledger.GrantRefused || made.Outcome == ledger.GrantUpdated {
					continue // what is told twice is reported the second time
				}
				for _, paid := range grantOf(t, l, made.ID).Transactions {
					if paid.Amount.Qualifier == money.Unknown {
						continue
					}
					left := recorded[string(paid.Amount.Currency)]
					left.Sub(left, money.Money{Currency: paid.Amount.Currency, Minor: paid.Amount.Bounds().Central}.Rat())
				}
			}
			for currency, left := range recorded {
				if left.Sign() != 0 {
					t.Errorf("%s %s more is said to be recorded than the grants have", left.RatString(), currency)
				}
			}
		})
	}
	if !rounded {
		t.Error("nothing of these files is rounded, though GH-SE-0.xml has fractions of öre")
	}
}

func reading(t *testing.T, path string) (exchange.Reader, error) {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return formats.Open(file, filepath.Base(path), "", freeform.Options{Currency: "USD"})
}

// fileTotals are the amounts that a file has, by type and currency; those that cannot be read are in no sum.
func fileTotals(t *testing.T, path string) map[[2]string]*big.Rat {
	from, err := reading(t, path)
	if err != nil {
		t.Fatal(err)
	}
	has := map[[2]string]*big.Rat{}
	for {
		d, err := from.Read()
		if err == io.EOF {
			return has
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range d.Money {
			k := [2]string{m.Type, m.Currency}
			if has[k] == nil {
				has[k] = new(big.Rat)
			}
			if value, ok := new(big.Rat).SetString(m.Value); ok {
				has[k].Add(has[k], value)
			}
		}
	}
}

// Every country has a ministry of health, and each is one organisation however often it gives, in one file and in the next.
func TestANameInTwoStatesIsTwoOrganisations(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	const file = "Grant ID,Title,Donor,Donor state,Recipient,Amount,Currency,Start date\n" +
		"1,Wells,Ministry of Health,US,EcoPeace,10,USD,2022-01-01\n" + "2,Pumps,Ministry of Health,SE,EcoPeace,10,USD,2022-01-01\n" +
		"3,Pipes,Ministry of Health,SE,EcoPeace,10,USD,2022-01-01\n" + "4,Taps,Ministry of Health,SE,EcoPeace,10,USD,2022-01-01\n"
	for _, revision := range []int64{1, 0} {
		im, err := l.Import(t.Context(), staff, func() (exchange.Reader, error) {
			return formats.Open(strings.NewReader(file), "field.csv", "", freeform.Options{})
		}, false, func(int) {})
		if err != nil || im.Revision != revision {
			t.Fatalf("revision %d, error %v", im.Revision, err)
		}
	}
	states := map[string]string{}
	for _, e := range l.State().Registry.All(grant.Organisations) {
		states[e.Key().ID] = e.(*grant.Organisation).State
	}
	if diff := cmp.Diff(map[string]string{"ministry-of-health": "US", "ministry-of-health-2": "SE", "ecopeace": ""}, states); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
