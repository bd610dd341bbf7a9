package freeform_test

import (
	"archive/zip"
	"bytes"
	stdcmp "cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/freeform"
	"github.com/allmep/tandem/internal/exchange/table"
	"github.com/allmep/tandem/internal/exchange/written"
	"github.com/allmep/tandem/internal/money"
)

func open(t *testing.T, text string, o freeform.Options) *freeform.Reader {
	t.Helper()
	r, err := openFile(strings.NewReader(text), "field.csv", o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func drafts(t *testing.T, r *freeform.Reader) []*exchange.Draft {
	t.Helper()
	var all []*exchange.Draft
	for {
		d, err := r.Read()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
}

// show writes a draft for a test: who gives whom how much, from when to when, for what; then its problems.
func show(t *testing.T, d *exchange.Draft) string {
	t.Helper()
	name := func(ref string) string {
		i, err := strconv.Atoi(strings.TrimPrefix(ref, "#"))
		if err != nil {
			t.Fatal(err)
		}
		return d.Parties[i].Name + strings.TrimSuffix("/"+d.Parties[i].State, "/")
	}
	var funders, recipients, terms, award []string
	for _, p := range d.Grant.Funders {
		funders = append(funders, name(p.Organisation))
	}
	for _, p := range d.Grant.Recipients {
		recipients = append(recipients, name(p.Organisation))
	}
	for _, x := range d.Terms {
		terms = append(terms, strings.Trim(x.Code+" "+x.Name, " "))
	}
	for _, x := range d.Grant.Transactions {
		figure := money.FormatMinor(x.Amount.Currency, x.Amount.Minor)
		if x.Amount.Qualifier == money.Range {
			figure = money.FormatMinor(x.Amount.Currency, x.Amount.Low) + ".." + money.FormatMinor(x.Amount.Currency, x.Amount.High)
		}
		award = append(award, fmt.Sprintf("%s %s %s %s %s", x.Type, x.Amount.Qualifier, figure, x.Amount.Currency, x.Date))
	}
	return fmt.Sprintf("%d %s > %s: %s; %s; %s..%s +%d; %s; %s", d.Place.Line, strings.Join(funders, "+"), strings.Join(recipients, "+"), d.Grant.Title, strings.Join(award, ", "), d.Grant.Start, d.Grant.End,
		d.Grant.DurationMonths, strings.Join(terms, "+"), d.Grant.Status)
}

func problems(d *exchange.Draft, least exchange.Severity) []string {
	var out []string
	for _, p := range d.Problems {
		if p.Severity >= least {
			out = append(out, fmt.Sprintf("%s %s %s: %s", p.Severity, p.Place, p.Field, p.Text))
		}
	}
	return out
}

func fields(m freeform.Mapping) []freeform.Field {
	var out []freeform.Field
	for _, c := range m.Columns {
		out = append(out, c.Field)
	}
	return out
}

// Heads in the languages of the field.
func TestGuessesHeads(t *testing.T) {
	for head, want := range map[string][]freeform.Field{
		"Donor;Grantee;Project title;Amount (USD);Start date;End date;Sector;Status":  {freeform.Donor, freeform.Recipient, freeform.Title, freeform.Amount, freeform.Start, freeform.End, freeform.Theme, freeform.Status},
		"Bailleur;Bénéficiaire;Intitulé du projet;Montant;Devise;Date de début":       {freeform.Donor, freeform.Recipient, freeform.Title, freeform.Amount, freeform.Currency, freeform.Start},
		"Geldgeber;Zuwendungsempfänger;Projekttitel;Betrag;Währung;Laufzeit bis":      {freeform.Donor, freeform.Recipient, freeform.Title, freeform.Amount, freeform.Currency, freeform.End},
		"תורם;עמותה;שם הפרויקט;סכום;מטבע;תאריך התחלה;הערות":                           {freeform.Donor, freeform.Recipient, freeform.Title, freeform.Amount, freeform.Currency, freeform.Start, freeform.Note},
		"الجهة المانحة;المستفيد;المشروع;المبلغ;العملة;تاريخ البدء;الحالة":             {freeform.Donor, freeform.Recipient, freeform.Title, freeform.Amount, freeform.Currency, freeform.Start, freeform.Status},
		"funderName;recipientName;grantTitle;grantAmount;awardDate;Colour of the pen": {freeform.Donor, freeform.Recipient, freeform.Title, freeform.Amount, freeform.AwardDate, freeform.Unused},
	} {
		if got := fields(open(t, head+"\n", freeform.Options{}).Mapping()); !slices.Equal(got, want) {
			t.Errorf("%s:\nfound %q\n want %q", head, got, want)
		}
	}
}

// What the values contradict is no guess, and says why; what they can hardly be otherwise is one.
func TestGuessesByValues(t *testing.T) {
	m := open(t, "Donor;Title;Amount;X;Y\nA;B;blue;USD;https://a.example\nA;C;green;EUR;https://b.example\n", freeform.Options{}).Mapping()
	if got, want := fields(m), []freeform.Field{freeform.Donor, freeform.Title, freeform.Unused, freeform.Currency, freeform.Source}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	if got, want := m.Columns[2].Reason, "amount? the head says so, but no value is an amount"; got != want {
		t.Errorf("found %q, want %q", got, want)
	}
}

// What the values say for a head and against it.
func TestSaysWhatTheValuesAre(t *testing.T) {
	for amounts, want := range map[string]string{
		"1":             "the head says so; its one value is an amount",
		"1\n2":          "the head says so; all 2 values are amounts",
		"1\n2\na":       "the head says so; 2 of 3 values are amounts",
		"1\na\nb":       "amount? the head says so, but only 1 of 3 values is an amount",
		"1\n2\na\nb\nc": "amount? the head says so, but only 2 of 5 values are amounts",
		"a":             "amount? the head says so, but no value is an amount",
	} {
		m := open(t, "Amount;Donor;Title\n"+amounts+"\n", freeform.Options{}).Mapping()
		if got := m.Columns[0].Reason; got != want {
			t.Errorf("%q: found %q, want %q", amounts, got, want)
		}
	}
}

const field = "Grants of the field, 2024;;;;;;;;;\n;;;;;;;;;\n" +
	"Ref no;Donor;Donor state;Grantee;Project;Amount;Cur;Start;End;Sector;Status;Remarks;Shelf\n" +
	"A-1;Sida;Sweden;EcoPeace;Water for all;63.234.281;SEK;2022;13/6/2026;14030 Basic drinking water;ongoing;;3\n" +
	"A-2;USAID;USA;(undisclosed);Women;at least $2 million;;3/6/2024;;women; pipeline ;;\n" +
	"A-3;;CH;Reut;;250.000–500.000;CHF;Sept 2015;2017-03;\"education\u00A0; health\";closed;twice told;\n" +
	";;;Total;;66.000.000;;;;;;;\n" +
	";;;;;;;;;;;;\n" +
	"A-4;DFAT;AU;Tech2Peace;Code;C$ 5;CAD;44222;;;lost;;\n" +
	"A-4;DFAT;AU;Tech2Peace;Code;1.234;KWD;;;;;;\n" +
	";DFAT;AU;Tech2Peace;Code;5 €;USD;;;;;;\n"

// Rows under a title become drafts; what cannot be told is asked about, with both readings, unless the column's other values tell.
func TestRows(t *testing.T) {
	all := drafts(t, open(t, field, freeform.Options{}))
	want := []string{
		"4 Sida/SE > EcoPeace: Water for all; COMMITMENT EXACT 63234281.00 SEK ; 2022..2026-06-13 +0; 14030 Basic drinking water; ACTIVE",
		"5 USAID/US > : Women; PLEDGE AT_LEAST 2000000.00 USD ; .. +0; women; PIPELINE",
		"6 Switzerland/CH > Reut: Reut; COMMITMENT RANGE 250000.00..500000.00 CHF ; 2015-09..2017-03 +0; education+health; CLOSED",
		"9 DFAT/AU > Tech2Peace: Code; COMMITMENT EXACT 5.00 CAD ; .. +0; ; ACTIVE",
		"10 DFAT/AU > Tech2Peace: Code; COMMITMENT EXACT 1234.000 KWD ; .. +0; ; ACTIVE",
		"11 DFAT/AU > Tech2Peace: Code; ; .. +0; ; ACTIVE",
	}
	var got, bad []string
	for _, d := range all {
		got = append(got, show(t, d))
		bad = append(bad, problems(d, exchange.Repaired)...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("drafts (-want +got):\n%s", diff)
	}
	wantBad := []string{
		`REFUSED field.csv:5 column H "Start": found "3/6/2024", which is 2024-06-03 or 2024-03-06; say whether the day or the month is first in this column`,
		`REPAIRED field.csv:6 column E "Project": is empty; the grant is called "Reut"`,
		`LEFT_OUT field.csv:9 column K "Status": found "lost"; accepted are words such as planned, active, completed, cancelled and suspended: the grant is taken for ACTIVE`,
		`REFUSED field.csv:9 column H "Start": found "44222"; accepted are dates such as 2016, 2015-09, 2023-02-01, Sept 2015, 1 February 2023 or 13/6/2024`,
		`REFUSED field.csv:11 column F "Amount": found "5 €" where the currency is said to be USD; accepted is one currency`,
	}
	if diff := cmp.Diff(wantBad, bad); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	notes := problems(all[2], exchange.Noted)
	if want := `NOTED field.csv:7 : "Total": the row sums up others to 66.000.000; it was left out`; !slices.Contains(notes, want) {
		t.Errorf("found %q", notes)
	}
	if all[3].Key != all[4].Key || all[5].Key == "" {
		t.Errorf("found the keys %q, %q and %q", all[3].Key, all[4].Key, all[5].Key)
	}
	if len(all[0].Kept) != 1 || all[0].Kept[0].Text != "Shelf: 3" {
		t.Errorf("the unused column: found %v and %q", all[0].Kept, problems(all[0], 0))
	}
	if all[0].Key != "field#A-1" || all[0].Source != "field" || !slices.Equal(all[0].Grant.Identifiers, []string{"A-1"}) {
		t.Errorf("found the key %q of %q, and %q", all[0].Key, all[0].Source, all[0].Grant.Identifiers)
	}
	if !slices.Equal(all[5].Money, []exchange.Money{{Type: "amount", Currency: "EUR", Value: "5"}}) {
		t.Errorf("the money of a refused row: found %v", all[5].Money)
	}
}

// What is guessed can be corrected: what a column is, what is first in a date, and the currency of it all.
func TestCorrected(t *testing.T) {
	r := open(t, field, freeform.Options{Columns: map[string]string{"Shelf": "location", "h": "award_date", "Remarks": ""}, Dates: written.MonthFirst})
	all := drafts(t, r)
	if got, want := show(t, all[1]), "5 USAID/US > : Women; PLEDGE AT_LEAST 2000000.00 USD 2024-03-06; .. +0; women; PIPELINE"; got != want {
		t.Errorf("found %s, want %s", got, want)
	}
	if c := r.Mapping().Columns[7]; c.Field != freeform.AwardDate || c.Confidence != 100 || c.Dates != written.MonthFirst {
		t.Errorf("found %+v", c)
	}
	if all[2].Kept[0].Text != "Remarks: twice told" {
		t.Errorf("found %v", all[2].Kept)
	}
	for column, f := range map[string]string{"Z": `column: found the column "Z"; the file has A "Ref no", B "Donor"`, "A": `column: found "colour"; accepted are donor, donor_state`} {
		if _, err := openFile(strings.NewReader(field), "field.csv", freeform.Options{Columns: map[string]string{column: "colour"}}); err == nil || column == "A" && !strings.HasPrefix(err.Error(), f) {
			t.Errorf("found %v, want %s", err, f)
		}
	}
	other := open(t, "Donor;Title;Amount;Budget\nA;B;1;2\n", freeform.Options{Columns: map[string]string{"Budget": "amount"}, Currency: "SEK"})
	if got, want := show(t, drafts(t, other)[0]), "2 A > : B; COMMITMENT EXACT 2.00 SEK ; .. +0; ; ACTIVE"; got != want {
		t.Errorf("found %s, want %s", got, want)
	}
}

// A table in which no column is a donor is shown its mapping, and not read.
func TestNoDonor(t *testing.T) {
	r := open(t, "Title;Amount\nA;5\n", freeform.Options{})
	if _, err := r.Read(); err == nil || err.Error() != `column: no column is the donor; say which, or which is the donor_state; the columns are A "Title" (title), B "Amount" (amount)` || len(r.Mapping().Columns) != 2 {
		t.Errorf("found %v", err)
	}
}

// Without a currency an amount is asked about; the head may have it, and by how much its amounts are to be multiplied.
func TestCurrencyOfAColumn(t *testing.T) {
	for head, want := range map[string]string{
		"Amount":            "",
		"Amount (USD)":      "COMMITMENT EXACT 12.50 USD ",
		"Amount, EUR '000":  "COMMITMENT EXACT 12500.00 EUR ",
		"Amount (€ Mio.)":   "COMMITMENT EXACT 12500000.00 EUR ",
		"Grant amount, NIS": "COMMITMENT EXACT 12.50 ILS ",
	} {
		d := drafts(t, open(t, "Donor;Title;"+head+"\nA;B;12.5\n", freeform.Options{}))[0]
		if got := strings.Split(show(t, d), "; ")[1]; got != want {
			t.Errorf("%s: found %q, want %q", head, got, want)
		}
		if (len(d.Money) != 1) || d.Refused() != (want == "") {
			t.Errorf("%s: found %v", head, d.Problems)
		}
	}
}

// An amount that says that it is in millions, under a head that says so, too, is not multiplied twice.
func TestScaledTwice(t *testing.T) {
	d := drafts(t, open(t, "Donor;Title;Amount (USD millions)\nA;B;0.3 million\n", freeform.Options{}))[0]
	want := []string{`REFUSED field.csv:2 column C "Amount (USD millions)": found "0.3 million" under a head that says that amounts are in units of 1000000; accepted are figures alone`}
	if diff := cmp.Diff(want, problems(d, exchange.Repaired)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A donor state that is none is kept.
func TestNoState(t *testing.T) {
	all := drafts(t, open(t, "Donor;Donor state;Title;Status\nA;SE;B;open\nA;SE;C;open\nA;Atlantis;D;open\n", freeform.Options{}))
	if kept := all[2].Kept; len(kept) != 1 || kept[0].Text != `column B "Donor state": Atlantis` || len(problems(all[2], exchange.LeftOut)) != 1 {
		t.Errorf("found %v and %v", kept, all[2].Problems)
	}
}

// Of the amount, the least and the most one is recorded; what the others say beside it is kept, and they have one currency.
func TestAmountsOfARow(t *testing.T) {
	for row, want := range map[string]string{
		"50;;;":           "COMMITMENT EXACT 50.00 USD ",
		";6;100;":         "COMMITMENT RANGE 6.00..100.00 USD ",
		"53;6;100;range":  "COMMITMENT RANGE 6.00..100.00 USD ",
		"50;50;;at least": "COMMITMENT AT_LEAST 50.00 USD ",
		"50;6;100;":       "COMMITMENT EXACT 50.00 USD  column D: 6 column E: 100",
		"50;6;100;range":  "COMMITMENT RANGE 6.00..100.00 USD  column C: 50",
		"40-60;6;;":       "COMMITMENT RANGE 40.00..60.00 USD  column D: 6",
		";EUR 5;USD 6;":   "! is in EUR and in USD",
		"€5;;USD 6;":      "! is in EUR and in USD",
	} {
		o := freeform.Options{}
		if !strings.HasPrefix(want, "!") {
			o.Currency = "USD"
		}
		d := drafts(t, open(t, "Donor;Title;Amount;Minimum;Maximum;Qualifier\nA;B;"+row+"\n", o))[0]
		got := strings.Split(show(t, d), "; ")[1]
		for _, k := range d.Kept {
			got += " " + k.Text[:len("column D")] + k.Text[strings.LastIndex(k.Text, ":"):]
		}
		if d.Refused() {
			text, _, _ := strings.Cut(d.Problems[0].Text, ";")
			got = "! " + text
		}
		if got != want || len(d.Money) != 1 {
			t.Errorf("%s: found %q and %v, want %q", row, got, d.Money, want)
		}
	}
}

// Terms share the grant as their percentages say, if those make sense; Tandem's own tables have them so.
func TestPercentages(t *testing.T) {
	for text, want := range map[string]string{"water 60%; health 40%": "60 40", "water (25 %); health (75 %)": "25 75", "water; health": "50 50", "water 60%; health": "50 50", "water 60%; health 60%": "50 50",
		"water 33.3%; health (66.7 %)": "33.3 66.7", "water 0.000001%; health 99.999999%": "0.000001 99.999999"} {
		d := drafts(t, open(t, "Donor;Title;Themes\nA;B;\""+text+"\"\n", freeform.Options{}))[0]
		got := []string{}
		for i, s := range d.Grant.Themes {
			got = append(got, s.Percent.String())
			if name := d.Terms[i].Name; name != "water" && name != "health" {
				t.Errorf("%s: found the theme %q", text, name)
			}
		}
		if strings.Join(got, " ") != want || len(problems(d, exchange.Repaired)) != map[bool]int{true: 1}[want == "50 50" && strings.Contains(text, "%")] {
			t.Errorf("%s: found %s, %q", text, got, problems(d, exchange.Repaired))
		}
	}
}

// One amount in a cell that is merged over two rows is no amount of either.
func TestMergedAmount(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"xl/workbook.xml":            `<workbook><sheets><sheet name="S" id="a"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="a" Target="s.xml"/></Relationships>`,
		"xl/s.xml": `<worksheet><sheetData><row r="1"><c t="str"><v>Donor</v></c><c t="str"><v>Grantee</v></c><c t="str"><v>Amount (USD)</v></c><c t="str"><v>Start</v></c></row>
			<row r="2"><c t="str"><v>Sida</v></c><c t="str"><v>A</v></c><c><v>500000</v></c><c><v>44222</v></c></row><row r="3"><c r="B3" t="str"><v>B</v></c></row></sheetData>
			<mergeCells><mergeCell ref="A2:A3"/><mergeCell ref="C2:C3"/></mergeCells></worksheet>`,
	} {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := openFile(&b, "s.xlsx", freeform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := drafts(t, r)
	want := []string{
		`2 Sida > A: A; COMMITMENT EXACT 500000.00 USD ; 2021-01-26.. +0; ; ACTIVE`, `3 Sida > B: B; ; .. +0; ; ACTIVE`,
	}
	if diff := cmp.Diff(want, []string{show(t, all[0]), show(t, all[1])}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := problems(all[1], exchange.Refused); !cmp.Equal(got, []string{`REFUSED s.xlsx:S:3 column C "Amount (USD)": is one cell for the rows from 2 on; accepted is an amount for each row, or one row`}) {
		t.Errorf("found %q", got)
	}
}

// The 76 facts on grants to peacebuilders: two rows sum up others and are left out, the rest are drafts, none of them refused, and the control totals hold.
func TestRealFacts(t *testing.T) {
	file, err := os.Open(filepath.Join(stdcmp.Or(os.Getenv("TANDEM_REALDATA"), "../../../../shared/realdata"), "allmep/facts.csv"))
	if err != nil {
		t.Skip("no real data:", err)
	}
	defer file.Close()
	r, err := openFile(file, "facts.csv", freeform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := drafts(t, r)
	usd := map[string]int64{}
	var left []string
	for _, d := range all {
		if d.Refused() {
			t.Errorf("%s is refused: %q", d.Key, problems(d, exchange.Refused))
		}
		for _, x := range d.Grant.Transactions {
			if x.Amount.Currency == "USD" {
				usd[strings.TrimPrefix(d.Key, "facts#")] = x.Amount.Minor
			}
		}
		for _, p := range d.Problems {
			if strings.Contains(p.Text, "sums up") {
				left = append(left, p.Text)
			}
		}
	}
	if want := []string{`"(three awards together)": the row sums up others to 7800000; it was left out`, `"First two awards together": the row sums up others to 5500000; it was left out`}; !slices.Equal(left, want) || len(all) != 74 {
		t.Errorf("of %d drafts found left out %q", len(all), left)
	}
	if a, b := usd["F006"]+usd["F007"]+usd["F010"], usd["F002"]+usd["F003"]; a != 780_000_000 || b != 550_000_000 {
		t.Errorf("found %d and %d", a, b)
	}
	if usd["F007"] != 230_000_000 || usd["F008"] != 235_000_000 || usd["F009"] != 100_000_000 || usd["F001"] != usd["F002"] {
		t.Errorf("found %v", usd)
	}
}

// Whatever the table, reading it ends without harm, and what is not refused is valid.
func FuzzRead(f *testing.F) {
	f.Add(field)
	f.Add("Donor,Title,Amount (USD)\nA,B,\"$3.3 million\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := openFile(strings.NewReader(text), "x.csv", freeform.Options{})
		for err == nil {
			var d *exchange.Draft
			if d, err = r.Read(); err == nil && !d.Refused() {
				g := *d.Grant
				g.ID = "x"
				if err := g.Validate(); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// openFile opens a file with any heads.
func openFile(r io.Reader, file string, o freeform.Options) (*freeform.Reader, error) {
	in, err := table.Open(r, o.Sheet)
	if err != nil {
		return nil, err
	}
	return freeform.New(in, file, o)
}
