package threesixty_test

import (
	stdcmp "cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/table"
	"github.com/allmep/tandem/internal/exchange/threesixty"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

func read(r exchange.Reader) ([]*exchange.Draft, error) {
	var all []*exchange.Draft
	for {
		d, err := r.Read()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, d)
	}
}

func openTable(t *testing.T, r io.Reader, file string) *threesixty.Table {
	t.Helper()
	in, err := table.Open(r, "")
	if err != nil {
		t.Fatal(err)
	}
	out, err := threesixty.NewTable(in, file)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const grants = `[
  {"id":"360G-x-1","title":"Wells","description":"Two wells","currency":"GBP","amountAwarded":30000.5,"amountDisbursed":1e4,"awardDate":"2021-01-26T00:00:00+00:00",
   "plannedDates":[{"startDate":"2021-02","endDate":"2022","duration":12}],
   "fundingOrganization":[{"id":"GB-CHC-1000147","name":"A Trust"}],
   "recipientOrganization":[{"id":"GB-CHC-1","name":"Wells International","charityNumber":"1","companyNumber":"77"}],
   "classifications":[{"vocabulary":"DAC","code":"14030","title":"Basic water"},{"vocabulary":"own","code":"w","title":"Water"}],
   "beneficiaryLocation":[{"name":"Jordan Valley","countryCode":"PS"},{"countryCode":"il"}],
   "grantProgramme":[{"code":"O","title":"Open"}],"url":"https://a.example","dateModified":"2021-05-01","Website":{"Note":"ours"}},

  {"id":"360G-x-2","title":"Help","currency":"GBP","amountAwarded":5,"awardDate":"2021","fundingOrganization":[{"name":"A Trust"}],"recipientIndividual":{"id":"p","name":"Somebody"},
   "disbursementTransaction":[{"value":2,"transactionDate":"2021-03-01"},{"value":-1,"currency":"EUR","transactionDate":"2021-04-01"}],"amountDisbursed":3}
]`

func show(d *exchange.Draft) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	add("%s %s of %s by %s: %s %s..%s +%d", d.Place, d.Key, d.Source, d.Reporter, d.Grant.Title, d.Grant.Start, d.Grant.End, d.Grant.DurationMonths)
	for _, p := range d.Parties {
		add("party %s %v %s", p.Name, p.Identifiers, p.State)
	}
	for _, t := range d.Terms {
		add("term %s %s %s", t.Of, t.Code, t.Name)
	}
	for _, t := range d.Grant.Transactions {
		add("%s %d %s %s", t.Type, t.Amount.Minor, t.Amount.Currency, t.Date)
	}
	for _, k := range d.Kept {
		add("kept %s", k.Text)
	}
	for _, p := range d.Problems {
		add("%s %s %s: %s", p.Severity, p.Place, p.Field, p.Text)
	}
	return out
}

