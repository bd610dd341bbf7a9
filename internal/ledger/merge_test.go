package ledger_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/search"
)

// A merge that is undone leaves every record as it was but for its revision, and so does one that is only checked.
func TestMergeAndUnmerge(t *testing.T) {
	for name, dsn := range stores {
		t.Run(name, func(t *testing.T) {
			l := open(t, dsn(t))
			field(t, l)
			a := create(t, l, award("a", 100))
			create(t, l, award("b", 200))
			create(t, l, award("c", 300))
			if _, _, err := l.CreateLink(t.Context(), staff, "b", grant.Link{Type: grant.SubGrantOf, Target: "c"}); err != nil {
				t.Fatal(err)
			}
			b := got(t, l, "b")
			dry := staff
			dry.ValidateOnly = true
			_, planned, err := l.MergeGrants(t.Context(), dry, ledger.Merging{Survivor: "a", Other: "b"})
			if err != nil || total(t, l, 0) != "4.003" {
				t.Fatalf("a merge to be checked: %v; the total is %s", err, total(t, l, 0))
			}
			once := staff
			once.RequestID, once.Fingerprint = "once", "x"
			merged, done, err := l.MergeGrants(t.Context(), once, ledger.Merging{Survivor: "a", Other: "b"})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(planned, done); diff != "" {
				t.Errorf("what was to be done and what was (-planned +done): %s", diff)
			}
			if merged.Parent() != "c" || total(t, l, 0) != "3.002" {
				t.Errorf("the merged grant is under %q; the total is %s", merged.Parent(), total(t, l, 0))
			}
			again, repeated, err := l.MergeGrants(t.Context(), once, ledger.Merging{Survivor: "a", Other: "b"})
			if err != nil || !cmp.Equal(again, merged) || !cmp.Equal(repeated, done) {
				t.Errorf("the repeated request: %v, %v", repeated, err)
			}
			if g := got(t, l, "b"); g.ID != "a" || !slices.Equal(g.Aliases, []string{"b"}) {
				t.Errorf("b is answered with %s, aliases %v", g.ID, g.Aliases)
			}
			if _, err := l.Delete(t.Context(), staff, key("b")); fault.KindOf(err) != fault.Precondition {
				t.Errorf("what was merged was deleted: %v", err)
			}
			if _, err := l.Restore(t.Context(), staff, "grant", key("a"), a.Revision); fault.KindOf(err) != fault.Precondition {
				t.Errorf("one side of a merge was restored: %v", err)
			}
			if _, err := l.UnmergeGrant(t.Context(), staff, "b"); err != nil {
				t.Fatal(err)
			}
			for _, was := range []*grant.Grant{a, b} {
				is := *got(t, l, was.ID)
				is.Meta, is.Serial = was.Meta, was.Serial
				if diff := cmp.Diff(was, &is); diff != "" {
					t.Errorf("%s: %s", was.ID, diff)
				}
			}
		})
	}
}

func got(t *testing.T, l *ledger.Ledger, id string) *grant.Grant {
	t.Helper()
	e, err := l.Get(t.Context(), staff.Principal, key(id), 0)
	if err != nil {
		t.Fatal(err)
	}
	return e.(*grant.Grant)
}

