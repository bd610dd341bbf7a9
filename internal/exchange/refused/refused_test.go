package refused_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/formats"
	"github.com/allmep/tandem/internal/exchange/freeform"
	"github.com/allmep/tandem/internal/exchange/refused"
)

const field = "Grants 2024;;;;;\nDonor;Country;Grantee;Project;Amount;Start\n" +
	"Sida;SE;EcoPeace;Water for all;SEK 1 234,50;3/6/2024\n" +
	";;;;;\n" +
	"Sida;SE;=EcoPeace();\"Wells; and\nmore\";SEK 20,00;2023-09\n" +
	"Sida;SE;Taghyeer;Roots;SEK twenty;2024\n"

var fieldColumns = []refused.Column{{"Donor", freeform.Donor}, {"Country", freeform.DonorState}, {"Grantee", freeform.Recipient}, {"Project", freeform.Title}, {"Amount", freeform.Amount}, {"Start", freeform.Start}}

func one(place string, reasons ...refused.Reason) refused.Grant {
	return refused.Grant{Place: place, Reasons: reasons}
}

// What is written of files, word for word.
func TestWrite(t *testing.T) {
	why := refused.Reason{Place: "f:3", Field: "amount", Text: "is nothing"}
	for name, c := range map[string]struct {
		in     string
		file   refused.File
		grants []refused.Grant
		want   string
	}{
		"rows under their heads, without those that are recorded": {field, refused.File{Columns: fieldColumns},
			[]refused.Grant{one("f:3", why, refused.Reason{Text: "=2+2"}), one("f:5", refused.Reason{Text: "=2+2"})},
			"Donor,Country,Grantee,Project,Amount,Start,row,reason\n" +
				"Sida,SE,EcoPeace,Water for all,\"SEK 1 234,50\",3/6/2024,3,amount: is nothing; =2+2\n" +
				"Sida,SE,'=EcoPeace(),\"Wells; and\nmore\",\"SEK 20,00\",2023-09,5,'=2+2\n"},
		"a file without a name": {field, refused.File{Columns: fieldColumns}, []refused.Grant{one("line 7", why)},
			"Donor,Country,Grantee,Project,Amount,Start,row,reason\nSida,SE,Taghyeer,Roots,SEK twenty,2024,7,amount: is nothing\n"},
		"what was refused before": {"Donor,Project,row,reason\nSida,Wells,17,was\n", refused.File{Columns: []refused.Column{{Head: "Donor"}, {Head: "Project"}, {Head: "row"}, {Head: "reason"}}},
			[]refused.Grant{one("f:2", why)}, "Donor,Project,row,reason\nSida,Wells,2,amount: is nothing\n"},
		"a row longer than the heads, and one shorter": {"Year|DonorCode|PurposeCode|USD_Commitment\n2021|302|a|b|14030\n2022\n", refused.File{Format: exchange.CRS},
			[]refused.Grant{one("f:2", why), one("f:3", why)},
			"Year,DonorCode,PurposeCode,USD_Commitment,,row,reason\n2021,302,a,b,14030,2,amount: is nothing\n2022,,,,,3,amount: is nothing\n"},
		"a file without rows": {"<iati-activities/>", refused.File{}, []refused.Grant{{Place: "f:1", Key: "SE-0-1", Title: "@Wells", Reasons: []refused.Reason{why, {Place: "f:4", Text: "is worse"}}}},
			"place,identifier,title,field,reason\nf:3,SE-0-1,'@Wells,amount,is nothing\nf:4,SE-0-1,'@Wells,,is worse\n"},
	} {
		var out bytes.Buffer
		err := refused.Write(&out, strings.NewReader(c.in), c.file, c.grants)
		if diff := cmp.Diff(c.want, out.String()); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", name, err, diff)
		}
	}
}

// No row is written for another: a file that does not have what was refused is told of.
func TestAnotherFile(t *testing.T) {
	for name, in := range map[string]string{"cut": field[:strings.Index(field, "Sida;SE;Tag")], "another": "Donor,Project\nSida,Wells\n"} {
		err := refused.Write(io.Discard, strings.NewReader(in), refused.File{Columns: fieldColumns}, []refused.Grant{one("f:7", refused.Reason{Text: "x"})})
		if err == nil || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%s: found %v", name, err)
		}
	}
}

