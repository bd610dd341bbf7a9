package iati

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

func TestAnActivityIsAGrant(t *testing.T) {
	drafts := readFile(t, "testdata/water.xml")
	if len(drafts) != 1 {
		t.Fatalf("there are %d", len(drafts))
	}
	d, g := drafts[0], drafts[0].Grant
	party := func(ref string) string {
		i, _ := exchange.Index(ref)
		p := d.Parties[i]
		return strings.Join([]string{p.Name, strings.Join(p.Identifiers, " "), p.State}, "|")
	}
	term := func(s grant.Split) string {
		i, _ := exchange.Index(s.ID)
		return d.Terms[i].Code + " " + d.Terms[i].Name + " " + s.Percent.String()
	}
	var said []string
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	say("%s %s %s %q", d.Key, d.Source, d.Date, g.Identifiers)
	say("%s: %s %s %s..%s %s", g.Title, g.Description, g.Status, g.Start, g.End, g.Visibility)
	say("reporter %s, funder %s, recipient %s, %s %s", party(d.Reporter), party(g.Funders[0].Organisation), party(g.Recipients[0].Organisation),
		g.Partners[0].Role, party(g.Partners[0].Organisation))
	for _, s := range append(slices.Clone(g.Themes), g.Locations...) {
		say("%s", term(s))
	}
	for _, tr := range g.Transactions {
		say("%s %s %s %s %s %d", tr.ID, tr.Type, tr.Date, tr.ValueDate, tr.Amount.Currency, tr.Amount.Minor)
	}
	for _, b := range g.Budgets {
		say("%s..%s %s %d", b.Start, b.End, b.Currency, b.Minor)
	}
	for _, m := range d.Money {
		say("%s %s %s %d", m.Type, m.Currency, m.Value, m.Use)
	}
	for _, r := range d.Related {
		say("%s %s", r.Type, r.Key)
	}
	for _, p := range d.Problems {
		say("%s %s %s: %s", p.Place, p.Severity, p.Field, p.Text)
	}
	want := `NL-KVK-00000001-W1 NL-KVK-00000001 2024-04-30 ["NL-KVK-00000001-W1" "4000001234"]
Water for the valley: Wells & cisterns. ACTIVE 2022-03-01..2025-02-28 PUBLIC
reporter Water Aid Utrecht|NL-KVK-00000001|, funder Ministry of Foreign Affairs|XM-DAC-7|NL, recipient Valley Wells||, ACCOUNTABLE Water Aid Utrecht|NL-KVK-00000001|
14030 Basic drinking water supply and basic sanitation 66.666667
15220 Civilian peace-building, conflict prevention and resolution 33.333333
PS Palestine, State of 60
IL Israel 40
1 COMMITMENT 2022-03-01  EUR 20000000
2 DISBURSEMENT 2022-04-01 2022-03-31 ILS -100000
3 DISBURSEMENT 2022-06-01  EUR 5000
2022-03-01..2022-12-31 EUR 10000000
11 Incoming Commitment EUR 250000 1
2 Outgoing Commitment EUR 200000 0
3 Disbursement ILS -1000.005 0
7 Reimbursement EUR 50 0
SUB_GRANT_OF XM-DAC-7-PPR-1
water.xml:29 NOTED transaction: the type 11 Incoming Commitment is no money that the grant gives; such transactions are kept word for word
water.xml:37 REPAIRED transaction/value: found -1000.005; ILS has 2 decimals; recorded as -1000.00, ROUNDED
water.xml:37 REPAIRED transaction/transaction-date/@iso-date: found "2022-4-1"; read as 2022-04-01
water.xml:23 REPAIRED sector/@percentage: sum to 99.9; accepted is 100; rescaled`
	if got := strings.Join(said, "\n"); got != want {
		t.Errorf("found\n%s", got)
	}
	kept := map[string]string{}
	for _, k := range d.Kept {
		kept[k.Part] = k.Text
	}
	for part, pieces := range map[string][]string{
		"": {`<iati-activity default-currency="EUR" xml:lang="en"`, ` xmlns:own="https://example.org/own"/>`, `<policy-marker`, `<own:score own:scale="5">4</own:score>`,
			`<transaction ref="t1">`, `<related-activity`, `<reporting-org`},
		"title":          {"De l'eau pour la vallée"},
		"transactions/1": {`<aid-type code="C01"/>`},
		"themes":         {`<sector vocabulary="99" code="W">`, `percentage="66.6"`},
		"budgets":        {`type="1"`},
		"start":          {`type="1" iso-date="2022-01-01"`},
	} {
		for _, piece := range pieces {
			if !strings.Contains(kept[part], piece) {
				t.Errorf("%q is not kept of %q: %s", piece, part, kept[part])
			}
		}
	}
	if _, there := kept["description"]; there {
		t.Error("a description is kept that the record has whole")
	}
}

