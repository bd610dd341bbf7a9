package ledger_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/exchangetest"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

// titled returns the grant with a title.
func titled(t *testing.T, l *ledger.Ledger, im *ledger.Imported, title string) *grant.Grant {
	t.Helper()
	i := slices.IndexFunc(im.Grants, func(g ledger.ImportedGrant) bool { return g.Title == title })
	if i < 0 {
		t.Fatalf("%q is not in the file", title)
	}
	return grantOf(t, l, im.Grants[i].ID)
}

// What a record holds is in the record of another server, too, once it has the file: what IATI has a place for and what it has none for.
func TestAnotherServerHasTheWholeRecord(t *testing.T) {
	file := exported(t, sample(t), writings["IATI"])
	l := open(t, stores["SQLite"](t))
	create(t, l, exchangetest.Registry().Organisation("usaid"))
	create(t, l, &grant.Programme{ID: "another", DisplayName: "MEPPA"})
	im := importFile(t, l, file)
	elsewhere := map[string]string{"Sida": "sida", "Government of Sweden": "sweden", "+Trust & Sons": "trust", "EcoPeace": "ecopeace", "USAID": "usaid"}
	organisation := func(id string) string { return elsewhere[l.State().Registry.Organisation(id).DisplayName] }
	label := func(kind grant.Kind) func(grant.Split) grant.Split {
		return func(s grant.Split) grant.Split {
			s.ID = strings.ToLower(strings.ReplaceAll(l.State().Registry.Label(grant.Key{Kind: kind, ID: s.ID}), " ", "-"))
			return s
		}
	}
	for _, want := range exchangetest.Grants() {
		got := titled(t, l, im, want.Title)
		for _, ps := range [][]grant.Participation{got.Funders, got.Recipients} {
			for i := range ps {
				ps[i].Organisation = organisation(ps[i].Organisation)
			}
		}
		for i := range got.Partners {
			got.Partners[i].Organisation = organisation(got.Partners[i].Organisation)
		}
		for i := range got.Transactions {
			tr := &got.Transactions[i]
			if tr.ID = want.Transactions[i].ID; tr.Provider != "" {
				tr.Provider = organisation(tr.Provider)
			}
			if tr.Receiver != "" {
				tr.Receiver = organisation(tr.Receiver)
			}
		}
		for kind, splits := range map[grant.Kind][]grant.Split{grant.Themes: got.Themes, grant.Locations: got.Locations, grant.Populations: got.Populations} {
			for i := range splits {
				splits[i] = label(kind)(splits[i])
			}
		}
		if want.Programme != "" {
			want.Programme = "another"
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(grant.Grant{}, "Meta", "ID", "Identifiers", "Serial", "Imports", "Reports", "Links")); diff != "" {
			t.Errorf("%s (-there +here)\n%s", want.ID, diff)
		}
	}
	g := titled(t, l, im, "Water & climate")
	if !slices.ContainsFunc(g.Reports, func(r grant.Report) bool {
		return r.Kind == grant.MemberStatement && organisation(r.Organisation) == "ecopeace" && r.Date == exchangetest.Date("2024") && r.Amount.Minor == 3_000_000_00 && r.Amount.Qualifier.String() == "ROUNDED" &&
			organisation(r.Recipients[0]) == "ecopeace" && r.By == staff.Principal.Name && r.Note == "Recorded elsewhere by tester on 1970-01-01."
	}) || len(g.Reports) != 2 {
		t.Errorf("found the reports %+v", g.Reports)
	}
	before := l.State().Revision
	unchanged(t, l, before, importFile(t, l, file))
}