// refuse reads a file and writes what is refused of it.
func refuse(t *testing.T, in string, o freeform.Options) (written string, all []*exchange.Draft) {
	t.Helper()
	r, err := formats.Open(strings.NewReader(in), "field.x", "", o)
	if err != nil {
		t.Fatal(err)
	}
	f := refused.File{Sheet: o.Sheet}
	if r, is := r.(*freeform.Reader); is {
		for _, c := range r.Mapping().Columns {
			f.Columns = append(f.Columns, refused.Column{Head: c.Head, Field: c.Field})
		}
	}
	var grants []refused.Grant
	for {
		d, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
		if !d.Refused() {
			continue
		}
		g := refused.Grant{Place: d.Place.String(), Key: d.Key, Title: d.Grant.Title}
		for _, p := range d.Problems {
			if p.Severity == exchange.Refused {
				g.Reasons = append(g.Reasons, refused.Reason{Place: p.Place.String(), Field: p.Field, Text: p.Text})
			}
		}
		grants = append(grants, g)
	}
	var out bytes.Buffer
	if err := refused.Write(&out, strings.NewReader(in), f, grants); err != nil {
		t.Fatal(err)
	}
	return out.String(), all
}

// without takes the last columns off.
func without(t *testing.T, file string, columns int) string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	for _, row := range rows {
		_ = w.Write(row[:len(row)-columns])
	}
	w.Flush()
	return out.String()
}

// What is written is refused again for the same reasons, and mended, with its last columns or without, it is what the file would have been, mended.
func TestMended(t *testing.T) {
	for name, c := range map[string]struct{ in, bad, good string }{
		"a sheet": {field, "3/6/2024", "2024-06-03"},
		"CRS":     {"Year|DonorCode|DonorName|CrsID|PurposeCode|USD_Commitment|ProjectTitle\n2021|302|United States|1|14030|3.3|Water\n2021|302|United States|2|14030|much|Wells\n", "much", "0.5"},
		"360Giving": {"Identifier,Title,Amount Awarded,Currency,Award Date,Funding Org:Identifier,Funding Org:Name,Recipient Org:Name\n360G-x-1,Dialogue,30,GBP,2021-01-26,GB-CHC-1,A Trust,Tech2Peace\n" +
			"360G-x-2,Talks,forty,GBP,2021-01-26,GB-CHC-1,A Trust,Tech2Peace\n", "forty", "40"},
	} {
		t.Run(name, func(t *testing.T) {
			in := strings.Replace(c.in, "SEK twenty", "SEK 20,00", 1)
			once, _ := refuse(t, in, freeform.Options{})
			again, all := refuse(t, once, freeform.Options{})
			if len(all) != 1 || without(t, again, 2) != without(t, once, 2) {
				t.Fatalf("refused once more:\n%s\nwant\n%s", again, once)
			}
			_, mended := refuse(t, strings.Replace(in, c.bad, c.good, 1), freeform.Options{})
			for _, text := range []string{once, without(t, once, 2)} {
				_, drafts := refuse(t, strings.Replace(text, c.bad, c.good, 1), freeform.Options{})
				if len(drafts) != 1 || drafts[0].Refused() {
					t.Fatalf("the mended file is refused: %v", drafts[0].Problems)
				}
				var found bool
				for _, d := range mended {
					found = found || d.Key == drafts[0].Key && cmp.Equal(d.Grant.Transactions, drafts[0].Grant.Transactions) && d.Grant.Title == drafts[0].Grant.Title &&
						d.Grant.Start == drafts[0].Grant.Start && cmp.Equal(d.Parties, drafts[0].Parties)
				}
				if !found {
					t.Errorf("found %+v, which is no grant of the mended file", drafts[0])
				}
			}
		})
	}
}

// Of a workbook days are written as days, figures as they are, and an amount that stands for several rows once.
func TestWorkbook(t *testing.T) {
	x := excelize.NewFile()
	for i, row := range [][]any{{"Donor", "Country", "Grantee", "Project", "Amount", "Currency", "Start"}, {"Sida", "SE", "EcoPeace", "Wells", 1500.5, "SEK", 45446},
		{"Sida", "SE", "EcoPeace", "Roots", nil, "SEK", 45447}, {"Sida", "SE", "EcoPeace", "Talks", -7, "GHC", 45448}} {
		if err := x.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.MergeCell("Sheet1", "E2", "E3"); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := x.Write(&b); err != nil {
		t.Fatal(err)
	}
	got, all := refuse(t, b.String(), freeform.Options{Sheet: "Sheet1"})
	want := "Donor,Country,Grantee,Project,Amount,Currency,Start\nSida,SE,EcoPeace,Roots,,SEK,2024-06-04\nSida,SE,EcoPeace,Talks,-7,GHC,2024-06-05\n"
	if diff := cmp.Diff(want, without(t, got, 2)); len(all) != 3 || diff != "" {
		t.Errorf("(-want +got)\n%s\n%s", diff, got)
	}
}