// A package and a bare list say the same.
func TestReadJSON(t *testing.T) {
	want := [][]string{{
		"g.json:2 360G-x-1 of GB-CHC-1000147 by #0: Wells 2021-02..2022 +12", "party A Trust [GB-CHC-1000147] PRIVATE", "party Wells International [GB-CHC-1 GB-COH-77] ",
		"term themes 14030 Basic water", "term themes  Water", "term locations  Jordan Valley", "term locations IL Israel", "COMMITMENT 3000050 GBP 2021-01-26", "DISBURSEMENT 1000000 GBP ",
		"kept classifications/0/vocabulary: DAC", "kept classifications/1/vocabulary: own", "kept classifications/1/code: w", "kept grantProgramme/0/code: O", "kept grantProgramme/0/title: Open", "kept Website/Note: ours",
	}, {
		"g.json:10 360G-x-2 of A Trust by #0: Help .. +0", "party A Trust [] ", "COMMITMENT 500 GBP 2021", "DISBURSEMENT 200 GBP 2021-03-01", "DISBURSEMENT -100 EUR 2021-04-01", "kept amountDisbursed: 3",
		"NOTED g.json:10 recipientIndividual: the grant is to a person, who is not recorded",
	}}
	for name, text := range map[string]string{"bare": grants, "package": `{"version":"1.1","more":[1,{"grants":[]}],"grants":` + grants + `,"publisher":{"name":"x"}}` + "\n", "marked": "\uFEFF" + grants} {
		all, err := read(threesixty.NewJSON(strings.NewReader(text), "g.json"))
		if err != nil || len(all) != 2 {
			t.Fatalf("%s: found %d, %v", name, len(all), err)
		}
		for i := range want {
			if diff := cmp.Diff(want[i], show(all[i])); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if all[0].Grant.Visibility != grant.Public || all[0].Refused() || all[1].Refused() {
			t.Errorf("%s: refused, or not public", name)
		}
	}
}

// The spreadsheet's heads, by title and by path, mean the same.
func TestTable(t *testing.T) {
	for name, text := range map[string]string{
		"titles": "Identifier,Title,Currency,Amount Awarded,Award Date,Planned Dates:Start Date,Recipient Org:Name,Recipient Org:Identifier,Funding Org:Name,Beneficiary Location:1:Name,Beneficiary Location:Name,Shelf\n" +
			`x-1,Wells,GBP,"30,000",2021-01-26,2021-02,Wells International,GB-CHC-1,A Trust,Haifa,Jaffa,3` + "\n,,,,,,,,,,,\n",
		"paths": "id,title,currency,amountAwarded,awardDate,plannedDates/0/startDate,recipientOrganization/0/name,recipientOrganization/0/id,fundingOrganization/0/name,beneficiaryLocation/1/name,beneficiaryLocation/0/name,Shelf\n" +
			`x-1,Wells,GBP,30000,2021-01-26T00:00:00Z,2021-02,Wells International,GB-CHC-1,A Trust,Haifa,Jaffa,3` + "\n",
	} {
		all, err := read(openTable(t, strings.NewReader(text), "g.csv"))
		if err != nil || len(all) != 1 {
			t.Fatalf("%s: found %d, %v", name, len(all), err)
		}
		want := []string{"g.csv:2 x-1 of A Trust by #0: Wells 2021-02.. +0", "party A Trust [] ", "party Wells International [GB-CHC-1] ", "term locations  Haifa", "term locations  Jaffa",
			"COMMITMENT 3000000 GBP 2021-01-26", "kept Shelf: 3"}
		if diff := cmp.Diff(want, show(all[0])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What is wrong is told with its place, what was found and what is accepted, and no money is lost from sight.
func TestRefused(t *testing.T) {
	base := `"id":"x","title":"y","currency":"GBP","fundingOrganization":[{"name":"f"}]`
	for text, want := range map[string]string{
		`{` + base + `,"amountAwarded":"many"}`:                                         `REFUSED g.json:1 amountAwarded: found "many"; accepted is a number such as 30000 or 30000.50`,
		`{` + base + `,"amountAwarded":1e999999999}`:                                    `REFUSED g.json:1 amountAwarded: found "1e999999999"; accepted is a number such as 30000 or 30000.50`,
		`{` + base + `,"amountAwarded":0.005}`:                                          `REFUSED g.json:1 amountAwarded: found 0.005, with more decimals than GBP has, which is 2`,
		`{` + base + `,"amountAwarded":5,"awardDate":"1/2/2021"}`:                       `REFUSED g.json:1 awardDate: found "1/2/2021", which is 2021-02-01 or 2021-01-02; say whether the day or the month is first in this column`,
		`{"title":"y","currency":"XX","amountAwarded":5}`:                               `REFUSED g.json:1 id: is missing; a grant of the standard has an identifier such as 360G-ABCT-1`,
		`{` + base + `,"amountAwarded":5,"plannedDates":[{"duration":1.5}]}`:            `REFUSED g.json:1 plannedDates/0/duration: found "1.5"; accepted is a whole number of months`,
		`{"id":"x","title":"y","fundingOrganization":[{"name":"f"}],"amountAwarded":1}`: `REFUSED g.json:1 currency: found ""; accepted is an ISO 4217 code in capital letters, such as USD, EUR or ILS`,
	} {
		all, err := read(threesixty.NewJSON(strings.NewReader("["+text+"]"), "g.json"))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		last := all[len(all)-1]
		if got := strings.Join(show(last), "\n"); !strings.Contains(got, want) || len(last.Money) != 1 {
			t.Errorf("%s: found %d amounts, and\n%s\nwant %s", text, len(last.Money), got, want)
		}
	}
}

type endless struct{ of string }

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.of[i%len(e.of)]
	}
	return len(p), nil
}

// What is no JSON, or no grants, or would fill the memory, is refused.
func TestUnreadable(t *testing.T) {
	for name, r := range map[string]io.Reader{
		"nothing":          strings.NewReader(""),
		"a number":         strings.NewReader("5"),
		"no grants":        strings.NewReader(`{"version":"1"}`),
		"no list":          strings.NewReader(`{"grants":{}}`),
		"numbers":          strings.NewReader(`[1]`),
		"cut":              strings.NewReader(`[{"id":"x"`),
		"more":             strings.NewReader(`[] []`),
		"twice":            strings.NewReader(`{"grants":[],"grants":[]}`),
		"deep":             strings.NewReader(`[{"a":` + strings.Repeat(`[`, 20) + strings.Repeat(`]`, 20) + `}]`),
		"deeper":           io.MultiReader(strings.NewReader(`[{"a":`), endless{"["}),
		"a text":           io.MultiReader(strings.NewReader(`[{"a":"`), endless{"x"}),
		"a package's text": io.MultiReader(strings.NewReader(`{"a":"`), endless{"x"}),
		"spaces":           endless{" "},
		"members":          io.MultiReader(strings.NewReader(`[{"a":[`), endless{"1,"}),
	} {
		if all, err := read(threesixty.NewJSON(r, "g.json")); fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(err.Error(), "g.json:") {
			t.Errorf("%s: found %d drafts, %v", name, len(all), err)
		}
	}
}

// The trust's workbook and its JSON have the same 783 grants, of 12,785,625 pounds.
func TestRealData(t *testing.T) {
	var totals []map[string]string
	for _, name := range []string{"a001p00000zgyHZAAY.json", "a001p00000zgyHZAAY.xlsx"} {
		file, err := os.Open(filepath.Join(stdcmp.Or(os.Getenv("TANDEM_REALDATA"), "../../../../shared/realdata"), "360giving", name))
		if err != nil {
			t.Skip("no real data:", err)
		}
		defer file.Close()
		var in exchange.Reader
		if strings.HasSuffix(name, ".json") {
			in = threesixty.NewJSON(file, name)
		} else {
			in = openTable(t, file, name)
		}
		all, err := read(in)
		if err != nil {
			t.Fatal(err)
		}
		sum, said := int64(0), map[string]string{}
		for _, d := range all {
			if d.Refused() || len(d.Problems) > 0 {
				t.Errorf("%s: found %v", d.Place, d.Problems)
			}
			for _, x := range d.Grant.Transactions {
				sum += x.Amount.Minor
			}
			said[d.Key] = strings.Join(show(d)[1:], "\n")
			if i := strings.Index(said[d.Key], "\nkept"); i > 0 {
				said[d.Key] = said[d.Key][:i] // the workbook calls what is not of the standard by its heads
			}
		}
		if len(all) != 783 || sum != 1_278_562_500 {
			t.Errorf("%s: found %d grants of %d pence", name, len(all), sum)
		}
		totals = append(totals, said)
	}
	if diff := cmp.Diff(totals[0], totals[1]); diff != "" {
		t.Errorf("JSON and workbook differ (-JSON +workbook):\n%s", diff)
	}
}

// Whatever the file, reading it ends without harm, and what is not refused is valid.
func FuzzJSON(f *testing.F) {
	f.Add(grants)
	f.Add(`{"grants":` + grants + `}`)
	f.Fuzz(func(t *testing.T, text string) {
		all, _ := read(threesixty.NewJSON(strings.NewReader(text), "x"))
		valid(t, all)
	})
}

// The same of the spreadsheet.
func FuzzTable(f *testing.F) {
	f.Add("Identifier,Title,Currency,Amount Awarded,Award Date,Funding Org:Name\nx,y,GBP,5,2021,f\n")
	f.Fuzz(func(t *testing.T, text string) {
		in, err := table.Open(strings.NewReader(text), "")
		if err != nil {
			return
		}
		if r, err := threesixty.NewTable(in, "x"); err == nil {
			all, _ := read(r)
			valid(t, all)
		}
	})
}

func valid(t *testing.T, all []*exchange.Draft) {
	t.Helper()
	for _, d := range all {
		g := *d.Grant
		g.ID = "x"
		if err := g.Validate(); err != nil && !d.Refused() {
			t.Fatal(err)
		}
	}
}
