package ledger_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/iati"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

// activity is one of a file: a Swedish grant to a member.
func activity(key, title, more string) string {
	return fmt.Sprintf(`<iati-activity default-currency="SEK" last-updated-datetime="2024-05-01"><iati-identifier>%s</iati-identifier>
<reporting-org ref="SE-0" type="10"><narrative>Sweden</narrative></reporting-org><title><narrative>%s</narrative></title>
<participating-org role="1" ref="SE-0" type="10"><narrative>Sweden</narrative></participating-org>
<participating-org role="4"><narrative>EcoPeace</narrative></participating-org><activity-status code="2"/>
<activity-date type="2" iso-date="2022-01-01"/>%s</iati-activity>`, key, title, more)
}

func paid(kind, value string) string {
	return fmt.Sprintf(`<transaction><transaction-type code="%s"/><transaction-date iso-date="2022-01-01"/><value>%s</value></transaction>`, kind, value)
}

func importing(t *testing.T, l *ledger.Ledger, w ledger.Write, partial bool, activities ...string) (*ledger.Imported, error) {
	t.Helper()
	return l.Import(t.Context(), w, iatiOf(activities), partial, func(int) {})
}

// iatiOf reads a file of activities.
func iatiOf(activities []string) func() (exchange.Reader, error) {
	return func() (exchange.Reader, error) {
		return iati.NewReader(strings.NewReader(`<iati-activities version="2.03">`+strings.Join(activities, "\n")+`</iati-activities>`), "se.xml", ""), nil
	}
}

func imported(t *testing.T, l *ledger.Ledger, activities ...string) *ledger.Imported {
	t.Helper()
	im, err := importing(t, l, staff, false, activities...)
	if err != nil {
		t.Fatal(err, im)
	}
	return im
}

func outcomes(im *ledger.Imported) []ledger.Outcome {
	var all []ledger.Outcome
	for _, g := range im.Grants {
		all = append(all, g.Outcome)
	}
	return all
}

func grantOf(t *testing.T, l *ledger.Ledger, id string) *grant.Grant {
	t.Helper()
	e, err := l.Get(t.Context(), staff.Principal, key(id), 0)
	if err != nil {
		t.Fatal(err)
	}
	return e.(*grant.Grant)
}

func TestImportMatchesWhatIsRecorded(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	create(t, l, &grant.Organisation{ID: "sweden", DisplayName: "Government of Sweden", Aliases: []string{"SWEDEN"}})
	create(t, l, &grant.Organisation{ID: "ecopeace", DisplayName: "Ecopeace", Member: true})
	create(t, l, &grant.Term{Of: grant.Themes, ID: "water", DisplayName: "Water", Codes: []string{"140"}})
	create(t, l, &grant.Term{Of: grant.Locations, ID: "israel", DisplayName: "Israel", Codes: []string{"IL"}})
	im := imported(t, l, activity("SE-1", "Wells", paid("2", "1000")+`<recipient-country code="IL" percentage="50"/><recipient-country code="PS" percentage="50"/>
<sector code="14030" percentage="50"/><sector code="14020" percentage="20"/><sector code="15220" percentage="30"/>`))
	g := grantOf(t, l, im.Grants[0].ID)
	if g.Funders[0].Organisation != "sweden" || g.Recipients[0].Organisation != "ecopeace" {
		t.Errorf("found the funders %v and the recipients %v", g.Funders, g.Recipients)
	}
	if want := []grant.Split{{ID: "water", Percent: 70_000_000}, {ID: "conflict-peace-and-security", Percent: 30_000_000}}; !slices.Equal(g.Themes, want) {
		t.Errorf("found the themes %v", g.Themes)
	}
	if want := []grant.Split{{ID: "israel", Percent: 50_000_000}, {ID: "palestine-state-of", Percent: 50_000_000}}; !slices.Equal(g.Locations, want) {
		t.Errorf("found the locations %v", g.Locations)
	}
	sweden := l.State().Registry.Organisation("sweden")
	if sweden.State != "SE" || !slices.Equal(sweden.Identifiers, []string{"SE-0"}) {
		t.Errorf("what the file tells of Sweden is not recorded: %+v", sweden)
	}
	if len(im.Others) != 3 || im.Revision != l.State().Revision {
		t.Errorf("found %v at revision %d", im.Others, im.Revision)
	}
	if len(g.Reports) != 1 || g.Reports[0].Kind != grant.IATIPublication || g.Reports[0].Organisation != "sweden" || g.Reports[0].Amount.Minor != 100_000 {
		t.Errorf("found the reports %+v", g.Reports)
	}
}

