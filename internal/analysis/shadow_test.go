package analysis_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

// secret is a restricted grant of a donor that the viewer does not know, with a shadow.
func secret(id string) *grant.Grant {
	return &grant.Grant{
		ID: id, Title: id, Status: grant.Active, Visibility: grant.Restricted, Shadow: true, Funders: []grant.Participation{{Organisation: "deza"}},
		Recipients: []grant.Participation{{Organisation: "m1"}}, Themes: []grant.Split{{ID: "water", Percent: grant.Whole}, {ID: "youth"}},
	}
}

var byTheme = analysis.Query{Currency: "USD", GroupBy: []analysis.Dimension{analysis.Theme}, Principal: grant.Principal{Role: grant.Viewer}}

// A shadow shows where nothing else stands, not at a share of 0 %, and not where another grant stands for the hidden one.
func TestShadow(t *testing.T) {
	reg := field()
	dark := []string{"total: [0 0 0] open=false grants=0 unknown=0 noRate=0  undisclosed=false"}
	shown := []string{"total: [0 0 0] open=false grants=0 unknown=0 noRate=0  undisclosed=true", "themes/water: [0 0 0] open=false grants=0 unknown=0 noRate=0  undisclosed=true"}
	for name, c := range map[string]struct {
		change func(*grant.Grant)
		want   []string
	}{
		"a shadow":       {func(*grant.Grant) {}, shown},
		"none":           {func(g *grant.Grant) { g.Shadow = false }, dark},
		"deleted":        {func(g *grant.Grant) { g.Deleted = 1 }, dark},
		"merged":         {func(g *grant.Grant) { g.Successor = "other" }, dark},
		"a duplicate":    {func(g *grant.Grant) { g.Links = []grant.Link{{ID: "1", Type: grant.DuplicateOf, Target: "other"}} }, dark},
		"another's link": {func(g *grant.Grant) { g.Links = []grant.Link{{ID: "1", Type: grant.CoFundedWith, Target: "other"}} }, shown},
	} {
		t.Run(name, func(t *testing.T) {
			g := secret("g")
			c.change(g)
			if diff := cmp.Diff(c.want, answer(build(reg, []*grant.Grant{g}), byTheme)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The past shows a grant, or its shadow, only to those whom today's record shows it to as well.
func TestThePastKeepsWhatIsConfidentialToday(t *testing.T) {
	reg := field()
	public, plain, shadowed := secret("g"), secret("g"), secret("g")
	public.Visibility, public.Shadow = grant.Public, false
	plain.Shadow = false
	merged := secret("g")
	merged.Successor = "hidden"
	const dark, there, shadow = "grants=0 hidden", "grants=1 hidden", "grants=0 undisclosed"
	for _, c := range []struct {
		name       string
		then, now  *grant.Grant
		want       string
		visibility bool
	}{
		{"public both", public, public, there, true},
		{"restricted later", public, plain, dark, false},
		{"public later", plain, public, dark, false},
		{"a shadow since", public, shadowed, dark, false},
		{"a shadow both", shadowed, shadowed, shadow, false},
		{"a shadow no more", shadowed, plain, dark, false},
		{"a shadow then, merged now", shadowed, merged, dark, false},
		{"a shadow then, public now", shadowed, public, shadow, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := func(g *grant.Grant) *analysis.Snapshot {
				paid := *g
				paid.Transactions = []grant.Transaction{{ID: "1", Type: grant.Commitment, Amount: money.Amount{Currency: "USD", Minor: 5}}}
				return analysis.NewSnapshot(reg, fx.ECB()).Next(reg, fx.ECB(), []*grant.Grant{&paid})
			}
			past := start(c.then).Under(start(c.now))
			row := must(past.Allocate(byTheme)).Total
			got := map[bool]string{true: dark, false: there}[row.GrantCount == 0]
			if row.Undisclosed {
				got = shadow
			}
			if got != c.want || past.Shows(byTheme.Principal, "g") != c.visibility {
				t.Errorf("found %s, want %s", got, c.want)
			}
		})
	}
}

// Overlaps tell where another donor is present, in the places that are asked for, and of no other; a filter by what a shadow does not give away asks for none.
func TestUndisclosedAmongOverlaps(t *testing.T) {
	public := secret("h")
	public.Visibility, public.Shadow = grant.Public, false
	twice, unspecified := secret("g2"), secret("g3")
	unspecified.Recipients, unspecified.Themes = nil, nil
	s := build(field(), []*grant.Grant{secret("g"), twice, public, unspecified})
	viewer, in := grant.Principal{Role: grant.Viewer}, func(member, theme string) analysis.Undisclosed {
		return analysis.Undisclosed{Recipient: member, Theme: theme}
	}
	cell := func(theme string) analysis.Undisclosed {
		return analysis.Undisclosed{Theme: theme, Location: grant.Unspecified, Population: grant.Unspecified}
	}
	for name, c := range map[string]struct {
		query analysis.OverlapQuery
		want  []analysis.Undisclosed
	}{
		"in a member":          {analysis.OverlapQuery{Scope: grant.MemberScope, Principal: viewer}, []analysis.Undisclosed{in("m1", "water")}},
		"in cells":             {analysis.OverlapQuery{Scope: grant.CellScope, Principal: viewer}, []analysis.Undisclosed{cell(grant.Unspecified), cell("water")}},
		"of another theme":     {analysis.OverlapQuery{Scope: grant.MemberScope, Principal: viewer, Filter: analysis.Filter{Themes: []string{"youth"}}}, nil},
		"of donor states":      {analysis.OverlapQuery{Scope: grant.MemberScope, Principal: viewer, Filter: analysis.Filter{DonorStates: []string{"CH"}}}, nil},
		"on the second page":   {analysis.OverlapQuery{Scope: grant.MemberScope, Principal: viewer, After: &analysis.OverlapCursor{}}, nil},
		"for those who see it": {analysis.OverlapQuery{Scope: grant.MemberScope, Principal: staff}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c.query.Currency, c.query.Limit = "USD", 10
			found, err := s.Overlaps(c.query)
			if diff := cmp.Diff(c.want, found.Undisclosed); diff != "" || err != nil {
				t.Error(diff, err)
			}
		})
	}
}