// What is merged does not show to those who do not see it, nor does what it was merged into.
func TestMergesKeepSecrets(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	viewer := grant.Principal{Name: "v", Role: grant.Viewer}
	for id, v := range map[string]grant.Visibility{"open": grant.Public, "secret": grant.Restricted, "other": grant.Public, "third": grant.Public} {
		g := award(id, 100)
		g.Visibility = v
		create(t, l, g)
	}
	if _, _, err := l.MergeGrants(t.Context(), staff, ledger.Merging{Survivor: "open", Other: "secret"}); fault.KindOf(err) != fault.Precondition {
		t.Errorf("a restricted grant was merged into a public one: %v", err)
	}
	merge := func(survivor, other string) {
		t.Helper()
		if _, _, err := l.MergeGrants(t.Context(), staff, ledger.Merging{Survivor: survivor, Other: other}); err != nil {
			t.Fatal(err)
		}
	}
	// Public into restricted: it is gone for who does not see the survivor, from lists of the deleted and from the history too.
	merge("secret", "open")
	if _, err := l.Get(t.Context(), viewer, key("open"), 0); err == nil || err.Error() != `"grants/open" does not exist` {
		t.Errorf("found %v", err)
	}
	page, err := l.Grants(t.Context(), analysis.Selection{Principal: viewer, Limit: 10, ShowDeleted: true}, search.Query{}, 0)
	if err != nil || page.Total != 2 {
		t.Errorf("%d grants are listed: %v", page.Total, err)
	}
	entries, _, err := l.History(t.Context(), viewer, ledger.HistoryQuery{Limit: 1})
	if err != nil || len(entries[0].Changes) != 0 {
		t.Errorf("the merge shows: %+v, %v", entries, err)
	}
	// Restricted, then made public: what was merged into it while nobody saw it does not show.
	for _, id := range []string{"other", "secret"} {
		visibility := grant.Public
		if id == "other" {
			visibility = grant.Restricted
		}
		if _, err := l.Update(t.Context(), staff, "grant", key(id), func(e grant.Entity) (grant.Entity, error) {
			e.(*grant.Grant).Visibility = visibility
			return e, nil
		}); err != nil {
			t.Fatal(err)
		}
		if id == "other" {
			merge("secret", "other")
		}
	}
	e, err := l.Get(t.Context(), viewer, key("open"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if g := e.(*grant.Grant); !slices.Equal(g.Aliases, []string{"open"}) || slices.ContainsFunc(g.Transactions, func(x grant.Transaction) bool { return x.Origin == "grants/other/transactions/1" }) {
		t.Errorf("found aliases %v of %+v", g.Aliases, g.Transactions)
	}
	if _, err := l.Get(t.Context(), viewer, key("other"), 0); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the unseen alias is answered: %v", err)
	}
}

// A grant that was part of a hidden one for a time is as it was for those who do not see the other: neither the history nor the past tells of the merge.
func TestAnUndoneMergeIntoAHiddenGrant(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	viewer := grant.Principal{Name: "v", Role: grant.Viewer}
	for id, v := range map[string]grant.Visibility{"open": grant.Public, "secret": grant.Restricted} {
		g := award(id, 100)
		g.Visibility = v
		create(t, l, g)
	}
	if _, _, err := l.MergeGrants(t.Context(), staff, ledger.Merging{Survivor: "secret", Other: "open"}); err != nil {
		t.Fatal(err)
	}
	merged := l.State().Revision
	if _, err := l.UnmergeGrant(t.Context(), staff, "open"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Get(t.Context(), viewer, key("open"), 0); err != nil {
		t.Error(err)
	}
	if _, err := l.Get(t.Context(), viewer, key("open"), merged); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the merge shows in the past: %v", err)
	}
	entries, _, err := l.History(t.Context(), viewer, ledger.HistoryQuery{Limit: 2})
	if err != nil || len(entries[0].Changes)+len(entries[1].Changes) != 0 {
		t.Errorf("the merge and its undoing show: %+v, %v", entries, err)
	}
}

// Of what a grant took over from one that they do not see, those who report on it get to know what is the grant's own now, and neither where it came from nor what the other's record held. What
// the record of one that they do see held they keep, whatever else is merged.
func TestReportsOfAHiddenMergedGrant(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	create(t, l, &grant.Organisation{ID: "sida", DisplayName: "Sida", State: "SE"})
	for _, id := range []string{"kept", "seen", "hidden"} {
		g := award(id, 100)
		g.Visibility = grant.Restricted
		if id != "hidden" {
			g.Funders[0].Organisation = "sida"
		}
		create(t, l, g)
	}
	if _, _, err := l.CreateReport(t.Context(), staff, "hidden", grant.Report{Kind: grant.StaffCall, Organisation: "sida", Values: figure(90)}); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"seen", "hidden"} {
		if _, _, err := l.MergeGrants(t.Context(), staff, ledger.Merging{Survivor: "kept", Other: other}); err != nil {
			t.Fatal(err)
		}
	}
	var seen, moved, secret string
	for _, r := range got(t, l, "kept").Reports {
		switch r.Of {
		case "seen":
			seen = r.ID
		case "hidden":
			secret = r.ID
		default:
			moved = r.ID
		}
	}
	donor := by("tokens/donor", grant.Donor, "SE")
	e, err := l.Get(t.Context(), donor.Principal, key("kept"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if g := e.(*grant.Grant); len(g.Reports) != 2 || g.Report(seen) == nil || g.Report(moved) == nil || !slices.Equal(g.Aliases, []string{"seen"}) {
		t.Errorf("found %+v", g)
	}
	once := donor
	once.RequestID, once.Fingerprint = "once", "x"
	for range 2 { // the second answer is that of the first
		if r, g, err := l.ConfirmReport(t.Context(), once, "kept", moved); err != nil || r.Confirmed == 0 || r.Origin != "" || g.Report(secret) != nil {
			t.Errorf("found %+v, %v", r, err)
		}
	}
	change := func(*grant.Grant, *grant.Report) error { return nil }
	_, _, confirmed := l.ConfirmReport(t.Context(), donor, "kept", secret)
	_, _, unconfirmed := l.UnconfirmReport(t.Context(), donor, "kept", secret)
	_, _, updated := l.UpdateReport(t.Context(), donor, "kept", secret, change)
	_, _, removed := l.DeleteReport(t.Context(), donor, "kept", secret)
	for _, err := range []error{confirmed, unconfirmed, updated, removed} {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("a hidden report is there: %v", err)
		}
	}
	if r, _, err := l.DeleteReport(t.Context(), donor, "kept", moved); err != nil || r.ID != moved || r.Origin != "" {
		t.Errorf("found %+v, %v", r, err)
	}
}

// Links say who and when, are found from both ends, are made once, and do not deny one another.
func TestLinks(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	for _, id := range []string{"a", "b", "c"} {
		create(t, l, award(id, 100))
	}
	link := func(from string, kind grant.LinkType, to, why string) error {
		_, _, err := l.CreateLink(t.Context(), staff, from, grant.Link{Type: kind, Target: to, Reason: why})
		return err
	}
	if err := link("a", grant.ConfirmedDistinct, "b", "two calls"); err != nil {
		t.Fatal(err)
	}
	if made := got(t, l, "a").Links[0]; made.By != staff.Principal.Name || made.At != got(t, l, "a").Updated {
		t.Errorf("the link is signed %q at %d", made.By, made.At)
	}
	linked, err := l.LinkedBy(t.Context(), staff.Principal, got(t, l, "b"), 0)
	if err != nil || len(linked) != 1 || linked[0].Name() != "grants/a/links/2" {
		t.Errorf("from the other end: %v, %v", linked, err)
	}
	for what, c := range map[string]struct {
		err  error
		want string
	}{
		"again":            {link("a", grant.ConfirmedDistinct, "b", "x"), `grant.links[1].target: the two are CONFIRMED_DISTINCT already, by "grants/a/links/2"`},
		"from the other":   {link("b", grant.ConfirmedDistinct, "a", "x"), `grant.links[0].target: the two are CONFIRMED_DISTINCT already, by "grants/a/links/2"`},
		"denied":           {link("b", grant.DuplicateOf, "a", "x"), `grant.links[0].type: DUPLICATE_OF denies "grants/a/links/2", by which "grants/a" is CONFIRMED_DISTINCT "grants/b" (two calls)`},
		"without a reason": {link("b", grant.DuplicateOf, "c", ""), `grant.links[0].reason: is missing; say who decided it, and why`},
	} {
		if c.err == nil || c.err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", what, c.err, c.want)
		}
	}
	if _, _, err := l.MergeGrants(t.Context(), staff, ledger.Merging{Survivor: "b", Other: "a"}); fault.KindOf(err) != fault.Precondition {
		t.Errorf("what is confirmed as distinct was merged: %v", err)
	}
	if err := link("a", grant.CoFundedWith, "b", ""); err != nil {
		t.Errorf("two grants that are two may be co-funded: %v", err)
	}
	// A duplicate counts no more, and what it was a part of is no circle.
	if err := link("c", grant.DuplicateOf, "a", "one press release"); err != nil || total(t, l, 0) != "2.002" {
		t.Errorf("the total is %s: %v", total(t, l, 0), err)
	}
	if err := link("a", grant.SubGrantOf, "c", ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a circle over a duplicate: %v", err)
	}
}

