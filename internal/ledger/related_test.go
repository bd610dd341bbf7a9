package ledger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

func partOf(key string) string { return fmt.Sprintf(`<related-activity type="1" ref="%s"/>`, key) }
func has(key string) string    { return fmt.Sprintf(`<related-activity type="2" ref="%s"/>`, key) }

// byKey returns the grants of an import by their keys.
func byKey(t *testing.T, l *ledger.Ledger, im *ledger.Imported) map[string]*grant.Grant {
	t.Helper()
	all := map[string]*grant.Grant{}
	for _, g := range im.Grants {
		all[g.Key] = grantOf(t, l, g.ID)
	}
	return all
}

// problems are what an import tells of related activities.
func problems(im *ledger.Imported) (all []string) {
	for _, g := range im.Grants {
		for _, p := range g.Problems {
			if p.Field == "related-activity" || strings.HasPrefix(p.Field, "beyond/links") {
				all = append(all, g.Key+" "+p.Severity.String()+" "+p.Text)
			}
		}
	}
	return all
}

// comesTo is what all grants come to, as the roots have it.
func comesTo(t *testing.T, l *ledger.Ledger, m analysis.Measure) string {
	t.Helper()
	res, _, err := l.Allocations(t.Context(), analysis.Query{Principal: staff.Principal, Currency: "SEK", Measure: m}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return res.Total.Central.Decimal("SEK")
}

func TestMoneyPassedOnCountsOnce(t *testing.T) {
	parent := activity("SE-1", "Fund", paid("2", "1000")+has("SE-3"))
	first, second := activity("SE-2", "Wells", paid("2", "600")+partOf("SE-1")), activity("SE-3", "Schools", paid("2", "400"))
	for _, file := range [][]string{{parent, first, second}, {second, first, parent}, {first, parent, second}} {
		l := open(t, stores["SQLite"](t))
		im := imported(t, l, file...)
		g := byKey(t, l, im)
		if g["SE-2"].Parent() != g["SE-1"].ID || g["SE-3"].Parent() != g["SE-1"].ID || len(problems(im)) > 0 {
			t.Errorf("found %+v and %+v; %q", g["SE-2"].Links, g["SE-3"].Links, problems(im))
		}
		if got := comesTo(t, l, analysis.Committed); got != "1000.00" {
			t.Errorf("1000.00 that are passed on come to %s", got)
		}
		unchanged(t, l, l.State().Revision, imported(t, l, file...))
		slices.Reverse(file)
		unchanged(t, l, l.State().Revision, imported(t, l, file...))
	}
}

func TestAParentMayComeInLater(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	sub, parent := activity("SE-2", "Wells", paid("2", "600")+partOf("SE-1")), activity("SE-1", "Fund", paid("2", "1000"))
	im := imported(t, l, sub)
	if p := problems(im); len(p) != 1 || !strings.Contains(p[0], "NOTED nothing is recorded under SE-1") {
		t.Errorf("told is %q", p)
	}
	imported(t, l, parent)
	im = imported(t, l, sub)
	if g := byKey(t, l, im)["SE-2"]; g.Parent() == "" || im.Grants[0].Outcome != ledger.GrantUpdated {
		t.Errorf("found %+v", g.Links)
	}
}

func TestNoMoneyIsLostToALink(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	file := []string{
		activity("SE-1", "Fund", paid("2", "1000")), activity("SE-2", "Wells", paid("2", "600")+partOf("SE-1")), activity("SE-3", "Schools", paid("2", "500")+partOf("SE-1")),
		activity("SE-4", "Budget", ""), activity("SE-5", "Paid", paid("3", "7")+partOf("SE-4")),
	}
	im := imported(t, l, file...)
	for _, g := range byKey(t, l, im) {
		if len(g.Links) > 0 {
			t.Errorf("%s has %+v", g.Title, g.Links)
		}
	}
	p := problems(im)
	if len(p) != 3 || !strings.Contains(p[0], `LEFT_OUT "SE-1": the link is not made: 1000.00 SEK are committed by `) || !strings.Contains(p[0], "and 1100.00 SEK by its sub-grants") ||
		!strings.Contains(p[2], "0.00 SEK are disbursed by ") {
		t.Errorf("told is %q", p)
	}
	if c, d := comesTo(t, l, analysis.Committed), comesTo(t, l, analysis.Disbursed); c != "2100.00" || d != "7.00" {
		t.Errorf("%s are committed, %s disbursed", c, d)
	}
	unchanged(t, l, l.State().Revision, imported(t, l, file...))
	// Once the parent has enough the links are made, and when it has not any more they go.
	file[0] = activity("SE-1", "Fund", paid("2", "1200"))
	if g := byKey(t, l, imported(t, l, file...)); g["SE-2"].Parent() == "" || g["SE-3"].Parent() == "" {
		t.Errorf("the parent has enough: %+v", g["SE-2"].Links)
	}
	file[0] = activity("SE-1", "Fund", paid("2", "1000"))
	if im = imported(t, l, file...); comesTo(t, l, analysis.Committed) != "2100.00" || len(problems(im)) != 3 {
		t.Errorf("%s are committed; told is %q", comesTo(t, l, analysis.Committed), problems(im))
	}
}

func TestWhatPeopleSayOfLinksStays(t *testing.T) {
	file := []string{activity("SE-1", "Fund", paid("2", "1000")), activity("SE-2", "Wells", paid("2", "600")+partOf("SE-1"))}
	l := open(t, stores["SQLite"](t))
	g := byKey(t, l, imported(t, l, file...))
	if _, _, err := l.DeleteLink(t.Context(), staff, g["SE-2"].ID, g["SE-2"].Links[0].ID); err != nil {
		t.Fatal(err)
	}
	before := l.State().Revision
	im := imported(t, l, file...)
	unchanged(t, l, before, im)
	if p := problems(im); len(p) != 1 || !strings.Contains(p[0], "people have taken the link") {
		t.Errorf("told is %q", p)
	}
	for _, kind := range []grant.LinkType{grant.ConfirmedDistinct, grant.DuplicateOf, grant.CoFundedWith} {
		l := open(t, stores["SQLite"](t))
		g := byKey(t, l, imported(t, l, file[0], activity("SE-2", "Wells", paid("2", "600"))))
		if _, _, err := l.CreateLink(t.Context(), staff, g["SE-1"].ID, grant.Link{Type: kind, Target: g["SE-2"].ID, Reason: "we know"}); err != nil {
			t.Fatal(err)
		}
		im := imported(t, l, file...)
		if p := problems(im); byKey(t, l, im)["SE-2"].Parent() != "" || len(p) != 1 || !strings.Contains(p[0], "LEFT_OUT") {
			t.Errorf("%s: told is %q", kind, p)
		}
	}
}

func TestALinkThatTheFileTellsNoMoreOfGoes(t *testing.T) {
	parent, sub, alone := activity("SE-1", "Fund", paid("2", "1000")), activity("SE-2", "Wells", paid("2", "600")+partOf("SE-1")), activity("SE-2", "Wells", paid("2", "600"))
	l := open(t, stores["SQLite"](t))
	imported(t, l, parent, sub)
	if g := byKey(t, l, imported(t, l, parent, alone))["SE-2"]; len(g.Links) > 0 {
		t.Errorf("found %+v", g.Links)
	}
	// That of people is not the file's to take away.
	l = open(t, stores["SQLite"](t))
	g := byKey(t, l, imported(t, l, parent, alone))
	if _, _, err := l.CreateLink(t.Context(), staff, g["SE-2"].ID, grant.Link{Type: grant.SubGrantOf, Target: g["SE-1"].ID}); err != nil {
		t.Fatal(err)
	}
	imported(t, l, parent, sub)
	if g := byKey(t, l, imported(t, l, parent, alone))["SE-2"]; len(g.Links) != 1 {
		t.Errorf("found %+v", g.Links)
	}
}

func TestLinksThatCannotBe(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	im := imported(t, l,
		activity("SE-1", "A", paid("2", "10")+partOf("SE-2")), activity("SE-2", "B", paid("2", "10")+partOf("SE-1")), // in a circle
		activity("SE-3", "C", paid("2", "10")+partOf("SE-3")),               // of itself
		activity("SE-4", "D", paid("2", "1")+partOf("SE-1")+partOf("SE-3"))) // of two
	p := problems(im)
	if len(p) != 4 || !strings.Contains(p[0]+p[1], "must not go in a circle") || !strings.Contains(strings.Join(p, "\n"), "leads back to the grant itself") || !strings.Contains(p[3], "one grant only") {
		t.Errorf("told is %q", p)
	}
	if got := comesTo(t, l, analysis.Committed); got != "21.00" {
		t.Errorf("%s are committed", got)
	}
}

// Links of a record come in again on another server from our own IATI, with who said so.
func TestAnotherServerHasTheLinks(t *testing.T) {
	there := sample(t)
	link := func(from string, l grant.Link) {
		if _, _, err := there.CreateLink(t.Context(), staff, from, l); err != nil {
			t.Fatal(err)
		}
	}
	link("yen", grant.Link{Type: grant.CoFundedWith, Target: "pool"})
	link("yen", grant.Link{Type: grant.ConfirmedDistinct, Target: "between", Reason: "by telephone"})
	file := exported(t, there, writings["IATI"])
	l := open(t, stores["SQLite"](t))
	im := importFile(t, l, file)
	yen := titled(t, l, im, "Schools")
	if len(yen.Links) != 2 || yen.Links[0].Type != grant.CoFundedWith || yen.Links[0].Target != titled(t, l, im, "Pooled fund").ID || yen.Links[1].Type != grant.ConfirmedDistinct ||
		yen.Links[1].Target != titled(t, l, im, "Between bounds").ID || yen.Links[1].Reason != "by telephone Linked elsewhere by tester on 1970-01-01." || yen.Links[1].By != staff.Principal.Name {
		t.Errorf("found %+v; %q", yen.Links, problems(im))
	}
	// The sample's water is a sub-grant in dollars of a fund in crowns.
	if p := problems(im); len(p) != 1 || !strings.Contains(p[0], "0.00 USD are committed by") {
		t.Errorf("told is %q", p)
	}
	unchanged(t, l, l.State().Revision, importFile(t, l, file))
}

// Whatever files tell of links, no money is counted twice that is passed on, none is lost, and the same file once more changes nothing, in whatever order.
func TestRelatedLaws(t *testing.T) {
	store := stores["SQLite"](t)
	l := open(t, store)
	rapid.Check(t, func(t *rapid.T) {
		prefix := fmt.Sprintf("SE-%d-", ids.Add(1))
		n := rapid.IntRange(2, 5).Draw(t, "activities")
		amounts, more := make([]int, n), make([]string, n)
		for i := range n {
			amounts[i] = rapid.IntRange(0, 3).Draw(t, "amount")
			for range rapid.IntRange(0, 2).Draw(t, "relations") {
				more[i] += rapid.SampledFrom([]func(string) string{partOf, has}).Draw(t, "type")(fmt.Sprint(prefix, rapid.IntRange(0, n-1).Draw(t, "other")))
			}
		}
		var file []string
		for i := range n {
			file = append(file, activity(fmt.Sprint(prefix, i), fmt.Sprint(prefix, i), paid("2", fmt.Sprint(amounts[i]))+more[i]))
		}
		run := func() *ledger.Imported {
			in := iatiOf(file)
			im, err := l.Import(t.Context(), staff, in, false, func(int) {})
			if err != nil {
				t.Fatal(err)
			}
			return im
		}
		im := run()
		sum := map[string]int{}
		for i, g := range im.Grants {
			e, err := l.Get(t.Context(), staff.Principal, key(g.ID), 0)
			if err != nil {
				t.Fatal(err)
			}
			if parent := e.(*grant.Grant).Parent(); parent != "" {
				sum[parent] += amounts[i]
			}
		}
		for i, g := range im.Grants {
			if sum[g.ID] > amounts[i] {
				t.Fatalf("%d pass on %d", amounts[i], sum[g.ID])
			}
		}
		before := l.State().Revision
		file = rapid.Permutation(file).Draw(t, "order")
		if again := run(); l.State().Revision != before || again.Count(ledger.GrantUnchanged) != n {
			t.Fatalf("the same file once more wrote revision %d", l.State().Revision)
		}
	})
}
