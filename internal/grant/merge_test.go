package grant_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

func day(s string) period.Date {
	d, err := period.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func usd(minor int64) money.Amount { return money.Amount{Currency: "USD", Minor: minor} }

func paid(g *grant.Grant, t grant.TransactionType, date string, a money.Amount) {
	g.Transactions = append(g.Transactions, grant.Transaction{ID: g.NextID(), Type: t, Date: day(date), Amount: a})
}

func text(t rapid.TB, g *grant.Grant) string {
	b, err := grant.Encode(g)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// anyRecord draws a grant with few different values, so that two of them have much in common.
func anyRecord(t *rapid.T, id string) *grant.Grant {
	g := &grant.Grant{ID: id, Title: id, Visibility: grant.Coalition, Start: day("2022")}
	for range rapid.IntRange(0, 4).Draw(t, "transactions") {
		kind := grant.TransactionType(rapid.IntRange(1, 3).Draw(t, "type"))
		paid(g, kind, rapid.SampledFrom([]string{"2022", "2022-05-01"}).Draw(t, "date"), usd(rapid.Int64Range(1, 2).Draw(t, "minor")))
	}
	some := func(values []string) []string {
		return slices.Clone(rapid.Permutation(values).Draw(t, "some")[:rapid.IntRange(0, len(values)).Draw(t, "count")])
	}
	g.Identifiers = some([]string{"A", "B", "C"})
	for _, uri := range some([]string{"u", "v"}) {
		g.Sources = append(g.Sources, grant.Source{URI: uri, Title: "by " + id})
	}
	for range rapid.IntRange(0, 2).Draw(t, "budgets") {
		g.Budgets = append(g.Budgets, grant.Budget{Start: day("2022"), End: day("2022"), Currency: rapid.SampledFrom([]money.Currency{"USD", "EUR"}).Draw(t, "currency"), Minor: 5})
	}
	for _, target := range some([]string{"a", "b", "c", "x"}) {
		if target != id {
			g.Links = append(g.Links, grant.Link{ID: g.NextID(), Type: grant.CoFundedWith, Target: target})
		}
	}
	return g
}

// After a merge and its undoing both grants are as they were, but for the numbers that were given meanwhile; through a chain of merges too.
func TestUnmergeUndoesMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyRecord(t, "a"), anyRecord(t, "b"), anyRecord(t, "c")
		before := []string{text(t, a), text(t, b), text(t, c)}
		merge := func(to, from *grant.Grant) {
			to.Merge(from, rapid.Bool().Draw(t, "leave"), "staff", 1)
			for _, l := range slices.Clone(from.Links) {
				if l.Target != to.ID && rapid.Bool().Draw(t, "link moves") {
					to.TakeLink(from, l.ID)
				}
			}
		}
		serialB, serialC := b.Serial, c.Serial
		merge(b, a)
		between := text(t, b)
		merge(c, b)
		c.Unmerge(b)
		if diff := cmp.Diff(between, text(t, b)); diff != "" {
			t.Fatalf("b after the outer merge: %s", diff)
		}
		b.Unmerge(a)
		b.Serial, c.Serial = serialB, serialC
		for i, g := range []*grant.Grant{a, b, c} {
			if diff := cmp.Diff(before[i], text(t, g)); diff != "" {
				t.Fatalf("%s: %s", g.ID, diff)
			}
		}
	})
}

// A payment that both recorded counts once, and each one that only one recorded counts: the merged grant has, of each payment, the more of the two.
func TestMergeCountsEachPaymentOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyRecord(t, "a"), anyRecord(t, "b")
		count := func(g *grant.Grant) map[string]int {
			n := map[string]int{}
			for _, x := range g.Transactions {
				n[fmt.Sprint(x.Type, x.Date.First, x.Amount.Minor)]++
			}
			return n
		}
		want := count(a)
		for k, n := range count(b) {
			want[k] = max(want[k], n)
		}
		a.Merge(b, false, "staff", 1)
		if diff := cmp.Diff(want, count(a)); diff != "" {
			t.Fatalf("(-want +got): %s", diff)
		}
	})
}

// What was edited since goes home with its edit, what was deleted stays deleted, and the names that things had lead to where they are.
func TestUnmergeBringsHomeWhatThereIs(t *testing.T) {
	a, b, c := &grant.Grant{ID: "a", Start: day("2022")}, &grant.Grant{ID: "b", Start: day("2022")}, &grant.Grant{ID: "c", Start: day("2022")}
	for i := range int64(3) {
		paid(a, grant.Disbursement, "2022-05", usd(i+1))
	}
	paid(b, grant.Commitment, "2022", usd(9))
	b.Merge(a, false, "staff", 1)
	c.Merge(b, false, "staff", 1)
	if got := c.Heir(b.Heir("grants/a/transactions/2")); got != "grants/c/transactions/3" {
		t.Errorf("grants/a/transactions/2 is now %q", got)
	}
	if diff := cmp.Diff([]string{"b", "a"}, c.Aliases); diff != "" {
		t.Errorf("aliases: %s", diff)
	}
	c.Transactions[1].Amount = usd(100)
	c.Transactions = slices.Delete(c.Transactions, 3, 4)
	c.Unmerge(b)
	b.Unmerge(a)
	want := []grant.Transaction{{ID: "1", Type: grant.Disbursement, Date: day("2022-05"), Amount: usd(100)}, {ID: "2", Type: grant.Disbursement, Date: day("2022-05"), Amount: usd(2)}}
	if diff := cmp.Diff(want, a.Transactions); diff != "" {
		t.Errorf("(-want +got): %s", diff)
	}
	if len(b.Transactions) != 1 || len(c.Transactions) != 0 {
		t.Errorf("b has %v, c has %v", b.Transactions, c.Transactions)
	}
}

