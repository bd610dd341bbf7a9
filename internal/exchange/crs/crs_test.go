package crs_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/crs"
	"github.com/allmep/tandem/internal/exchange/table"
	"github.com/allmep/tandem/internal/fault"
)

func read(text string) ([]*exchange.Draft, error) {
	in, err := table.Open(strings.NewReader(text), "")
	if err != nil {
		return nil, err
	}
	r, err := crs.New(in, "crs.txt")
	if err != nil {
		return nil, err
	}
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

func show(d *exchange.Draft) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	add("%s %s of %s: %s %s..%s", d.Place, d.Key, d.Source, d.Grant.Title, d.Grant.Start, d.Grant.End)
	for _, p := range d.Parties {
		add("party %s %v %s", p.Name, p.Identifiers, p.State)
	}
	for _, t := range d.Terms {
		add("term %s %s %s", t.Of, t.Code, t.Name)
	}
	for _, t := range d.Grant.Transactions {
		add("%s %s %d %s %s", t.Type, t.Amount.Qualifier, t.Amount.Minor, t.Amount.Currency, t.Date)
	}
	for _, k := range d.Kept {
		add("kept %s", k.Text)
	}
	for _, p := range d.Problems {
		add("%s %s %s: %s", p.Severity, p.Place, p.Field, p.Text)
	}
	return out
}

const heads = "Year|DonorCode|DonorName|AgencyCode|AgencyName|CrsID|ProjectNumber|RecipientCode|RecipientName|FlowName|USD_Commitment|USD_Disbursement|CurrencyCode|Commitment_National|ProjectTitle|ShortDescription|PurposeCode|PurposeName|ChannelCode|ChannelName|ChannelReportedName|ExpectedStartDate|CompletionDate|LongDescription"