// activityOf reads one activity in which these elements stand after what is needed.
func activityOf(t *testing.T, elements string) *exchange.Draft {
	t.Helper()
	drafts, err := readAll(NewReader(strings.NewReader(`<iati-activities version="2.03"><iati-activity default-currency="EUR">
<iati-identifier>X-1</iati-identifier><reporting-org ref="SE-0" type="10"><narrative>Sweden</narrative></reporting-org><title><narrative>T</narrative></title>
<activity-status code="2"/>`+elements+`</iati-activity></iati-activities>`), "a.xml", ""))
	if err != nil || len(drafts) != 1 {
		t.Fatalf("%d drafts: %v", len(drafts), err)
	}
	return drafts[0]
}

func TestTheStateOfAFunder(t *testing.T) {
	for _, c := range []struct{ org, state string }{
		{`ref="US-GOV-1" type="10"`, "US"},
		{`ref="GB-1"`, "GB"},
		{`ref="NL" type="Government"`, "NL"}, // a word where a code belongs
		{`ref="NL" type="21"`, "PRIVATE"},
		{`ref="XI-IATI-EC_INTPA" type="15"`, "EU"},
		{`ref="XM-DAC-5-7" type="10"`, "DE"},
		{`ref="XM-DAC-41122" type="40"`, "UN"},
		{`ref="XM-DAC-918-3" type="15"`, "EU"},
		{`ref="41122" type="40"`, "UN"},
		{`ref="GB-CHC-202918" type="21"`, "PRIVATE"},
		{`ref="US-EIN-300108263"`, "PRIVATE"},
		{`ref="13" type="10"`, "SE"}, // a ministry of the government that reports
		{`ref="47045" type="40"`, ""},
		{`ref="47066" type="40"`, "UN"},
		{`ref="XM-DAC-41317" type="40"`, ""}, // the Green Climate Fund is no agency of the United Nations
		{`ref="XM-DAC-42004"`, "EU"},
		{`ref="XM-DAC-44002" type="40"`, ""},
		{`type="10" name="Japan"`, "JP"},
		{`type="10" name="The United Kingdom"`, "GB"},
		{`type="10" name="Ministry of Water"`, "SE"},
		{`type="40" name="Japan"`, ""}, // whatever it is
	} {
		org, name, _ := strings.Cut(c.org, ` name=`)
		d := activityOf(t, `<participating-org role="1" `+org+`><narrative>`+cmp.Or(strings.Trim(name, `"`), "Funder")+`</narrative></participating-org>`)
		i, _ := exchange.Index(d.Grant.Funders[0].Organisation)
		if got := d.Parties[i].State; got != c.state {
			t.Errorf("%s is of %q; want %q", c.org, got, c.state)
		}
	}
}

func TestPercentagesSumToTheWhole(t *testing.T) {
	for _, c := range []struct{ elements, splits, told string }{
		{`<sector code="14030"/>`, "100", ""},
		{`<sector code="14030" percentage="60"/><sector code="15220"/>`, "60 40", ""},
		{`<sector code="14030" percentage="0"/><sector code="15220" percentage="100"/>`, "0 100", ""},
		{`<sector code="14030"/><sector code="15220"/><sector code="11110"/>`, "33.333333 33.333334 33.333333", "3 of 3 are not said; they share the rest, 100.00, equally"},
		{`<sector code="14030" percentage="50"/><sector code="15220" percentage="75"/>`, "40 60", "sum to 125; accepted is 100; rescaled"},
		{`<sector code="14030" percentage="0"/>`, "", "are all 0; they are left out"},
		{`<sector code="14030" percentage="x"/>`, "100", `found "x"; accepted are 0 to 100; read as not said`},
		{tx(2, "300", `<sector code="14030"/>`) + tx(2, "100", `<sector code="15220"/>`), "75 25", ""},
		{tx(2, "100", `<sector code="14030" percentage="50"/>`) + tx(2, "100", `<sector code="15220"/>`), "50 50", "sum to 50; accepted is 100; rescaled"},
		{tx(2, "100", `<sector code="14030" percentage="0"/>`) + tx(2, "100", `<sector code="15220"/>`), "100", "are all 0; they are left out"},
		{tx(2, "300", `<sector code="14030"/>`) + tx(3, "100", `<sector code="15220"/>`), "100", ""},
		{tx(2, "300", `<sector code="14030"/>`) + tx(2, "-100", `<sector code="15220"/>`), "", "the transactions differ in it, and their amounts, in several currencies or less than 0, do not tell how much is for which; it is left out"},
	} {
		d := activityOf(t, c.elements)
		var splits, told []string
		for _, s := range d.Grant.Themes {
			splits = append(splits, s.Percent.String())
		}
		for _, p := range d.Problems {
			if strings.Contains(p.Field, "sector") {
				told = append(told, p.Text)
			}
		}
		if strings.Join(splits, " ") != c.splits || strings.Join(told, "; ") != c.told {
			t.Errorf("%s: %q, %q", c.elements, splits, told)
		}
	}
}

