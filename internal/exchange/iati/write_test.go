package iati_test

import (
	"bytes"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/exchangetest"
	"github.com/allmep/tandem/internal/exchange/iati"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

func written(t interface{ Fatal(...any) }, x exchange.Extract, reporter string) []byte {
	var out bytes.Buffer
	if _, err := iati.Write(&out, x, reporter); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestGolden(t *testing.T) {
	exchangetest.Golden(t, "sample.xml", written(t, exchangetest.Sample(), ""))
}

// schema is the command that holds a file against IATI's schema.
func schema(t *testing.T) []string {
	t.Helper()
	xsd := exchangetest.RealData(t, "iati-schema", "iati-activities-schema.xsd")
	lint, err := exec.LookPath("xmllint")
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatal("xmllint is not here, and CI wants it")
	case err != nil:
		t.Skip("xmllint is not here (on Debian: apt-get install libxml2-utils)")
	}
	return []string{lint, "--noout", "--schema", xsd}
}

func TestValidBySchema(t *testing.T) {
	command := schema(t)
	for _, reporter := range []string{"", "ecopeace"} {
		file := filepath.Join(t.TempDir(), "out.xml")
		if err := os.WriteFile(file, written(t, exchangetest.Sample(), reporter), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(command[0], append(command[1:], file)...).CombinedOutput(); err != nil {
			t.Errorf("reported by %q: %v\n%s", reporter, err, out)
		}
	}
}

func TestValidBySchemaWhateverIsRecorded(t *testing.T) {
	command := schema(t)
	file := filepath.Join(t.TempDir(), "out.xml")
	rapid.Check(t, func(t *rapid.T) {
		grants := rapid.SliceOfN(rapid.Custom(anyGrant), 1, 40).Draw(t, "grants")
		if err := os.WriteFile(file, written(t, exchangetest.Of(exchangetest.Registry(), grants...), ""), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(command[0], append(command[1:], file)...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	})
}

func TestNothingToWrite(t *testing.T) {
	var out bytes.Buffer
	_, err := iati.Write(&out, exchangetest.Of(exchangetest.Registry()), "")
	if fault.KindOf(err) != fault.Precondition || out.Len() > 0 {
		t.Errorf("%v, %d bytes", err, out.Len())
	}
}

// What is not valid in an imported file does not make an export invalid. No money is lost by it, and what was not valid comes back word for word, as does what is valid beside it, though
// the refs of the source say nothing of the record: another server has the same grant, and writes the same file.
func TestValidWhateverWasImported(t *testing.T) {
	reg := exchangetest.Registry()
	first, err := os.ReadFile(filepath.Join("testdata", "defects.xml"))
	if err != nil {
		t.Fatal(err)
	}
	imported := func(body []byte) *grant.Grant {
		d, err := iati.NewReader(bytes.NewReader(body), "defects.xml", "").Read()
		if err != nil {
			t.Fatal(err)
		}
		g := &grant.Grant{ID: "wells", Visibility: d.Grant.Visibility}
		g.Take(resolved(t, reg, d), grant.Import{Format: string(exchange.IATI), Source: d.Source, Key: d.Key, Kept: d.Kept})
		return g
	}
	export := func(g *grant.Grant) ([]byte, string) {
		var out bytes.Buffer
		note, err := iati.Write(&out, exchangetest.Of(reg, g), "")
		if err != nil {
			t.Fatal(err)
		}
		return out.Bytes(), note
	}
	g := imported(first)
	g.Transactions[0], g.Transactions[1] = g.Transactions[1], g.Transactions[0] // the order of a record is not that of its ids
	second, note := export(g)
	if want := "5 elements of imported files are no valid IATI, and stand in elements of Tandem only: 1 of <activity-date>, 1 of <budget>, 1 of <planned-disbursement>, 1 of <result>, 1 of <transaction>."; note != want {
		t.Errorf("the note is %s", note)
	}
	again := imported(second)
	want := slices.Clone(g.Transactions)
	for i := range want {
		want[i].ID = again.Transactions[i].ID // another server numbers them for itself
	}
	if diff := cmp.Diff(want, again.Transactions); diff != "" || !again.Transactions[1].Date.IsZero() {
		t.Errorf("-written +read\n%s", diff)
	}
	if diff := cmp.Diff(g.Budgets, again.Budgets); diff != "" {
		t.Errorf("-written +read\n%s", diff)
	}
	if third, said := export(again); said != note {
		t.Errorf("the note of the second export is %s", said)
	} else if diff := cmp.Diff(kept(g), kept(again)); diff != "" {
		t.Errorf("-kept +kept of the export\n%s", diff)
	} else if diff := cmp.Diff(kept(again), kept(imported(third))); diff != "" {
		t.Errorf("-kept +kept of the next\n%s", diff)
	}
	command := schema(t)
	file := filepath.Join(t.TempDir(), "out.xml")
	if err := os.WriteFile(file, second, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(command[0], append(command[1:], file)...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Before white space between elements was left out, it was kept, and each element had the namespaces that it uses. Such a record is exported as it was. When its file comes once more, what
// is kept of it is written anew, and nothing else: nothing is held for an edit by people. After that the same file changes nothing.
func TestWhatWasKeptWithItsIndentation(t *testing.T) {
	reg := exchangetest.Registry()
	const note = "<own:note xmlns:own=\"https://example.org/own\">\n        <own:b/>\n      </own:note>"
	body := `<iati-activities version="2.03" xmlns:own="https://example.org/own"><iati-activity default-currency="USD"><iati-identifier>US-GOV-1-D1</iati-identifier>
<reporting-org ref="US-GOV-1" type="10"><narrative>USAID</narrative></reporting-org><title><narrative>Wells</narrative></title><description><narrative>Wells</narrative></description>
<participating-org role="1" ref="US-GOV-1"><narrative>USAID</narrative></participating-org><activity-status code="2"/><activity-date type="2" iso-date="2012-03-04"/>
<transaction><transaction-type code="3"/><transaction-date iso-date="2012-06-01"/><value value-date="2012-06-01">250.25</value>` + strings.Replace(note, ` xmlns:own="https://example.org/own"`, "", 1) + `</transaction>
</iati-activity></iati-activities>`
	g := &grant.Grant{ID: "wells", Visibility: grant.Public}
	take := func(old bool) (before, after []byte) {
		t.Helper()
		d, err := iati.NewReader(strings.NewReader(body), "wells.xml", "").Read()
		if err != nil {
			t.Fatal(err)
		}
		if before, err = grant.Encode(g); err != nil {
			t.Fatal(err)
		}
		for i, k := range d.Kept {
			if old {
				d.Kept[i].Text = strings.Replace(strings.ReplaceAll(k.Text, "<own:note><own:b/></own:note>", note), `<iati-activity default-currency="USD" xmlns:own="https://example.org/own"/>`, `<iati-activity default-currency="USD"/>`, 1)
			}
		}
		if held := g.Take(resolved(t, reg, d), grant.Import{Format: string(exchange.IATI), Source: d.Source, Key: d.Key, Kept: d.Kept}); len(held) > 0 {
			t.Errorf("held are %v", held)
		}
		if after, err = grant.Encode(g); err != nil {
			t.Fatal(err)
		}
		return before, after
	}
	take(true)
	if text := string(written(t, exchangetest.Of(reg, g), "")); !strings.Contains(text, note) || strings.Count(text, "xmlns:own") != 1 {
		t.Errorf("the export of the old record is %s", text)
	}
	saidOf := func(body []byte) string { said, _, _ := strings.Cut(string(body), `"kept":`); return said }
	if old, renewed := take(false); bytes.Equal(old, renewed) || saidOf(old) != saidOf(renewed) {
		t.Errorf("of the same file once more, the record\n%s\nbecomes\n%s", old, renewed)
	}
	if text := string(written(t, exchangetest.Of(reg, g), "")); !strings.Contains(text, `<iati-activity default-currency="USD" xmlns:own="https://example.org/own">`) || !strings.Contains(text, "<own:note><own:b/></own:note>") {
		t.Errorf("the export of the new record is %s", text)
	}
	if renewed, again := take(false); !bytes.Equal(renewed, again) {
		t.Errorf("of the same file a third time, the record\n%s\nbecomes\n%s", renewed, again)
	}
}

// kept is what a grant keeps of its transactions, by what is told of them.
func kept(g *grant.Grant) map[string]string {
	all := map[string]string{}
	for _, t := range g.Transactions {
		for _, k := range g.Imports[0].Kept {
			if k.Part == "transactions/"+t.ID {
				all[t.Date.String()] += k.Text
			}
		}
	}
	return all
}

// file is what the tests read of a file.
type file struct {
	Activities []activity `xml:"iati-activity"`
}

type activity struct {
	Identifier string `xml:"iati-identifier"`
	Dates      []struct {
		Date string `xml:"iso-date,attr"`
	} `xml:"activity-date"`
	Countries    []part     `xml:"recipient-country"`
	Regions      []part     `xml:"recipient-region"`
	Sectors      []part     `xml:"sector"`
	Transactions []struct{} `xml:"transaction"`
}

type part struct {
	Vocabulary string  `xml:"vocabulary,attr"`
	Percent    float64 `xml:"percentage,attr"`
}

func read(t *rapid.T, body []byte) file {
	var f file
	if err := xml.Unmarshal(body, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// What is written and read again is the same grant, but for what belongs to the record's history: merges, and who wrote what.
func TestWhatIsReadIsWhatWasWritten(t *testing.T) {
	reg := exchangetest.Registry()
	rapid.Check(t, func(t *rapid.T) {
		g := anyGrant(t)
		d, err := iati.NewReader(bytes.NewReader(written(t, exchangetest.Of(reg, g), "")), "test.xml", "").Read()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range d.Problems {
			if p.Severity > exchange.Noted {
				t.Fatalf("%+v", p)
			}
		}
		got, want := *resolved(t, reg, d), *g
		want.ID, want.Serial, want.Identifiers, got.Identifiers = "", got.Serial, nil, nil
		for i := range want.Transactions {
			want.Transactions[i].ID = got.Transactions[i].ID
		}
		for _, id := range g.Identifiers {
			if !slices.Contains(d.Grant.Identifiers, id) {
				t.Fatalf("%q is not among %q", id, d.Grant.Identifiers)
			}
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("-written +read\n%s", diff)
		}
	})
}

// resolved is the grant of a draft, with the ids that a registry has for what it names.
func resolved(t rapid.TB, reg *grant.Registry, d *exchange.Draft) *grant.Grant {
	party := func(ref string) string {
		i, ok := exchange.Index(ref)
		if !ok {
			return ref
		}
		for _, e := range reg.All(grant.Organisations) {
			if o := e.(*grant.Organisation); o.DisplayName == d.Parties[i].Name || len(d.Parties[i].Identifiers) > 0 && slices.Contains(o.Identifiers, d.Parties[i].Identifiers[0]) {
				return o.ID
			}
		}
		t.Fatalf("nobody is %+v", d.Parties[i])
		return ""
	}
	g := d.Grant
	for _, ps := range [][]grant.Participation{g.Funders, g.Recipients} {
		for i := range ps {
			ps[i].Organisation = party(ps[i].Organisation)
		}
	}
	for i := range g.Partners {
		g.Partners[i].Organisation = party(g.Partners[i].Organisation)
	}
	for i := range g.Transactions {
		g.Transactions[i].Provider, g.Transactions[i].Receiver = party(g.Transactions[i].Provider), party(g.Transactions[i].Receiver)
	}
	if i, ok := exchange.Index(g.Programme); ok && reg.Label(grant.Key{Kind: grant.Programmes, ID: "meppa"}) == d.Terms[i].Name {
		g.Programme = "meppa"
	}
	for i := range g.Reports {
		r := &g.Reports[i]
		r.Organisation = party(r.Organisation)
		for j := range r.Recipients {
			r.Recipients[j] = party(r.Recipients[j])
		}
	}
	for _, splits := range [][]grant.Split{g.Themes, g.Locations, g.Populations} {
		for i, s := range splits {
			n, _ := exchange.Index(s.ID)
			for _, e := range reg.All(d.Terms[n].Of) {
				if e.(*grant.Term).DisplayName == d.Terms[n].Name {
					splits[i].ID = e.Key().ID
				}
			}
		}
	}
	return g
}

// By the ruleset of the standard, percentages of a vocabulary sum to 100, no two activities have one identifier, a period does not end before it begins, and an amount that is
// not known is no 0.
func TestObeysTheRuleset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grants := rapid.SliceOfN(rapid.Custom(anyGrant), 1, 10).Draw(t, "grants")
		seen := map[string]bool{}
		for i, a := range read(t, written(t, exchangetest.Of(exchangetest.Registry(), grants...), "")).Activities {
			if seen[a.Identifier] {
				t.Fatalf("%q twice", a.Identifier)
			}
			seen[a.Identifier] = true
			sums := map[string]float64{}
			for _, p := range append(a.Countries, a.Regions...) {
				sums["where"] += p.Percent
			}
			for _, p := range a.Sectors {
				sums[p.Vocabulary] += p.Percent
			}
			for what, sum := range sums {
				if sum < 99.99999 || sum > 100.00001 {
					t.Fatalf("%s: %v%%", what, sum)
				}
			}
			start := a.Dates[0].Date
			for _, d := range a.Dates {
				if d.Date < start {
					t.Fatalf("ends on %s, begins on %s", d.Date, start)
				}
			}
			figures := 0
			for _, r := range grants[i].Transactions {
				if r.Amount.Qualifier != money.Unknown {
					figures++
				}
			}
			if len(a.Transactions) != figures {
				t.Fatalf("%d transactions of %d with a figure", len(a.Transactions), figures)
			}
		}
	})
}

// anyGrant draws a grant that is valid and whose references exist.
func anyGrant(t *rapid.T) *grant.Grant {
	dates := rapid.SampledFrom([]string{"", "2013", "2015-09", "2016-02-29", "2023-02-01"})
	later := rapid.SampledFrom([]string{"", "2024", "2024-02", "2024-02-29", "2027-12-31"})
	drawDate := func(from *rapid.Generator[string], what string) (d grant.Source) {
		if s := from.Draw(t, what); s != "" {
			d.Date = exchangetest.Date(s)
		}
		return d
	}
	text := rapid.StringMatching(`[a-zא-ת<>&"'=+\-@;€][a-zא-ת<>&"'=+;€ ]{0,12}[a-z]`)
	g := &grant.Grant{
		ID: rapid.StringMatching(`[a-z0-9]{12}`).Draw(t, "id"), Title: text.Draw(t, "title"), Status: grant.Status(rapid.IntRange(1, 6).Draw(t, "status")), Visibility: grant.Visibility(rapid.IntRange(1, 4).Draw(t, "visibility")),
		Start: drawDate(dates, "start").Date, End: drawDate(later, "end").Date, DurationMonths: rapid.SampledFrom([]int{0, 0, 18}).Draw(t, "months"), Serial: 9,
	}
	if rapid.Bool().Draw(t, "described") {
		g.Description = text.Draw(t, "description") + "\n" + strings.TrimSpace(text.Draw(t, "more"))
	}
	for _, id := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"usaid", "sida", "trust"}), 1, 3, rapid.ID[string]).Draw(t, "funders") {
		g.Funders = append(g.Funders, grant.Participation{Organisation: id})
	}
	if len(g.Funders) == 2 && rapid.Bool().Draw(t, "shares") {
		share := grant.Percent(rapid.Int64Range(0, int64(grant.Whole)).Draw(t, "share"))
		rest := grant.Whole - share
		g.Funders[0].Share, g.Funders[1].Share = &share, &rest
	}
	for _, id := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"ecopeace", "trust"}), 0, 2, rapid.ID[string]).Draw(t, "recipients") {
		g.Recipients = append(g.Recipients, grant.Participation{Organisation: id})
	}
	for i, role := range []grant.PartnerRole{grant.Accountable, grant.Extending, grant.Implementing} {
		if id := []string{"sweden", "sida", "trust"}[i]; rapid.Bool().Draw(t, "partner") && (role != grant.Implementing || !slices.ContainsFunc(g.Recipients, func(p grant.Participation) bool { return p.Organisation == id })) {
			g.Partners = append(g.Partners, grant.Partner{Organisation: id, Role: role})
		}
	}
	g.Identifiers = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"US-GOV-1-7", "SE-0-x", "award 7", "a;b"}), 0, 3, rapid.ID[string]).Draw(t, "identifiers")
	if len(g.Identifiers) == 0 {
		g.Identifiers = nil
	}
	g.Themes = splits(t, "themes", "water", "rivers", "other")
	g.Locations = splits(t, "locations", "haifa", "palestine", "middle-east", "israel")
	g.Populations = splits(t, "populations", "youth")
	amounts := rapid.Custom(func(t *rapid.T) money.Amount {
		a := money.Amount{Currency: rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD"}).Draw(t, "currency"), Qualifier: money.Qualifier(rapid.IntRange(0, 5).Draw(t, "qualifier"))}
		n := rapid.Int64Range(0, money.MaxMinor)
		switch a.Qualifier {
		case money.Unknown:
			a.Currency = ""
		case money.Range:
			a.Low = n.Draw(t, "low")
			a.High = a.Low + 7
			if a.High > money.MaxMinor {
				a.High = a.Low
			}
		default:
			a.Minor = n.Draw(t, "minor")
		}
		return a
	})
	for i := range rapid.IntRange(0, 3).Draw(t, "transactions") {
		g.Transactions = append(g.Transactions, grant.Transaction{
			ID: string(rune('1' + i)), Type: grant.TransactionType(rapid.IntRange(1, 6).Draw(t, "type")), Date: drawDate(dates, "date").Date, ValueDate: drawDate(dates, "value date").Date,
			Amount: amounts.Draw(t, "amount"), Description: rapid.SampledFrom([]string{"", "first & last"}).Draw(t, "about"), Provider: rapid.SampledFrom([]string{"", "usaid"}).Draw(t, "provider"),
			Receiver: rapid.SampledFrom([]string{"", "ecopeace", "trust"}).Draw(t, "receiver"),
		})
	}
	for range rapid.IntRange(0, 2).Draw(t, "budgets") {
		g.Budgets = append(g.Budgets, grant.Budget{Start: exchangetest.Date(rapid.SampledFrom([]string{"2013", "2016-02-29", "2023-02-01"}).Draw(t, "first")),
			End: exchangetest.Date(rapid.SampledFrom([]string{"2023-06-30", "2024"}).Draw(t, "last")), Currency: "USD", Minor: rapid.Int64Range(1, 1e9).Draw(t, "planned")})
	}
	g.Programme = rapid.SampledFrom([]string{"", "meppa"}).Draw(t, "programme")
	for i := range rapid.IntRange(0, 2).Draw(t, "reports") {
		g.Reports = append(g.Reports, grant.Report{
			ID: string(rune('5' + i)), Kind: grant.MemberStatement, Organisation: rapid.SampledFrom([]string{"ecopeace", "sweden"}).Draw(t, "who"), Date: drawDate(dates, "said").Date,
			Note: rapid.SampledFrom([]string{"", "by telephone"}).Draw(t, "note"), Values: grant.Values{DurationMonths: rapid.IntRange(1, 9).Draw(t, "reported months"), Recipients: []string{"trust"}},
		})
	}
	if err := g.Validate(); err != nil {
		t.Fatalf("the test draws what is not valid: %v", err)
	}
	return g
}

func splits(t *rapid.T, what string, ids ...string) (all []grant.Split) {
	chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 0, 2, rapid.ID[string]).Draw(t, what)
	rest := grant.Whole
	for i, id := range chosen {
		p := rest
		if i < len(chosen)-1 {
			p = grant.Percent(rapid.Int64Range(0, int64(rest)).Draw(t, what+" percent"))
		}
		rest -= p
		all = append(all, grant.Split{ID: id, Percent: p})
	}
	return all
}