// Amounts are in millions of dollars, the year dates them, and codes become the donor state, the theme and the place.
func TestBars(t *testing.T) {
	all, err := read(heads + "\n" +
		"2021|302|United States|1|Agency for International Development|2021001|AID-1|550|West Bank and Gaza Strip|ODA Grants|3.3|0.0123456789|302|3.3|Water \"for\" all|WATER|14030|Basic drinking water|22000|Donor country-based NGO|EcoPeace|2021-02-01 00:00:00|2024|Long\n" +
		"2021|302|United States|1|Agency for International Development|2021001|AID-1|589|Middle East, regional|ODA Loans|-0.5||302|||WATER|15220|Civilian peace|20000|NGO||||\n")
	if err != nil || len(all) != 2 {
		t.Fatalf("found %d, %v", len(all), err)
	}
	want := [][]string{{
		"crs.txt:2 2021/302/1/2021001 of OECD CRS: Water \"for\" all 2021-02-01..2024", "party Agency for International Development [XM-DAC-302-1] US", "party EcoPeace [] ",
		"term themes 14030 Basic drinking water", "term locations PS West Bank and Gaza Strip", "COMMITMENT EXACT 330000000 USD 2021", "DISBURSEMENT ROUNDED 1234568 USD 2021",
		"kept ProjectNumber: AID-1", "kept FlowName: ODA Grants", "kept CurrencyCode: 302", "kept Commitment_National: 3.3", "kept ChannelName: Donor country-based NGO",
	}, {
		"crs.txt:3 2021/302/1/2021001/2 of OECD CRS: WATER ..", "party Agency for International Development [XM-DAC-302-1] US", "term themes 15220 Civilian peace", "term locations 589 Middle East, regional",
		"COMMITMENT EXACT -50000000 USD 2021", "kept ProjectNumber: AID-1", "kept FlowName: ODA Loans", "kept CurrencyCode: 302", "kept ChannelName: NGO",
	}}
	for i := range want {
		if diff := cmp.Diff(want[i], show(all[i])); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// The newer files have commas and heads in small letters; where there are no dollars the donor's currency is taken.
func TestCommas(t *testing.T) {
	all, err := read("year,donor_code,donor_name,crs_id,recipient_name,usd_commitment,usd_disbursement,currency_code,commitment_national,disbursement_national,project_title,purpose_code,commitment_date\n" +
		"2022,10,Sweden,9,Jordan,,,10,63.234281,1,Core,15220,2022-01-03\n" + "2022,1650,A Foundation,8,Elsewhere,0,NULL,,,,Nothing,43010,\n")
	if err != nil || len(all) != 2 {
		t.Fatalf("found %d, %v", len(all), err)
	}
	want := [][]string{{
		"crs.txt:2 2022/10//9 of OECD CRS: Core ..", "party Sweden [] SE", "term themes 15220 Civilian peace-building, conflict prevention and resolution", "term locations JO Jordan",
		"COMMITMENT EXACT 6323428100 SEK 2022-01-03", "DISBURSEMENT EXACT 100000000 SEK 2022",
	}, {
		"crs.txt:3 2022/1650//8 of OECD CRS: Nothing ..", "party A Foundation [] PRIVATE", "term themes 43010 Multisector aid", "term locations  Elsewhere",
	}}
	for i := range want {
		if diff := cmp.Diff(want[i], show(all[i])); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// What is wrong is told, and its money counted.
func TestRefused(t *testing.T) {
	const head = "Year|DonorName|PurposeCode|USD_Commitment|CurrencyCode|Commitment_National|ProjectTitle|ExpectedStartDate\n"
	for row, want := range map[string]string{
		"21|Sweden|15220|1|||x|":           `REFUSED crs.txt:2 Year: found "21"; accepted is a year`,
		"2021|Sweden|15220|one|||x|":       `REFUSED crs.txt:2 USD_Commitment: found "one"; accepted is a number such as 30000 or 30000.50`,
		"2021|Sweden|15220||99|1|x|":       `REFUSED crs.txt:2 CurrencyCode: found "99"; accepted is the DAC's code of a currency, such as 302 for US dollars, or its ISO 4217 code`,
		"2021|Sweden|15220|1e12|||x|":      `REFUSED crs.txt:2 USD_Commitment: found 1000000000000000000 USD; accepted is at most 1000000000000.00 either way`,
		"2021||15220|1|||x|":               `REFUSED crs.txt:2 DonorName: is empty, and so is the agency; a grant has at least one donor`,
		"2021|Sweden|15220|1|||x|y|z":      `REFUSED crs.txt:2 : found 9 cells where the heads are 8; accepted are rows as long as the heads, with quotation marks that are closed`,
		"2021|Sweden|15220|1|||x|3/6/2021": `LEFT_OUT crs.txt:2 ExpectedStartDate: found "3/6/2021", which is 2021-06-03 or 2021-03-06; say whether the day or the month is first in this column; it is kept`,
	} {
		all, err := read(head + row + "\n")
		if err != nil || len(all) != 1 {
			t.Errorf("%s: found %d, %v", row, len(all), err)
			continue
		}
		if got := strings.Join(show(all[0]), "\n"); !strings.Contains(got, want) || len(all[0].Money) != 1 {
			t.Errorf("%s: found %d amounts and\n%s\nwant %s", row, len(all[0].Money), got, want)
		}
	}
	if _, err := read("Donor|Amount\nA|5\n"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("found %v", err)
	}
}

// Whatever the file, reading it ends without harm, and what is not refused is valid.
func FuzzRead(f *testing.F) {
	f.Add(heads + "\n2021|302|United States|1|AID|2021001|AID-1|550|West Bank|ODA Grants|3.3|0.01|302|3.3|Water|WATER|14030|Basic|22000|NGO|EcoPeace|2021-02-01|2024|Long\n")
	f.Fuzz(func(t *testing.T, text string) {
		all, _ := read(text)
		for _, d := range all {
			g := *d.Grant
			g.ID = "x"
			if err := g.Validate(); err != nil && !d.Refused() {
				t.Fatal(err)
			}
		}
	})
}