// An activity has one of these, and so does an export: it would not be valid with what else stands there.
func TestOfSeveralOneIsKept(t *testing.T) {
	for field, elements := range map[string]string{
		"iati-identifier": `<iati-identifier>X-2</iati-identifier>`,
		"title":           `<title><narrative xml:lang="fr">U</narrative></title>`,
		"activity-status": `<activity-status code="4"/>`,
	} {
		d := activityOf(t, elements)
		if i := slices.IndexFunc(d.Problems, func(p exchange.Problem) bool { return p.Field == field }); i < 0 || d.Problems[i].Severity != exchange.LeftOut || d.Problems[i].Text != "is there 2 times; the first is taken" {
			t.Errorf("%s: %+v", field, d.Problems)
		}
		if d.Key != "X-1" || d.Grant.Title != "T" || d.Grant.Status != grant.Active {
			t.Errorf("%s: recorded is %+v", field, d.Grant)
		}
	}
	reader := NewReader(strings.NewReader(`<iati-activities version="2.03"><iati-activity><iati-identifier>X-1</iati-identifier><title><narrative xml:lang="fr">T</narrative></title>
<title><narrative>U</narrative></title></iati-activity></iati-activities>`), "a.xml", "EUR")
	d, err := reader.Read()
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(d.Kept, func(k grant.Kept) bool { return k.Part == "title" }); i < 0 || d.Kept[i].Text != `<title><narrative xml:lang="fr">T</narrative></title>` {
		t.Errorf("kept are %+v", d.Kept)
	}
}

func tx(code int, value, more string) string {
	return fmt.Sprintf(`<transaction><transaction-type code="%d"/><transaction-date iso-date="2022-03-01"/><value>%s</value>%s</transaction>`, code, value, more)
}

