package grant_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/allmep/tandem/internal/grant"
)

func key(kind grant.Kind, id string) grant.Key { return grant.Key{Kind: kind, ID: id} }

// A registry stays as it was when the next one is made.
func TestRegistryIsImmutable(t *testing.T) {
	first := grant.NewRegistry().With(&grant.Organisation{ID: "a", DisplayName: "A", Identifiers: []string{"X-1"}})
	second := first.With(&grant.Organisation{ID: "a", DisplayName: "B"}, &grant.Organisation{ID: "b", DisplayName: "B", Identifiers: []string{"X-1"}})
	if first.Label(key(grant.Organisations, "a")) != "A" || first.Has(key(grant.Organisations, "b")) {
		t.Error("the first registry changed")
	}
	if second.Label(key(grant.Organisations, "a")) != "B" || len(second.All(grant.Organisations)) != 2 {
		t.Error("the second registry is not the first with its changes")
	}
}

// What an organisation stands for follows its mergers and its parents.
func TestSurvivorAndDonorState(t *testing.T) {
	r := grant.NewRegistry().With(
		&grant.Organisation{ID: "a", Successor: "b"}, &grant.Organisation{ID: "b", Successor: "c"}, &grant.Organisation{ID: "c"},
		&grant.Organisation{ID: "usaid", State: "US"}, &grant.Organisation{ID: "mission", Parent: "usaid"}, &grant.Organisation{ID: "desk", Parent: "mission"},
		&grant.Organisation{ID: "round", Parent: "round2", Successor: "round2"}, &grant.Organisation{ID: "round2", Parent: "round", Successor: "round"},
	)
	for id, want := range map[string]string{"a": "c", "b": "c", "c": "c", "unknown": "unknown"} {
		if got := r.Survivor(id); got != want {
			t.Errorf("%s: found %s, want %s", id, got, want)
		}
	}
	for id, want := range map[string]string{"desk": "US", "usaid": "US", "a": "", "unknown": "", "round": ""} {
		if got := r.DonorState(id); got != want {
			t.Errorf("%s: found %q, want %q", id, got, want)
		}
	}
	r.Survivor("round") // a circle, which Admit refuses, ends
}

// Nothing is admitted that refers to what is not there, goes in a circle, or takes another's identifier; not in a batch either.
func TestAdmit(t *testing.T) {
	r := grant.NewRegistry().With(
		&grant.Organisation{ID: "usaid", DisplayName: "USAID", State: "US", Identifiers: []string{"US-1"}}, &grant.Organisation{ID: "mission", DisplayName: "M", Parent: "usaid"},
		&grant.Organisation{ID: "nobody", DisplayName: "N"}, &grant.Organisation{ID: "gone", DisplayName: "G", Meta: grant.Meta{Deleted: 1}},
		&grant.Term{Of: grant.Themes, ID: "water"}, &grant.Term{Of: grant.Themes, ID: "taps", Parent: "water"},
	)
	for want, e := range map[string]grant.Entity{
		"":                           &grant.Organisation{ID: "usaid", State: "US", Identifiers: []string{"US-1"}},
		"identifiers[0]":             &grant.Organisation{ID: "other", Identifiers: []string{"US-1"}},
		"parent":                     &grant.Organisation{ID: "usaid", Parent: "mission"},
		"successor":                  &grant.Organisation{ID: "usaid", Successor: "usaid"},
		"funders[0].organisation":    &grant.Grant{ID: "g", Funders: []grant.Participation{{Organisation: "nobody"}}},
		"recipients[0].organisation": &grant.Grant{ID: "g", Recipients: []grant.Participation{{Organisation: "gone"}}},
		"programme":                  &grant.Grant{ID: "g", Programme: "none"},
		"theme":                      &grant.Target{ID: "t", Theme: "none"},
		"owner":                      &grant.Programme{ID: "p", Owner: "none"},
	} {
		if got := fieldsOf(r.With(e).Admit(e)); got != want {
			t.Errorf("found %q, want %q", got, want)
		}
	}
	water := &grant.Term{Of: grant.Themes, ID: "water", Parent: "taps"}
	if got := fieldsOf(r.With(water).Admit(water)); got != "parent" {
		t.Errorf("a circle of themes: found %q", got)
	}
	a, b, c := &grant.Organisation{ID: "a", Parent: "b"}, &grant.Organisation{ID: "b", Parent: "a"}, &grant.Organisation{ID: "c", Parent: "a"}
	batch := r.With(a, b, c)
	for _, o := range []*grant.Organisation{a, b, c} {
		if got := fieldsOf(batch.Admit(o)); got != "parent" {
			t.Errorf("%s, of a circle in a batch: found %q", o.ID, got)
		}
	}
}

