package ledger_test

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/exchangetest"
	"github.com/allmep/tandem/internal/exchange/formats"
	"github.com/allmep/tandem/internal/exchange/freeform"
	"github.com/allmep/tandem/internal/exchange/iati"
	"github.com/allmep/tandem/internal/exchange/threesixty"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/search"
)

// sample is a ledger that holds the sample grants and what they refer to.
func sample(t *testing.T) *ledger.Ledger {
	t.Helper()
	l := open(t, stores["SQLite"](t))
	reg := exchangetest.Registry()
	for _, id := range []string{"usaid", "sweden", "sida", "trust", "ecopeace"} {
		create(t, l, reg.Organisation(id))
	}
	create(t, l, reg.Get(grant.Key{Kind: grant.Programmes, ID: "meppa"}).(*grant.Programme))
	for _, id := range []string{"themes/water", "themes/rivers", "themes/other", "locations/middle-east", "locations/israel", "locations/haifa", "locations/palestine", "populations/youth"} {
		kind, name, _ := strings.Cut(id, "/")
		create(t, l, reg.Get(grant.Key{Kind: grant.Kind(kind), ID: name}).(*grant.Term))
	}
	grants := exchangetest.Grants()
	slices.SortStableFunc(grants, func(a, b *grant.Grant) int { return len(a.Links) - len(b.Links) }) // what others are linked to comes first
	for _, g := range grants {
		create(t, l, g)
	}
	return l
}

type writing func(io.Writer, exchange.Extract) error

// writings are the formats in which a ledger knows its own grants again.
var writings = map[string]writing{
	"IATI":            func(w io.Writer, x exchange.Extract) error { _, err := iati.Write(w, x, ""); return err },
	"IATI by another": func(w io.Writer, x exchange.Extract) error { _, err := iati.Write(w, x, "trust"); return err },
	"360Giving JSON":  func(w io.Writer, x exchange.Extract) error { _, err := threesixty.WriteJSON(w, x); return err },
	"360Giving XLSX":  func(w io.Writer, x exchange.Extract) error { _, err := threesixty.WriteXLSX(w, x); return err },
}