// TestOfSeveralTheFirstIsTaken holds that the others, for which there is no place, are told of, and kept with the transaction or the budget that they are in.
func TestOfSeveralTheFirstIsTaken(t *testing.T) {
	for _, c := range []struct{ elements, again, field string }{
		{tx(2, "100", `<value>5</value>`), `<value>5</value>`, "transaction/value"},
		{tx(2, "100", `<transaction-date iso-date="2024-01-01"/>`), `"2024-01-01"`, "transaction/transaction-date"},
		{`<budget><period-start iso-date="2022-01-01"/><period-end iso-date="2022-12-31"/><value>100</value><value>5</value></budget>`, `<value>5</value>`, "budget/value"},
	} {
		d := activityOf(t, c.elements)
		i := slices.IndexFunc(d.Problems, func(p exchange.Problem) bool { return p.Field == c.field })
		if i < 0 || d.Problems[i].Severity != exchange.LeftOut || d.Problems[i].Text != "is there 2 times; the first is taken" {
			t.Errorf("%s: %+v", c.elements, d.Problems)
		}
		if !slices.ContainsFunc(d.Kept, func(k grant.Kept) bool { return k.Part != "" && strings.Contains(k.Text, c.again) }) {
			t.Errorf("%s: %q is not kept", c.elements, c.again)
		}
		for _, tr := range d.Grant.Transactions {
			if tr.Amount.Minor != 10000 || tr.Date.String() != "2022-03-01" {
				t.Errorf("%s: recorded is %+v", c.elements, tr)
			}
		}
		for _, b := range d.Grant.Budgets {
			if b.Minor != 10000 {
				t.Errorf("%s: recorded is %+v", c.elements, b)
			}
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	for _, c := range []struct{ elements, field string }{
		{tx(2, "8,702", ""), "transaction/value"},
		{tx(2, "1e6", ""), "transaction/value"},
		{tx(2, "", ""), "transaction/value"},
		{tx(14, "1", ""), "transaction/transaction-type/@code"},
		{`<transaction><transaction-type code="2"/></transaction>`, "transaction/value"},
		{`<transaction><transaction-type code="2"/><value currency="GHC">1</value></transaction>`, "transaction/value/@currency"},
		{tx(2, "1000000000000000", ""), "transaction/value"},
	} {
		d := activityOf(t, c.elements)
		if !d.Refused() || len(d.Grant.Transactions) > 0 || len(d.Money) != 1 {
			t.Errorf("%s: %+v", c.elements, d.Problems)
			continue
		}
		if p := d.Problems[slices.IndexFunc(d.Problems, func(p exchange.Problem) bool { return p.Severity == exchange.Refused })]; p.Field != c.field || p.Place.Line == 0 {
			t.Errorf("%s: %+v", c.elements, p)
		}
	}
	if d := activityOf(t, tx(7, "-5", "")); d.Refused() {
		t.Errorf("a negative disbursement: %+v", d.Problems)
	}
}

// TestFilesThatCannotBeRead holds that each is refused with the line and the reason, and that what comes before is read.
func TestFilesThatCannotBeRead(t *testing.T) {
	const open = `<iati-activities version="2.03">`
	for _, c := range []struct{ file, says string }{
		{"", "a.xml:1: the file is empty"},
		{"grant,amount\n", `a.xml:1: found "grant,amount" where XML has to begin`},
		{`<iati-activities version="1.05"/>`, "found IATI version 1.05; accepted are 2.01, 2.02, 2.03: convert the file"},
		{`<iati-organisations version="2.03"/>`, "an IATI organisation file"},
		{`<rss/>`, "found <rss>"},
		{`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>` + open, "document type declaration"},
		{open + "\n<iati-activity><title>&lol;</title></iati-activity>", "a.xml:2: found &lol;"},
		{open + "\n<iati-activity>\n<title>", "a.xml:2: the file ends in the middle"},
		{open + "\n<iati-activity>\n<title></titel></iati-activity>", "a.xml:3: found </titel> where </title>"},
		{open + `<iati-activity a="1" a="2"/>`, "attribute a twice"},
		{open + `<iati-activity a=1/>`, "not in quotes"},
		{open, "ends without </iati-activities>"},
		{open + "</iati-activities>\n<more/>", "a.xml:2: found \"<more/>\" after"},
		{open + strings.Repeat("<a>", 9), "nested deeper than 9"},
		{open + strings.Repeat("\n<more/>", 1002), "a.xml:1003: found more than 1000 elements in a row that are no activities"},
		{open + "<iati-activity" + attributes(101) + "/>", "<iati-activity> has more than 100 attributes"},
		{open + "<iati-activity>\x01</iati-activity>", "a character that XML does not allow"},
		{open + "<iati-activity>\xff</iati-activity>", "a character that XML does not allow"},
		{`<?xml version="1.0" encoding="klingon"?>`, `the encoding "klingon"`},
	} {
		_, err := readAll(NewReader(strings.NewReader(c.file), "a.xml", ""))
		if err == nil || fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v", c.file, err)
		}
	}
}

func attributes(n int) string {
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, " a%d=''", i)
	}
	return all.String()
}

// endless is a file that never ends.
type endless struct {
	head, again string
	read        int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.head)
	e.head = e.head[n:]
	for n < len(p) && e.head == "" {
		n += copy(p[n:], e.again)
	}
	e.read += n
	return n, nil
}

func TestEndlessFilesAreRefusedSoon(t *testing.T) {
	for _, c := range []struct{ head, again string }{
		{"", " "},
		{`<iati-activities a="`, "a"},
		{"<iati-activities>", " "},
		{"<iati-activities><!--", "a"},
		{"<iati-activities><iati-activity>", "<a></a>"},
		{"<iati-activities><iati-activity>", "<a>"},
		{"<iati-activities><iati-activity a='", "a"},
		{"<iati-activities><iati-activity><![CDATA[", "]"},
	} {
		e := &endless{head: c.head, again: c.again}
		_, err := readAll(NewReader(e, "a.xml", ""))
		if fault.KindOf(err) != fault.Invalid || e.read > 2*maxHeld {
			t.Errorf("%s%s…: %v after %d bytes", c.head, c.again, err, e.read)
		}
	}
}