// What others refer to is known, and a token that was ended signs nobody in.
func TestLookUps(t *testing.T) {
	r := grant.NewRegistry().With(&grant.Organisation{ID: "a", Parent: "b"}, &grant.Organisation{ID: "b"}, &grant.Programme{ID: "p", Owner: "b"}, &grant.Token{ID: "t", Hash: "h"})
	if got := fmt.Sprint(r.Dependants(key(grant.Organisations, "b"))); got != "[organisations/a programmes/p]" {
		t.Errorf("found %s", got)
	}
	if r.TokenByHash("h") == nil {
		t.Error("the token is not found")
	}
	if r = r.With(&grant.Token{ID: "t", Hash: "h", Meta: grant.Meta{Deleted: 1}}); r.TokenByHash("h") != nil {
		t.Error("a token that was ended is found")
	}
}

// The one rule of visibility, whole.
func TestSees(t *testing.T) {
	all := []grant.Visibility{grant.Public, grant.Coalition, grant.Donors, grant.Restricted}
	for role, want := range map[grant.Role]struct{ outside, inside string }{
		0:            {"", ""},
		grant.Viewer: {"PUBLIC", "PUBLIC"},
		grant.Donor:  {"PUBLIC COALITION DONORS", "PUBLIC COALITION DONORS RESTRICTED"},
		grant.Member: {"PUBLIC COALITION", "PUBLIC COALITION RESTRICTED"},
		grant.Staff:  {"PUBLIC COALITION DONORS RESTRICTED", "PUBLIC COALITION DONORS RESTRICTED"},
		grant.Admin:  {"PUBLIC COALITION DONORS RESTRICTED", "PUBLIC COALITION DONORS RESTRICTED"},
	} {
		seen := func(part bool) string {
			var out []string
			for _, v := range all {
				if (grant.Principal{Role: role}).Sees(v, func() bool { return part }) {
					out = append(out, v.String())
				}
			}
			return strings.Join(out, " ")
		}
		if seen(false) != want.outside || seen(true) != want.inside {
			t.Errorf("%s: found %q and %q", role, seen(false), seen(true))
		}
	}
}

// A donor is bound to a state, a member to an organisation, and nobody else to anything; who takes part is told through mergers and parents.
func TestPrincipals(t *testing.T) {
	for want, p := range map[string]grant.Principal{
		"":             {Role: grant.Donor, State: "US"},
		"donorState":   {Role: grant.Donor},
		"organisation": {Role: grant.Member},
		"role":         {},
	} {
		if got := fieldsOf(p.Validate()); got != want {
			t.Errorf("%+v: found %q, want %q", p, got, want)
		}
	}
	if got := fieldsOf((grant.Principal{Role: grant.Staff, State: "US"}).Validate()); got != "donorState" {
		t.Errorf("staff with a state: found %q", got)
	}
	r := grant.NewRegistry().With(&grant.Organisation{ID: "usaid", State: "US"}, &grant.Organisation{ID: "desk", Parent: "usaid"}, &grant.Organisation{ID: "old", Successor: "new"}, &grant.Organisation{ID: "new"})
	g := &grant.Grant{Funders: []grant.Participation{{Organisation: "desk"}}, Recipients: []grant.Participation{{Organisation: "old"}}}
	for p, want := range map[grant.Principal]bool{
		{Role: grant.Donor, State: "US"}: true, {Role: grant.Donor, State: "SE"}: false, {Role: grant.Member, Organisation: "new"}: true, {Role: grant.Member, Organisation: "old"}: true,
		{Role: grant.Member, Organisation: "desk"}: true, {Role: grant.Member, Organisation: "usaid"}: false,
	} {
		if got := r.TakesPart(p, g); got != want {
			t.Errorf("%+v: found %t", p, got)
		}
	}
}