// A report that people have taken off stays off, and one that they have confirmed stays when the file does not tell of it any more.
func TestReportsOfAFileAreOnesOwnOnceTheyAreThere(t *testing.T) {
	file := exported(t, sample(t), writings["IATI"])
	l := open(t, stores["SQLite"](t))
	g := titled(t, l, importFile(t, l, file), "Water & climate")
	taken := g.Reports[0]
	if taken.Kind != grant.MemberStatement {
		t.Fatalf("found the reports %+v", g.Reports)
	}
	without := strings.NewReplacer(`"kind":"MEMBER_STATEMENT","date":"2024"`, `"kind":"MEMBER_STATEMENT","date":"2025"`).Replace(file)
	importFile(t, l, without)
	if g = grantOf(t, l, g.ID); len(g.Reports) != 2 || g.Report(taken.ID) != nil || g.Reports[1].Date != exchangetest.Date("2025") {
		t.Errorf("what the file says now is not what is there: %+v", g.Reports)
	}
	_, err := l.Update(t.Context(), staff, "grant", g.Key(), func(e grant.Entity) (grant.Entity, error) {
		g := e.(*grant.Grant)
		g.Reports = g.Reports[:1]
		return g, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	importFile(t, l, without)
	if g = grantOf(t, l, g.ID); len(g.Reports) != 1 {
		t.Errorf("what people have taken off is back: %+v", g.Reports)
	}
}

func TestAProgrammeThatIsNotHereIsTold(t *testing.T) {
	file := exported(t, sample(t), writings["IATI"])
	l := open(t, stores["SQLite"](t))
	im := importFile(t, l, file)
	told := func(im *ledger.Imported) bool {
		return slices.ContainsFunc(im.Grants, func(g ledger.ImportedGrant) bool {
			return slices.ContainsFunc(g.Problems, func(p exchange.Problem) bool { return p.Field == "programme" && p.Severity == exchange.LeftOut })
		})
	}
	if !told(im) {
		t.Errorf("found %+v", im.Grants)
	}
	create(t, l, &grant.Programme{ID: "p", DisplayName: "Meppa"})
	if im = importFile(t, l, file); told(im) || titled(t, l, im, "Water & climate").Programme != "p" {
		t.Errorf("found %+v", im.Grants)
	}
}

// Money that comes in to a grant is kept word for word; that its currency is known to nobody is told, and keeps the grant out of no record: neither here nor where the export comes in.
func TestIncomingFundsWithoutACurrencyAreNoReasonToRefuse(t *testing.T) {
	const incoming = `<transaction><transaction-type code="1"/><transaction-date iso-date="2024-01-01"/><value value-date="2024-01-01">50.5</value></transaction>`
	file := `<iati-activities version="2.03"><iati-activity><iati-identifier>SE-0-1</iati-identifier><reporting-org ref="SE-0" type="10"><narrative>Sida</narrative></reporting-org>
<title><narrative>Core support</narrative></title><description><narrative>D</narrative></description><participating-org ref="SE-0" type="10" role="1"><narrative>Sida</narrative></participating-org>
<activity-status code="2"/><activity-date type="1" iso-date="2024-01-01"/>` + incoming + `</iati-activity></iati-activities>`
	for _, where := range []string{"here", "elsewhere"} {
		l := open(t, stores["SQLite"](t))
		im := importFile(t, l, file)
		told := slices.ContainsFunc(im.Grants[0].Problems, func(p exchange.Problem) bool {
			return p.Severity == exchange.Noted && p.Field == "transaction/value/@currency"
		})
		if g := grantOf(t, l, im.Grants[0].ID); !told || len(g.Transactions) != 0 {
			t.Errorf("%s: found the problems %v and the transactions %v", where, im.Grants[0].Problems, g.Transactions)
		}
		if total := im.Totals[0]; len(im.Totals) != 1 || total.Currency != "" || total.Kept.FloatString(2) != "50.50" || total.Refused.Sign() != 0 {
			t.Errorf("%s: found the totals %+v", where, im.Totals)
		}
		if file = exported(t, l, writings["IATI"]); !strings.Contains(file, incoming) {
			t.Errorf("%s: the export has not the incoming funds as they were:\n%s", where, file)
		}
	}
}

// A grant of a funder whose donor state nobody knows is refused, and comes in when one has done what the answer says: recorded the funder, or given it a state.
func TestTheAdviceOnDonorStatesIsGood(t *testing.T) {
	const file = `<iati-activities version="2.03"><iati-activity><iati-identifier>47045-1</iati-identifier><reporting-org ref="47045" type="40"><narrative>The Global Fund</narrative></reporting-org>
<title><narrative>Malaria</narrative></title><participating-org ref="47045" role="1"><narrative>The Global Fund</narrative></participating-org><activity-status code="2"/></iati-activity></iati-activities>`
	for advice, follow := range map[string]func(l *ledger.Ledger){
		"record it first, under this name, with its state": func(l *ledger.Ledger) {
			create(t, l, &grant.Organisation{ID: "fund", DisplayName: "The Global Fund", State: grant.Private})
		},
		"give organisations/global its state": func(l *ledger.Ledger) {
			create(t, l, &grant.Organisation{ID: "global", DisplayName: "The Global Fund"})
			if im, err := tryImport(t, l, file); err == nil || !strings.Contains(im.Grants[0].Problems[0].Text, "give organisations/global its state: the code of a country, EU, UN or PRIVATE") {
				t.Errorf("found %+v, %v", im, err)
			}
			if _, err := l.Update(t.Context(), staff, "organisation", grant.Key{Kind: grant.Organisations, ID: "global"}, func(e grant.Entity) (grant.Entity, error) {
				e.(*grant.Organisation).State = "CH"
				return e, nil
			}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		l := open(t, stores["SQLite"](t))
		if im, err := tryImport(t, l, file); err == nil || !strings.Contains(im.Grants[0].Problems[0].Text, "record it first, under this name, with its state: the code of a country, EU, UN or PRIVATE") {
			t.Errorf("found %+v, %v", im, err)
		}
		follow(l)
		if im, err := tryImport(t, l, file); err != nil || im.Count(ledger.GrantCreated) != 1 {
			t.Errorf("after %q: %+v, %v", advice, im, err)
		}
	}
}