// TestLongFiles holds that every activity is read whole, and its line told, wherever the room of the stream ends: in an activity, a character, or what only looks like an end.
func TestLongFiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOfN(rapid.IntRange(0, 150_000), 1, 6).Draw(t, "lengths")
		before := rapid.SampledFrom([]string{"", "\n", "<!-- </iati-activity> -->\n", "<other><iati-activity>ü</iati-activity></other>"}).Draw(t, "before")
		within := rapid.SampledFrom([]string{"ü", "<!-- </iati-activity> -->\n", "<![CDATA[</iati-activity>]]>", "<a b='>'/>"}).Draw(t, "within")
		var file strings.Builder
		file.WriteString(`<iati-activities version="2.03">`)
		var lines []int
		for i, n := range lengths {
			file.WriteString(before)
			lines = append(lines, 1+strings.Count(file.String(), "\n"))
			fmt.Fprintf(&file, "<iati-activity><iati-identifier>%d</iati-identifier><title>%s</title></iati-activity>", i, strings.Repeat(within, n/len(within)))
		}
		file.WriteString("</iati-activities>")
		drafts, err := readAll(NewReader(strings.NewReader(file.String()), "", ""))
		if err != nil || len(drafts) != len(lengths) {
			t.Fatalf("%d activities, %v; want %d", len(drafts), err, len(lengths))
		}
		for i, d := range drafts {
			want := strings.Repeat(within, lengths[i]/len(within))
			if d.Key != strconv.Itoa(i) || d.Place.Line != lines[i] || !strings.Contains(d.Kept[0].Text+d.Kept[1].Text, want) {
				t.Fatalf("activity %d is %s at line %d; want line %d, and every word kept", i, d.Key, d.Place.Line, lines[i])
			}
		}
	})
}

func TestEncodings(t *testing.T) {
	const file = `<?xml version="1.0" encoding="ENC"?><iati-activities version="2.03"><iati-activity><iati-identifier>X</iati-identifier><title><narrative>Für</narrative></title></iati-activity></iati-activities>`
	utf16 := []byte{0xFE, 0xFF}
	for _, r := range strings.Replace(file, "ENC", "UTF-16", 1) {
		utf16 = append(utf16, byte(r>>8), byte(r))
	}
	for name, data := range map[string]string{
		"UTF-8":      strings.Replace(file, "ENC", "utf-8", 1),
		"BOM":        "\xEF\xBB\xBF" + strings.Replace(file, "ENC", "UTF-8", 1),
		"ISO-8859-1": strings.ReplaceAll(strings.Replace(file, "ENC", "ISO-8859-1", 1), "ü", "\xFC"),
		"UTF-16":     string(utf16),
	} {
		drafts, err := readAll(NewReader(strings.NewReader(data), "", ""))
		if err != nil || len(drafts) != 1 || drafts[0].Grant.Title != "Für" {
			t.Errorf("%s: %v, %d drafts", name, err, len(drafts))
		}
	}
}

// FuzzReader holds that no file makes the reader fall, that what it accepts as XML others do, and that no draft that it does not refuse breaks the rules of a record.
func FuzzReader(f *testing.F) {
	water, err := os.ReadFile("testdata/water.xml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(water))
	f.Add(`<iati-activities version="2.03"><iati-activity default-currency="JPY"><a:b c='&#x41;'/><!-- - --><![CDATA[x]]></iati-activity></iati-activities>`)
	f.Fuzz(func(t *testing.T, file string) {
		drafts, err := readAll(NewReader(strings.NewReader(file), "", "EUR"))
		for _, d := range drafts {
			if d.Refused() {
				continue
			}
			d.Grant.ID = "x"
			if err := d.Grant.Validate(); err != nil {
				t.Errorf("%s: %v", d.Place, err)
			}
			if d.Key == "" {
				t.Errorf("%s has no key", d.Place)
			}
		}
		if err != nil || strings.Contains(file, "<?xml") || strings.Contains(file, "\xFE\xFF") || strings.Contains(file, "\xFF\xFE") {
			return
		}
		other := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(file, "\xEF\xBB\xBF")))
		for {
			if _, err := other.Token(); err == io.EOF {
				break
			} else if err != nil && strings.Contains(err.Error(), "invalid XML name") {
				return // it knows the fewer letters of the fourth edition
			} else if err != nil {
				t.Fatalf("accepted, and encoding/xml says %v", err)
			}
		}
	})
}