// A record goes back to an earlier state as a new revision; numbers are not given twice; what breaks a rule of today is refused.
func TestRestore(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	first := create(t, l, award("g", 100))
	_, after, err := l.CreateTransaction(t.Context(), staff, "g", grant.Transaction{Type: grant.Commitment, Amount: money.Amount{Currency: "USD", Minor: 50}})
	if err != nil {
		t.Fatal(err)
	}
	restore := func(revision int64) error {
		_, err := l.Restore(t.Context(), staff, "grant", key("g"), revision)
		return err
	}
	if err := restore(first.Revision); err != nil || total(t, l, 0) != "1.001" || total(t, l, after.Revision) != "1.501" {
		t.Errorf("back to the first: %v; the total is %s, and was %s", err, total(t, l, 0), total(t, l, after.Revision))
	}
	newest := l.State().Revision
	if err := restore(first.Revision); err != nil || l.State().Revision != newest {
		t.Errorf("back to where it is: %v, revision %d", err, l.State().Revision)
	}
	made, _, err := l.CreateTransaction(t.Context(), staff, "g", grant.Transaction{Type: grant.Commitment, Amount: money.Amount{Currency: "USD", Minor: 7}})
	if err != nil || made.ID != "3" {
		t.Errorf("the next transaction is %q: %v", made.ID, err)
	}
	deleted, err := l.Delete(t.Context(), staff, key("g"))
	if err != nil {
		t.Fatal(err)
	}
	if err := restore(deleted.Ledgered().Revision); fault.KindOf(err) != fault.Precondition {
		t.Errorf("back to being deleted: %v", err)
	}
	if err := restore(after.Revision); err != nil || total(t, l, 0) != "1.501" {
		t.Errorf("a deleted grant restored: %v; the total is %s", err, total(t, l, 0))
	}
	for _, revision := range []int64{0, 1, l.State().Revision + 1} {
		if err := restore(revision); fault.KindOf(err) != fault.Invalid {
			t.Errorf("revision %d: %v", revision, err)
		}
	}
	theme := grant.Key{Kind: grant.Themes, ID: "water"}
	if _, err := l.Update(t.Context(), staff, "grant", key("g"), func(e grant.Entity) (grant.Entity, error) {
		e.(*grant.Grant).Themes = []grant.Split{{ID: "water", Percent: grant.Whole}}
		return e, nil
	}); err != nil {
		t.Fatal(err)
	}
	themed := l.State().Revision
	if err := restore(after.Revision); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Delete(t.Context(), staff, theme); err != nil {
		t.Fatal(err)
	}
	if err := restore(themed); err == nil || err.Error() != `grant.themes[0].name: "themes/water" does not exist` {
		t.Errorf("back to a theme that is gone: %v", err)
	}
}