// Two files of one award, each with its commitment, are one award of 3,529,721; one award over three activities is their sum, and the answer says so.
func TestMergeOfRealAwards(t *testing.T) {
	dfc, epa := &grant.Grant{ID: "dfc", Identifiers: []string{"US-GOV-22-9000115492"}}, &grant.Grant{ID: "epa", Identifiers: []string{"US-GOV-22-9000115492"}}
	paid(dfc, grant.Commitment, "2022-09-30", usd(352_972_100))
	paid(epa, grant.Commitment, "2022-09-30", money.Amount{Currency: "USD", Minor: 352_972_100, Qualifier: money.Rounded})
	dfc.Merge(epa, false, "staff", 1)
	done := dfc.MergedWith(epa, false)
	if diff := cmp.Diff(grant.Merged{Same: []string{"grants/epa/transactions/1"}}, done); diff != "" || len(dfc.Transactions) != 1 {
		t.Errorf("%d transactions; %s", len(dfc.Transactions), diff)
	}
	first := &grant.Grant{ID: "first", Start: day("2021"), End: day("2022")}
	paid(first, grant.Commitment, "2020-10-01", usd(110_000_000))
	second := &grant.Grant{ID: "second", Start: day("2021"), End: day("2023")}
	paid(second, grant.Commitment, "2021-10-01", usd(550_000_000))
	second.Transactions = append(second.Transactions, grant.Transaction{ID: second.NextID(), Type: grant.Disbursement, Amount: usd(1)})
	second.Start = day("2021-02")
	first.Merge(second, false, "staff", 1)
	want := grant.Merged{Moved: []string{"grants/first/transactions/2", "grants/first/transactions/3"}, Warnings: []string{
		"both had commitments; the grant now has 6600000.00 USD committed in 2 commitments; if it is one award, merge with LEAVE",
		"grants/first/transactions/3 has no date; it stood at the start of grants/second and now stands at that of the grant",
		"grants/second ran from 2021-02-01 to 2023-12-31; its money now lies on the grant's days, 2021-01-01 to 2022-12-31",
	}}
	if diff := cmp.Diff(want, first.MergedWith(second, false)); diff != "" {
		t.Errorf("(-want +got): %s", diff)
	}
	empty, full := &grant.Grant{ID: "empty"}, &grant.Grant{ID: "full"}
	paid(full, grant.Commitment, "2022", usd(1))
	empty.Merge(full, true, "staff", 1)
	want = grant.Merged{Left: []string{"grants/full/transactions/1"}, Warnings: []string{
		"grants/full has commitments that stay behind and the grant has none, so that its amount is unknown; if they are its money, merge with MOVE",
	}}
	if diff := cmp.Diff(want, empty.MergedWith(full, true)); diff != "" {
		t.Errorf("(-want +got): %s", diff)
	}
}

// The names of an organisation that is merged become aliases, once, and are taken back; its identifiers lead to the survivor; its money is the survivor's state's.
func TestMergeOrganisations(t *testing.T) {
	seeds := &grant.Organisation{ID: "seeds", DisplayName: "Seeds of Peace", Aliases: []string{"K4P"}, State: "US"}
	kids := &grant.Organisation{ID: "kids", DisplayName: "Kids4Peace", Aliases: []string{"K4P", "Kids4Peace Jerusalem"}, Identifiers: []string{"US-EIN-1"}, State: "IL"}
	seeds.Merge(kids)
	if diff := cmp.Diff([]string{"K4P", "Kids4Peace", "Kids4Peace Jerusalem"}, seeds.Aliases); diff != "" {
		t.Error(diff)
	}
	r := grant.NewRegistry().With(seeds, kids)
	if got := r.Identified("US-EIN-1"); got != seeds || r.Identified("US-EIN-2") != nil {
		t.Errorf("US-EIN-1 leads to %v", got)
	}
	if got := r.DonorState("kids"); got != "US" {
		t.Errorf("the state of what was merged is %q", got)
	}
	r = r.With(&grant.Organisation{ID: "seeds", DisplayName: "Seeds of Peace"})
	if got := r.DonorState("kids"); got != "IL" {
		t.Errorf("the state of what was merged into one without a state is %q", got)
	}
	seeds.Unmerge(kids)
	if diff := cmp.Diff([]string{"K4P"}, seeds.Aliases); diff != "" || kids.Successor != "" {
		t.Errorf("successor %q, aliases: %s", kids.Successor, diff)
	}
	a, b := &grant.Organisation{ID: "a", DisplayName: "A", Successor: "b"}, &grant.Organisation{ID: "b", DisplayName: "B", Parent: "a"}
	if got := fieldsOf(grant.NewRegistry().With(a, b).Admit(a)); got != "successor" {
		t.Errorf("what is merged into its own part: found %q", got)
	}
}