// However many elements of a kind an activity has, each takes the time of one: else a file of a few megabytes would hold an import up for hours.
func TestManyOfAKind(t *testing.T) {
	for _, c := range []struct{ element, problem string }{
		{`<sector vocabulary="99" code="%d"/>`, "found 100000; accepted are at most 200"},
		{`<participating-org role="1"><narrative>%d</narrative></participating-org>`, "found 100000; accepted are at most 200"},
		{`<result type="%d"/>`, ""},
	} {
		var many strings.Builder
		for i := range 100_000 {
			fmt.Fprintf(&many, c.element, i)
		}
		d := activityOf(t, many.String())
		refused := slices.IndexFunc(d.Problems, func(p exchange.Problem) bool { return p.Severity == exchange.Refused })
		if c.problem == "" && refused >= 0 || c.problem != "" && (refused < 0 || d.Problems[refused].Text != c.problem) {
			t.Errorf("%s: found %v", c.element, d.Problems[max(refused, 0):])
		}
	}
}

// So it is with what stands in one element of them, which may be one of our own that somebody has written.
func TestManyInOne(t *testing.T) {
	const n = 100_000
	d := activityOf(t, `<description>`+strings.Repeat(`<narrative/>`, n)+`<narrative>For water</narrative></description>`+strings.Repeat(`<description/>`, n))
	if d.Grant.Description != "For water" {
		t.Errorf("the description is %q", d.Grant.Description)
	}
	each := func(format string) string {
		all := make([]string, n)
		for i := range all {
			all[i] = strings.ReplaceAll(format, "%", strconv.Itoa(i))
		}
		return strings.Join(all, ",")
	}
	beyond := func(text string) *exchange.Draft {
		return activityOf(t, `<beyond xmlns="`+Namespace+`">`+strings.ReplaceAll(text, "<", "&lt;")+`</beyond>`)
	}
	d = beyond(`{"left":[` + each(`{"part":"part-%","text":"<x/>"}`) + `]}`)
	if left := slices.DeleteFunc(d.Problems, func(p exchange.Problem) bool { return p.Field != "beyond/left" }); len(left) != n {
		t.Errorf("%d of %d elements of parts that there are not are told of", len(left), n)
	}
	d = beyond(`{"names":{` + each(`"organisations/a%":"A %"`) + `},"reports":[{"id":"1","kind":"PRESS","uri":"u","recipients":[` + each(`"a%"`) + `]}]}`)
	if len(d.Parties) != n+1 {
		t.Errorf("there are %d organisations", len(d.Parties))
	}
}

// White space between elements is not kept, unless it is text, or the file says that it has a meaning.
func TestWhiteSpaceBetweenElements(t *testing.T) {
	for given, want := range map[string]string{
		"<conditions attached=\"1\">\n  <condition type=\"1\" >\n    <narrative> as it\n is </narrative>\n  </condition>\n</conditions>": "<conditions attached=\"1\"><condition type=\"1\" ><narrative> as it\n is </narrative></condition></conditions>",
		"<x:note> <!-- a --> <x:b/>\n<?c d?> <x:b> </x:b> </x:note>":                                                                     "<x:note><!-- a --><x:b/><?c d?><x:b> </x:b></x:note>",
		"<x:note> <x:b/> <x:i/> text </x:note>":                                                                                          "<x:note> <x:b/> <x:i/> text </x:note>",
		"<x:note xml:space=\"preserve\"> <x:b/> </x:note>":                                                                               "<x:note xml:space=\"preserve\"> <x:b/> </x:note>",
	} {
		if d := activityOf(t, given); !strings.HasSuffix(d.Kept[0].Text, "</reporting-org>"+want) {
			t.Errorf("of %s is kept %s", given, d.Kept[0].Text)
		}
	}
}

// What stands in an element of our own need not be from us.
func TestWhatIsLeftIsNoElement(t *testing.T) {
	for _, text := range []string{"x<a/>", "</a>", "<!-- --><a/>", ""} {
		d := activityOf(t, `<beyond xmlns="`+Namespace+`">{"left":[{"text":"`+strings.ReplaceAll(text, "<", "&lt;")+`"}]}</beyond>`)
		if !slices.ContainsFunc(d.Problems, func(p exchange.Problem) bool { return p.Field == "beyond/left" && p.Severity == exchange.LeftOut }) {
			t.Errorf("%q: found %v", text, d.Problems)
		}
	}
}