func TestTheSameFileTwiceChangesNothing(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	file := []string{activity("SE-1", "Wells", paid("2", "1000")+paid("3", "200")+paid("3", "200")+paid("1", "7")), activity("SE-2", "Schools", paid("12", "5"))}
	first := imported(t, l, file...)
	before := l.State().Revision
	second := imported(t, l, file...)
	if l.State().Revision != before || second.Revision != 0 || !slices.Equal(outcomes(second), []ledger.Outcome{ledger.GrantUnchanged, ledger.GrantUnchanged}) {
		t.Errorf("found revision %d, %v", l.State().Revision, outcomes(second))
	}
	for i := range first.Grants {
		if first.Grants[i].ID != second.Grants[i].ID {
			t.Errorf("%s is %s and then %s", first.Grants[i].Key, first.Grants[i].ID, second.Grants[i].ID)
		}
	}
}

// A code that nobody knows is what its name says, also where the file has it without the name; else the next import of the same file would find another theme by the code.
func TestACodeMeansOneThingInAFile(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	create(t, l, &grant.Term{Of: grant.Themes, ID: "administration", DisplayName: "Administration", Codes: []string{"910"}})
	file := []string{activity("SE-1", "Wells", `<sector code="15173"><narrative>Administration</narrative></sector>`), activity("SE-2", "Schools", `<sector code="15173"/>`)}
	for i, g := range imported(t, l, file...).Grants {
		if themes := grantOf(t, l, g.ID).Themes; len(themes) != 1 || themes[0].ID != "administration" {
			t.Errorf("activity %d has the themes %v", i, themes)
		}
	}
	if again := imported(t, l, file...); again.Revision != 0 {
		t.Errorf("the same file once more wrote revision %d", again.Revision)
	}
}

