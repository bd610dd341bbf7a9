package search

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// drawer draws numbers: rapid's, or the same ones each time.
type drawer interface{ upTo(n int) int }

type steady uint32

func (s *steady) upTo(n int) int {
	*s = *s*1103515245 + 12345
	return int(*s>>16) % n
}

type random struct{ t *rapid.T }

func (r random) upTo(n int) int { return rapid.IntRange(0, n-1).Draw(r.t, "n") }

// field is organisations, programmes and grants of a small vocabulary, so that much is alike.
type field struct {
	reg     *grant.Registry
	records []grant.Entity
	grants  []*grant.Grant
}

var vocabulary = strings.Fields("water climate education youth women peace hub nursing core support 2022 2023 phase מים חינוך السلام المياه resilience cooperation accelerator")

func phrase(d drawer) string {
	words := make([]string, 1+d.upTo(6))
	for i := range words {
		words[i] = vocabulary[d.upTo(len(vocabulary))]
	}
	return strings.Join(words, " ")
}

func world(d drawer, n int) *field {
	f := &field{reg: grant.NewRegistry()}
	states := []string{"US", "SE", "US"}
	for i := range 9 {
		o := &grant.Organisation{ID: fmt.Sprintf("o%d", i), DisplayName: phrase(d), Aliases: []string{phrase(d)}}
		if i < 3 {
			o.State = states[i]
		} else if i > 3 && d.upTo(3) == 0 {
			o.Successor = fmt.Sprintf("o%d", 3+d.upTo(i-3)) // of an earlier one, so that there is no circle
		}
		f.records = append(f.records, o)
	}
	for i := range 2 {
		f.records = append(f.records, &grant.Programme{ID: fmt.Sprintf("p%d", i), DisplayName: phrase(d)})
	}
	f.reg = f.reg.With(f.records...)
	for i := range n {
		f.grants = append(f.grants, someGrant(d, fmt.Sprintf("g%d", i)))
	}
	return f
}

func someGrant(d drawer, id string) *grant.Grant {
	g := &grant.Grant{ID: id, Title: phrase(d), Description: phrase(d), Status: grant.Active, Visibility: grant.Public}
	for i := range 1 + d.upTo(2) {
		g.Funders = append(g.Funders, grant.Participation{Organisation: fmt.Sprintf("o%d", (d.upTo(2)+i)%3)})
	}
	if d.upTo(4) > 0 {
		g.Recipients = []grant.Participation{{Organisation: fmt.Sprintf("o%d", 3+d.upTo(6))}}
	}
	if d.upTo(2) == 0 {
		g.Programme = fmt.Sprintf("p%d", d.upTo(2))
	}
	for range d.upTo(3) {
		g.Identifiers = append(g.Identifiers, []string{"US-GOV-11-SIS7002%dGR0124-268122", "SIS7002%dGR0124", "N/A %d", "GB-GOV-1-30012%d"}[d.upTo(4)])
		g.Identifiers[len(g.Identifiers)-1] = fmt.Sprintf(g.Identifiers[len(g.Identifiers)-1], d.upTo(3))
	}
	slices.Sort(g.Identifiers)
	g.Identifiers = slices.Compact(g.Identifiers)
	if d.upTo(2) == 0 {
		g.Start = period.Date{First: period.Of(2020+d.upTo(3), 1+d.upTo(12), 1), Precision: period.ToMonth}
		g.DurationMonths = 12 * d.upTo(4)
	}
	if q := money.Qualifier(d.upTo(6)); q != money.Unknown {
		a := money.Amount{Currency: []money.Currency{"USD", "EUR"}[d.upTo(2)], Qualifier: q, Minor: int64(1+d.upTo(40)) * 10_000_000}
		if q == money.Range {
			a.Low, a.High, a.Minor = a.Minor, 2*a.Minor, 0
		}
		g.Transactions = []grant.Transaction{{ID: "1", Type: grant.Commitment, Amount: a}}
	}
	if d.upTo(8) == 0 {
		g.Links = []grant.Link{{ID: "1", Type: grant.ConfirmedDistinct, Target: fmt.Sprintf("g%d", d.upTo(10))}}
	}
	return g
}

// index builds the index of a field in one go.
func (f *field) index() *Index {
	b := New(nil).Builder()
	for _, e := range f.records {
		b.Add(e)
	}
	for _, g := range f.grants {
		b.Add(g)
	}
	return b.Index(f.reg)
}

func everything(string) bool { return true }

// pairs are the scores of all pairs that are likely the same.
func pairs(x *Index, grants []*grant.Grant) map[[2]string]int {
	scores := map[[2]string]int{}
	for _, g := range grants {
		for _, m := range x.Similar(g, everything, 1000).First {
			scores[[2]string{g.ID, m.ID}] = m.Score
		}
	}
	return scores
}

func hits(t rapid.TB, x *Index, text string) map[string]int64 {
	t.Helper()
	q, err := ParseQuery("search", text)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int64{}
	for _, h := range x.Grants(q) {
		if _, twice := found[h.ID]; twice {
			t.Fatalf("%s is found twice", h.ID)
		}
		found[h.ID] = h.Rank
	}
	return found
}
