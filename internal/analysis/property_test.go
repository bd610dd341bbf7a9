package analysis_test

import (
	"fmt"
	"maps"
	"math/big"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// field is a small world: donors of four states, one of them through its parent; a member merged into another; trees of themes and locations.
func field() *grant.Registry {
	return grant.NewRegistry().With(
		&grant.Organisation{ID: "usaid", DisplayName: "USAID", State: "US"}, &grant.Organisation{ID: "embassy", DisplayName: "Embassy", Parent: "usaid"},
		&grant.Organisation{ID: "sida", DisplayName: "Sida", State: "SE"}, &grant.Organisation{ID: "deza", DisplayName: "DEZA", State: "CH"},
		&grant.Organisation{ID: "asdi", DisplayName: "ASDI", State: "SE", Successor: "sida"},
		&grant.Organisation{ID: "m1", DisplayName: "M1"}, &grant.Organisation{ID: "m2", DisplayName: "M2", Successor: "m1"}, &grant.Organisation{ID: "m3", DisplayName: "M3"},
		&grant.Programme{ID: "p", DisplayName: "P"},
		&grant.Term{Of: grant.Themes, ID: "water", DisplayName: "W"}, &grant.Term{Of: grant.Themes, ID: "taps", DisplayName: "T", Parent: "water"}, &grant.Term{Of: grant.Themes, ID: "youth", DisplayName: "Y"},
		&grant.Term{Of: grant.Locations, ID: "region", DisplayName: "R"}, &grant.Term{Of: grant.Locations, ID: "valley", DisplayName: "V", Parent: "region"},
		&grant.Term{Of: grant.Populations, ID: "women", DisplayName: "W"},
	)
}

var (
	donorIDs  = []string{"usaid", "embassy", "sida", "asdi"}
	memberIDs = []string{"m1", "m2", "m3"}
	themeIDs  = []string{"water", "taps", "youth"}
	placeIDs  = []string{"region", "valley"}
)

func some(t *rapid.T, ids []string, label string) []string {
	all := rapid.Permutation(ids).Draw(t, label)
	return all[:rapid.IntRange(0, len(all)).Draw(t, label+" count")]
}

// percents cuts 100 % into n, some of which may be 0.
func percents(t *rapid.T, n int) []grant.Percent {
	out := make([]grant.Percent, n)
	rest := grant.Whole
	for i := range n - 1 {
		out[i] = grant.Percent(rapid.SampledFrom([]int64{0, 1, 10_000_000, 33_333_333, 50_000_000}).Draw(t, "percent"))
		out[i] = min(out[i], rest)
		rest -= out[i]
	}
	out[n-1] = rest
	return out
}

func participations(t *rapid.T, ids []string) []grant.Participation {
	ps := make([]grant.Participation, len(ids))
	for i, id := range ids {
		ps[i].Organisation = id
	}
	if len(ids) > 0 && rapid.Bool().Draw(t, "shares") {
		for i, share := range percents(t, len(ids)) {
			ps[i].Share = &share
		}
	}
	return ps
}

func splits(t *rapid.T, ids []string) []grant.Split {
	if len(ids) == 0 {
		return nil
	}
	out := make([]grant.Split, len(ids))
	for i, p := range percents(t, len(ids)) {
		out[i] = grant.Split{ID: ids[i], Percent: p}
	}
	return out
}

// anyDate draws a date around 2010, when the shekel had no rates and then had, or none.
func anyDate(t *rapid.T, label string) period.Date {
	return date2(rapid.SampledFrom([]string{"", "2009-11", "2010", "2010-12-28", "2011-01-05", "2011-02-28", "2011-07", "2026-06-01"}).Draw(t, label))
}

func date2(s string) period.Date {
	if s == "" {
		return period.Date{}
	}
	return date(s)
}

func anyAmount(t *rapid.T) money.Amount {
	a := money.Amount{Currency: rapid.SampledFrom([]money.Currency{"USD", "EUR", "ILS", "JPY"}).Draw(t, "currency"), Minor: rapid.Int64Range(0, 1_000_003).Draw(t, "minor")}
	a.Qualifier = rapid.SampledFrom([]money.Qualifier{money.Exact, money.Exact, money.AtLeast, money.UpTo, money.Range, money.Unknown}).Draw(t, "qualifier")
	switch a.Qualifier {
	case money.Range:
		a.Low, a.High, a.Minor = a.Minor/3, a.Minor, 0
	case money.Unknown:
		a = money.Amount{Qualifier: money.Unknown}
	}
	return a
}

func anyGrant(t *rapid.T, id string, earlier []string) *grant.Grant {
	g := &grant.Grant{
		ID: id, Title: id,
		Status:     rapid.SampledFrom([]grant.Status{grant.Active, grant.Active, grant.Pipeline, grant.Cancelled, grant.Suspended}).Draw(t, "status"),
		Visibility: rapid.SampledFrom([]grant.Visibility{grant.Public, grant.Coalition, grant.Donors, grant.Restricted}).Draw(t, "visibility"),
		Funders:    participations(t, append(some(t, donorIDs, "funders"), "deza")), Recipients: participations(t, some(t, memberIDs, "recipients")),
		Themes: splits(t, some(t, themeIDs, "themes")), Locations: splits(t, some(t, placeIDs, "locations")), Populations: splits(t, some(t, []string{"women"}, "populations")),
		StatusDate: anyDate(t, "status date"), Start: anyDate(t, "start"), Programme: rapid.SampledFrom([]string{"", "p"}).Draw(t, "programme"),
	}
	g.Shadow = g.Visibility == grant.Restricted && rapid.Bool().Draw(t, "shadow")
	g.DurationMonths = rapid.IntRange(0, 7).Draw(t, "months")
	for i := range rapid.IntRange(0, 4).Draw(t, "transactions") {
		g.Transactions = append(g.Transactions, grant.Transaction{
			ID: fmt.Sprint(i + 1), Type: grant.TransactionType(rapid.IntRange(1, 6).Draw(t, "type")), Date: anyDate(t, "date"), ValueDate: anyDate(t, "value date"), Amount: anyAmount(t),
		})
	}
	if rapid.IntRange(0, 3).Draw(t, "budgets") == 0 {
		for range rapid.IntRange(1, 3).Draw(t, "budget count") {
			start := anyDate(t, "budget")
			if start.IsZero() {
				start = date("2010-03")
			}
			g.Budgets = append(g.Budgets, grant.Budget{Start: start, End: start, Currency: "USD", Minor: rapid.Int64Range(1, 99).Draw(t, "budget amount")})
		}
	}
	if len(earlier) > 0 && rapid.IntRange(0, 2).Draw(t, "sub") == 0 {
		g.Links = []grant.Link{{ID: "1", Type: grant.SubGrantOf, Target: rapid.SampledFrom(earlier).Draw(t, "parent")}}
	}
	if len(earlier) > 0 {
		switch other := rapid.SampledFrom(earlier).Draw(t, "other"); rapid.IntRange(0, 9).Draw(t, "is") {
		case 0, 1:
			g.Links = append(g.Links, grant.Link{ID: "2", Type: grant.DuplicateOf, Target: other})
		case 2, 3:
			g.Successor = other
		case 4:
			g.Links = append(g.Links, grant.Link{ID: "2", Type: grant.ConfirmedDistinct, Target: other})
		}
	}
	if g.Successor == "" && rapid.IntRange(0, 9).Draw(t, "deleted") == 0 {
		g.Deleted = 1
	}
	return g
}

func anyGrants(t *rapid.T) []*grant.Grant {
	var grants []*grant.Grant
	var ids []string
	for i := range rapid.IntRange(1, 5).Draw(t, "grants") {
		g := anyGrant(t, fmt.Sprintf("g%d", i), ids)
		grants, ids = append(grants, g), append(ids, g.ID)
	}
	return grants
}

func anyQuery(t *rapid.T) analysis.Query {
	q := analysis.Query{
		Measure: analysis.Measure(rapid.IntRange(0, 3).Draw(t, "measure")), Currency: rapid.SampledFrom([]money.Currency{"USD", "EUR", "ILS", "JPY"}).Draw(t, "asked currency"),
		Attribution: analysis.Attribution(rapid.IntRange(0, 1).Draw(t, "attribution")), Calendar: period.Calendar{FirstMonth: rapid.SampledFrom([]int{0, 1, 4, 10}).Draw(t, "first month")},
		Principal: rapid.SampledFrom([]grant.Principal{
			staff, {Role: grant.Viewer}, {Role: grant.Donor, State: "US"}, {Role: grant.Donor, State: "CH"}, {Role: grant.Member, Organisation: "m1"}, {Role: grant.Member, Organisation: "m2"},
		}).Draw(t, "principal"),
	}
	dims := rapid.Permutation([]analysis.Dimension{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}).Draw(t, "dimensions")
	q.GroupBy = dims[:rapid.IntRange(0, 3).Draw(t, "dimension count")]
	q.From, q.To = anyDate(t, "from"), anyDate(t, "to")
	if rapid.Bool().Draw(t, "whole years") {
		years := []period.Date{{}, date("2009"), date("2010"), date("2011")}
		q.From, q.To = rapid.SampledFrom(years).Draw(t, "from year"), rapid.SampledFrom(years).Draw(t, "to year")
	}
	if d := anyDate(t, "rate date"); d.Precision == period.ToDay {
		q.RateDate = d
	}
	if rapid.Bool().Draw(t, "filtered") {
		q.Filter = analysis.Filter{
			DonorStates: some(t, []string{"US", "SE"}, "states"), Donors: some(t, []string{"embassy", "sida"}, "donors"), Programmes: some(t, []string{"p", grant.Unspecified}, "programmes"),
			Members: some(t, []string{"m1", grant.Unspecified}, "members"), Themes: some(t, []string{"water", grant.Unspecified}, "theme filter"),
			Locations: some(t, []string{"region"}, "location filter"), Statuses: []grant.Status{grant.Active, grant.Cancelled},
		}
		if rapid.Bool().Draw(t, "by cells alone") {
			q.Filter.DonorStates, q.Filter.Donors, q.Filter.Programmes, q.Filter.Statuses = nil, nil, nil, nil
		}
	}
	return q
}

// shown is a row as text, to be compared.
func shown(keys string, sums [3]string, open bool, grants, unknown, noRate int, unconverted string, undisclosed bool) string {
	return fmt.Sprintf("%s: %v open=%t grants=%d unknown=%d noRate=%d %s undisclosed=%t", keys, sums, open, grants, unknown, noRate, unconverted, undisclosed)
}

func (r *refRow) show(keys string) string {
	var other []string
	for _, c := range slices.Sorted(maps.Keys(r.unconverted)) {
		other = append(other, fmt.Sprint(c, r.unconverted[c]))
	}
	return shown(keys, [3]string{r.sums[0].String(), r.sums[1].String(), r.sums[2].String()}, r.open, len(r.grants), len(r.unknown), len(r.noRate), strings.Join(other, " "), r.undisclosed)
}

func show(keys string, r analysis.Row) string {
	var other []string
	for _, u := range r.Unconverted {
		other = append(other, fmt.Sprint(u.Currency, minor(u.Sum)))
	}
	return shown(keys, [3]string{minor(r.Lower), minor(r.Central), minor(r.Upper)}, r.UpperOpen, r.GrantCount, r.UnknownCount, r.UnconvertedCount, strings.Join(other, " "), r.Undisclosed)
}

func minor(s money.Sum) string {
	b, _ := s.MarshalText()
	n, _ := new(big.Int).SetString(string(b), 10)
	return n.String()
}

func must(r analysis.Result, err error) analysis.Result {
	if err != nil {
		panic(err)
	}
	return r
}

// answer is an answer as text.
func answer(s *analysis.Snapshot, q analysis.Query) []string {
	res := must(s.Allocate(q))
	lines := []string{show("total", res.Total)}
	if res.Undated != nil {
		lines = append(lines, show("undated", *res.Undated))
	}
	for r := range res.Rows.All() {
		lines = append(lines, show(strings.Join(r.Keys, " "), r))
	}
	slices.Sort(lines[1:])
	return lines
}

// The product agrees with the reference, whatever the data and the question.
func TestAllocateAgreesWithTheReference(t *testing.T) {
	reg := field()
	rapid.Check(t, func(t *rapid.T) {
		grants, q := anyGrants(t), anyQuery(t)
		ref := allocate(reg, grants, q)
		want := []string{ref.total.show("total")}
		if !q.From.IsZero() || !q.To.IsZero() {
			want = append(want, ref.out.show("undated"))
		}
		if len(q.GroupBy) > 0 {
			for k, r := range ref.rows {
				want = append(want, r.show(k))
			}
		}
		slices.Sort(want[1:])
		s := build(reg, grants)
		if diff := cmp.Diff(want, answer(s, q)); diff != "" {
			t.Fatalf("%+v\n(-reference +product):\n%s", q, diff)
		}
		rows := must(s.Allocate(q)).Rows
		byKeys := func(a, b analysis.Row) int { return slices.Compare(a.Keys, b.Keys) }
		if !slices.IsSortedFunc(slices.Collect(rows.All()), byKeys) {
			t.Fatalf("%+v: rows are not in the order of their keys: %s", q, answer(s, q))
		}
		for _, desc := range []bool{false, true} {
			if !slices.IsSortedFunc(slices.Collect(rows.ByCentral(desc).All()), func(a, b analysis.Row) int {
				if c := a.Central.Cmp(b.Central); c != 0 && desc {
					return -c
				} else if c != 0 {
					return c
				}
				return byKeys(a, b)
			}) {
				t.Fatalf("%+v: rows are not in the order of their central figures: %s", q, answer(s, q))
			}
		}
	})
}

// The order of grants does not matter, nor whether a snapshot was built at once or moved forward; a snapshot that others follow stays as it is.
func TestSnapshotsDoNotDependOnHowTheyCameAbout(t *testing.T) {
	reg := field()
	rapid.Check(t, func(t *rapid.T) {
		grants, q := anyGrants(t), anyQuery(t)
		want := answer(build(reg, grants), q)
		moved := analysis.NewSnapshot(reg, fx.ECB())
		for _, i := range rand.New(rand.NewSource(int64(len(grants)))).Perm(len(grants)) {
			before := answer(moved, q)
			draft := *grants[i]
			draft.Status, draft.Recipients = grant.Closed, nil
			step := moved.Next(reg, fx.ECB(), []*grant.Grant{&draft})
			next := step.Next(reg, fx.ECB(), []*grant.Grant{grants[i]})
			if diff := cmp.Diff(before, answer(moved, q)); diff != "" {
				t.Fatalf("the snapshot before changed: %s", diff)
			}
			moved = next
		}
		if diff := cmp.Diff(want, answer(moved, q)); diff != "" {
			t.Fatalf("(-built +moved): %s", diff)
		}
	})
}

// Wherever the money of sub-grants is shown, there is as much of it.
func TestAttributionsHaveTheSameTotal(t *testing.T) {
	reg := field()
	rapid.Check(t, func(t *rapid.T) {
		s := build(reg, anyGrants(t))
		q := analysis.Query{Measure: analysis.Measure(rapid.IntRange(0, 3).Draw(t, "measure")), Currency: "USD", Principal: staff}
		final := must(s.Allocate(q))
		q.Attribution = analysis.Prime
		prime := must(s.Allocate(q))
		for i, pair := range [][2]money.Sum{{final.Total.Lower, prime.Total.Lower}, {final.Total.Central, prime.Total.Central}, {final.Total.Upper, prime.Total.Upper}} {
			if pair[0] != pair[1] {
				t.Fatalf("figure %d: FINAL has %s, PRIME %s", i, minor(pair[0]), minor(pair[1]))
			}
		}
	})
}