func TestAChangedFileLeavesWhatPeopleEdited(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	id := imported(t, l, activity("SE-1", "Wells", paid("2", "1000")+paid("3", "200"))).Grants[0].ID
	_, err := l.Update(t.Context(), staff, "grant", key(id), func(e grant.Entity) (grant.Entity, error) {
		g := e.(*grant.Grant)
		g.Title, g.Note = "Wells in the valley", "ours"
		g.Transactions[0].Amount.Minor = 90_000
		return g, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	changed := activity("SE-1", "Wells and cisterns", paid("2", "1100")+paid("3", "250")+paid("4", "10")+`<description><narrative>New.</narrative></description>`)
	im := imported(t, l, changed)
	g := grantOf(t, l, id)
	if im.Grants[0].Outcome != ledger.GrantUpdated || !slices.Equal(im.Grants[0].Held, []string{"title", "transactions/1"}) {
		t.Errorf("found %+v", im.Grants[0])
	}
	if g.Title != "Wells in the valley" || g.Note != "ours" || g.Transactions[0].Amount.Minor != 90_000 {
		t.Errorf("what people wrote is gone: %+v", g)
	}
	if g.Description != "New." || len(g.Transactions) != 3 || g.Transactions[1].Amount.Minor != 25_000 || g.Transactions[1].ID != "2" || g.Transactions[2].Type != grant.Expenditure {
		t.Errorf("what only the file changed is not taken: %+v", g)
	}
	if r := g.Reports[0]; len(g.Reports) != 1 || r.Amount.Minor != 110_000 || !strings.Contains(r.Note, "title") {
		t.Errorf("found the reports %+v", g.Reports)
	}
	before := l.State().Revision
	if again := imported(t, l, changed); again.Revision != 0 || l.State().Revision != before {
		t.Errorf("the same file once more wrote revision %d", again.Revision)
	}
	// What people have taken away does not come back, and what the file takes away goes.
	_, err = l.Update(t.Context(), staff, "grant", key(id), func(e grant.Entity) (grant.Entity, error) {
		g := e.(*grant.Grant)
		g.Transactions = g.Transactions[:2]
		return g, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	imported(t, l, activity("SE-1", "Wells and cisterns", paid("2", "1100")+paid("4", "10")))
	if g := grantOf(t, l, id); len(g.Transactions) != 1 || g.Transactions[0].ID != "1" || g.Description != "" {
		t.Errorf("found %+v", g)
	}
}

func TestAGrantThatPeopleLoggedIsTheFilesToo(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	g := award("g", 100)
	g.Identifiers = []string{"SE-1"}
	create(t, l, g)
	im := imported(t, l, activity("SE-1", "Wells", paid("2", "1000")))
	got := grantOf(t, l, "g")
	if im.Grants[0].ID != "g" || len(got.Transactions) != 1 || got.Transactions[0].Amount.Minor != 100 || got.Title != g.Title {
		t.Errorf("found %+v: %+v", im.Grants[0], got)
	}
	if len(got.Reports) != 1 || got.Reports[0].Amount.Minor != 100_000 {
		t.Errorf("what the file says is in no report: %+v", got.Reports)
	}
	if total := im.Totals[0]; total.Reported.RatString() != "1000" || total.Recorded.Sign() != 0 {
		t.Errorf("found %+v", total)
	}
	before := l.State().Revision
	if imported(t, l, activity("SE-1", "Wells", paid("2", "1000"))); l.State().Revision != before {
		t.Error("the same file once more wrote a revision")
	}
}

func TestWhatAnImportRefuses(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	good, bad := activity("SE-1", "Wells", paid("2", "1000")), activity("SE-2", "Schools", paid("2", "1,000"))
	noState := strings.ReplaceAll(activity("X-3", "Health", paid("2", "3")), `ref="SE-0" type="10"><narrative>Sweden`, `ref="47045" type="40"><narrative>Global Fund`)
	im, err := importing(t, l, staff, false, good, bad, noState, good)
	if fault.KindOf(err) != fault.Invalid || l.State().Revision != 0 || im.Count(ledger.GrantRefused) != 3 {
		t.Fatalf("%v, %+v", err, im)
	}
	dry := staff
	dry.ValidateOnly = true
	im, err = importing(t, l, dry, false, good, bad, noState, good)
	if err != nil || l.State().Revision != 0 || len(im.Others) != 2 || im.Grants[0].ID != "" {
		t.Fatalf("a dry run: %v, revision %d, %+v", err, l.State().Revision, im)
	}
	im, err = importing(t, l, staff, true, good, bad, noState, good)
	if err != nil || l.State().Revision != 1 {
		t.Fatal(err, l.State().Revision)
	}
	if want := []ledger.Outcome{ledger.GrantCreated, ledger.GrantRefused, ledger.GrantRefused, ledger.GrantRefused}; !slices.Equal(outcomes(im), want) {
		t.Errorf("found %v", outcomes(im))
	}
	if p := im.Grants[2].Problems[0]; p.Field != "funders[0]" || !strings.Contains(p.Text, "donor state") {
		t.Errorf("found %+v", p)
	}
	if p := im.Grants[3].Problems[0]; !strings.Contains(p.Text, "in the file already, at se.xml:1") {
		t.Errorf("found %+v", p)
	}
	if all := l.State().Registry.All(grant.Organisations); len(all) != 2 {
		t.Errorf("organisations of refused grants are recorded: %v", all)
	}
	if total := im.Totals[0]; total.Recorded.RatString() != "1000" || total.Refused.RatString() != "1003" || total.Unread != 1 || total.Transactions != 4 {
		t.Errorf("found %+v", total)
	}
	if _, err := importing(t, l, by("donor", grant.Donor, "SE"), false, good); fault.KindOf(err) != fault.Denied {
		t.Errorf("a donor imports: %v", err)
	}
}

func TestTwoImportsAtOnceMakeNoDuplicates(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 3 {
				if _, err := importing(t, l, staff, false, activity("SE-1", "Wells", paid("2", "1000")), activity("SE-2", "Schools", "")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if l.State().Revision != 1 || len(l.State().Registry.All(grant.Organisations)) != 2 {
		t.Errorf("found revision %d", l.State().Revision)
	}
}

// Two activities of a file can be one grant. The file is long enough for the first to be in the log before the second is taken.
func TestAGrantThatAFileTellsOfTwice(t *testing.T) {
	for name, store := range stores {
		t.Run(name, func(t *testing.T) {
			l := open(t, store(t))
			file := []string{activity("SE-0", "Wells", paid("2", "1000"))}
			for i := 1; i < 400; i++ {
				file = append(file, activity(fmt.Sprintf("SE-%d", i), "Schools", ""))
			}
			file = append(file, activity("SE-400", "Wells", paid("3", "5")))
			first := imported(t, l, file...)
			survivor, other := first.Grants[0].ID, first.Grants[400].ID
			if _, _, err := l.MergeGrants(t.Context(), staff, ledger.Merging{Survivor: survivor, Other: other}); err != nil {
				t.Fatal(err)
			}
			file[0], file[400] = activity("SE-0", "Wells", paid("2", "1000")+paid("3", "7")), activity("SE-400", "Wells", paid("3", "5")+paid("3", "9"))
			second := imported(t, l, file...)
			if second.Count(ledger.GrantUpdated) != 2 || second.Grants[400].ID != survivor {
				t.Errorf("found %v, and %s is %s", second.Count(ledger.GrantUpdated), second.Grants[400].Key, second.Grants[400].ID)
			}
			g := grantOf(t, l, survivor)
			if len(g.Transactions) != 3 || g.Imported("IATI", "SE-0", "SE-0") == nil || g.Imported("IATI", "SE-0", "SE-400") == nil || g.Revision != second.Revision {
				t.Errorf("found revision %d of %+v", g.Revision, g)
			}
			if _, err := l.Verify(t.Context(), staff.Principal, ledger.Anchor{}); err != nil {
				t.Error(err)
			}
			if again := imported(t, l, file...); again.Revision != 0 {
				t.Errorf("the same file once more wrote revision %d", again.Revision)
			}
		})
	}
}

// TestRealFiles imports what US agencies publish: the totals of SOURCES.md are in the ledger, an activity that is published twice is one grant with two reports, and the
// same files once more change nothing.
func TestRealFiles(t *testing.T) {
	dir := os.Getenv("TANDEM_REALDATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "realdata")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "usg", "*.xml"))
	if len(files) == 0 {
		t.Skipf("there is no real data at %s; TANDEM_REALDATA says where it is", dir)
	}
	l := open(t, stores["SQLite"](t))
	run := func() (created, updated int, recorded map[string]string) {
		recorded = map[string]string{}
		for _, path := range files {
			file, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			im, err := l.Import(t.Context(), staff, func() (exchange.Reader, error) { return iati.NewReader(file, filepath.Base(path), ""), nil }, false, func(int) {})
			file.Close()
			if err != nil {
				t.Fatal(err)
			}
			created, updated = created+im.Count(ledger.GrantCreated), updated+im.Count(ledger.GrantUpdated)
			for _, total := range im.Totals {
				recorded[filepath.Base(path)+" "+total.Type] = total.Recorded.RatString() + " " + total.Currency
			}
		}
		return created, updated, recorded
	}
	created, updated, recorded := run()
	for _, id := range l.State().Index.Identified([]string{"US-GOV-22-9000115492"})[0] {
		if g := grantOf(t, l, id); len(g.Reports) != 2 || len(g.Transactions) != 1 {
			t.Errorf("what is published twice has %d reports and %d transactions", len(g.Reports), len(g.Transactions))
		}
	}
	if created != 834 || updated != 1 {
		t.Errorf("%d grants were created and %d updated", created, updated)
	}
	if got := recorded["state-israel.xml 2 Outgoing Commitment"]; got != "120705304 USD" {
		t.Errorf("found %s", got)
	}
	before := l.State().Revision
	if created, updated, _ := run(); created != 0 || updated != 0 || l.State().Revision != before {
		t.Errorf("the same files once more create %d grants and update %d", created, updated)
	}
}