func exported(t *testing.T, l *ledger.Ledger, write writing) string {
	t.Helper()
	x, _, err := l.Export(t.Context(), analysis.Selection{Principal: staff.Principal}, search.Query{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := write(&out, x); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func tryImport(t *testing.T, l *ledger.Ledger, file string) (*ledger.Imported, error) {
	in := func() (exchange.Reader, error) {
		return formats.Open(strings.NewReader(file), "own", "", freeform.Options{})
	}
	return l.Import(t.Context(), staff, in, false, func(int) {})
}

func importFile(t *testing.T, l *ledger.Ledger, file string) *ledger.Imported {
	t.Helper()
	im, err := tryImport(t, l, file)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// unchanged fails the test if an import changed anything.
func unchanged(t *testing.T, l *ledger.Ledger, before int64, im *ledger.Imported) {
	t.Helper()
	if l.State().Revision != before || len(im.Grants) == 0 || im.Count(ledger.GrantUnchanged) != len(im.Grants) {
		t.Errorf("revision %d became %d: %v, %v, %+v", before, l.State().Revision, outcomes(im), im.Others, im.Grants)
	}
}

func TestOwnGrantsAreThemselves(t *testing.T) {
	for name, write := range writings {
		t.Run(name, func(t *testing.T) {
			l := sample(t)
			before := l.State().Revision
			file := exported(t, l, write)
			unchanged(t, l, before, importFile(t, l, file))
			// Whoever goes by another name since then, and what people have written in the record since then, stays as it is.
			rename := func(e grant.Entity) (grant.Entity, error) {
				e.(*grant.Organisation).DisplayName = "Friends of the Earth"
				return e, nil
			}
			if _, err := l.Update(t.Context(), staff, "organisation", grant.Key{Kind: grant.Organisations, ID: "ecopeace"}, rename); err != nil {
				t.Fatal(err)
			}
			retitle := func(e grant.Entity) (grant.Entity, error) {
				g := e.(*grant.Grant)
				g.Title, g.Transactions = "Renamed", g.Transactions[:1]
				return g, nil
			}
			if _, err := l.Update(t.Context(), staff, "grant", key("water"), retitle); err != nil {
				t.Fatal(err)
			}
			before = l.State().Revision
			unchanged(t, l, before, importFile(t, l, file))
		})
	}
}

func TestAnotherLedgersGrantsAreNotOwn(t *testing.T) {
	file := exported(t, sample(t), writings["IATI"])
	if im := importFile(t, sample(t), file); im.Count(ledger.GrantCreated) == 0 {
		t.Errorf("a grant is taken for another that has its id: %+v", im.Grants)
	}
}

func TestWhatIsEditedInAFileOfOurOwnIsTaken(t *testing.T) {
	l := sample(t)
	file := exported(t, l, writings["IATI"])
	edited := strings.NewReplacer("Water &amp; climate", "Water for all", ">3300000.00<", ">3400000.00<", `iso-date="2026-01-31"`, `iso-date="2026-06-30"`).Replace(file)
	im := importFile(t, l, edited)
	g := grantOf(t, l, "water")
	if im.Count(ledger.GrantUpdated) != 1 || g.Title != "Water for all" || g.Transactions[0].Amount.Minor != 3_400_000_00 || g.Transactions[0].ID != "1" || len(g.Transactions) != 2 || g.End.String() != "2026-06-30" {
		t.Errorf("%v: %+v", outcomes(im), g)
	}
	if len(g.Reports) != 1 || len(g.Imports) != 0 || len(im.Others) != 0 {
		t.Errorf("more than what was edited is in the record: %+v, %v", g, im.Others)
	}
	before := l.State().Revision
	unchanged(t, l, before, importFile(t, l, edited))
	unchanged(t, l, before, importFile(t, l, exported(t, l, writings["IATI"])))
}

// What IATI tells less of than the element of our own, such as an amount that is "at least", is edited there; where it is edited in IATI's elements only, the answer says that it is not
// taken.
func TestWhatOurOwnElementOverridesIsTold(t *testing.T) {
	l := sample(t)
	before := l.State().Revision
	im := importFile(t, l, strings.NewReplacer(">2000000.00<", ">2500000.00<", `code="PS" percentage="40"`, `code="JO" percentage="40"`).Replace(exported(t, l, writings["IATI"])))
	unchanged(t, l, before, im)
	told := map[string]string{}
	for _, g := range im.Grants {
		for _, p := range g.Problems {
			if p.Severity == exchange.LeftOut {
				told[g.ID] += p.Field
			}
		}
	}
	if told["water"] != "locations" || told["pool"] != "budgets, transactions/-" {
		t.Errorf("told is %v", told)
	}
}

func TestWhatPeopleHaveChangedSinceAFileWasWrittenStays(t *testing.T) {
	l := sample(t)
	file := exported(t, l, writings["IATI"])
	_, err := l.Update(t.Context(), staff, "grant", key("water"), func(e grant.Entity) (grant.Entity, error) {
		g := e.(*grant.Grant)
		g.Title, g.Transactions[0].Amount.Minor = "Ours", 3_000_000_00
		return g, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.NewReplacer("Water &amp; climate", "Theirs", ">3300000.00<", ">3400000.00<").Replace(file)
	im := importFile(t, l, edited)
	g := grantOf(t, l, "water")
	i := slices.IndexFunc(im.Grants, func(g ledger.ImportedGrant) bool { return g.ID == "water" })
	if held := im.Grants[i].Held; g.Title != "Ours" || g.Transactions[0].Amount.Minor != 3_000_000_00 || !slices.Equal(held, []string{"title", "transactions/1"}) {
		t.Errorf("%v are held: %+v", held, g)
	}
	if r := g.Reports[len(g.Reports)-1]; len(g.Reports) != 2 || r.Amount.Minor != 3_400_000_00 {
		t.Errorf("found the reports %+v", g.Reports)
	}
	before := l.State().Revision
	unchanged(t, l, before, importFile(t, l, edited))
}

// 360Giving tells less of themes and transactions than the record has: what it tells as well is taken, and the rest is held.
func TestAFormatThatTellsLessTakesNothingAway(t *testing.T) {
	l := sample(t)
	file := exported(t, l, writings["360Giving JSON"])
	edited := strings.NewReplacer(`Water \u0026 climate`, "Water for all", `"title":"Rivers"`, `"title":"Lakes"`, `"amountAwarded":3300000.00`, `"amountAwarded":3400000.00`).Replace(file)
	before := grantOf(t, l, "water")
	im := importFile(t, l, edited)
	g := grantOf(t, l, "water")
	if g.Title != "Water for all" || !slices.Equal(g.Themes, before.Themes) || !slices.Equal(g.Transactions, before.Transactions) || len(g.Populations) != 1 || len(im.Others) != 0 {
		t.Errorf("found %+v, %v", g, im.Others)
	}
	i := slices.IndexFunc(im.Grants, func(g ledger.ImportedGrant) bool { return g.ID == "water" })
	if held := im.Grants[i].Held; !slices.Equal(held, []string{"themes", "transactions/-"}) {
		t.Errorf("%v are held", held)
	}
}

func TestACopyUnderAnotherIdentifierIsAnotherGrant(t *testing.T) {
	l := sample(t)
	file := strings.Replace(exported(t, l, writings["IATI"]), "<iati-identifier>US-GOV-1-72029422<", "<iati-identifier>US-GOV-1-8<", 1)
	file = strings.ReplaceAll(file, `<other-identifier ref="US-GOV-1-72029422"`, `<other-identifier ref="another"`)
	if im := importFile(t, l, file); im.Count(ledger.GrantCreated) != 1 {
		t.Errorf("found %v", outcomes(im))
	}
}
