package adversary

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/authn"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// The records that grants refer to. organisations are those that give and get; sida and m2 are what DONOR SE and MEMBER m1 take part with, m2 through a merger in the middle of the story.
var (
	givers    = []string{"usaid", "sida", "qatar", "embassy"}
	takers    = []string{"m1", "m2", "m3"}
	themes    = []string{"water", "taps", "youth"}
	locations = []string{"region", "valley"}
	people    = []string{"women"}
)

// secret is the adversary's own token.
const secret = "tdm_adversary"

// setting is the first chapter, with the adversary's token; the second one has m2 merged into m1.
func setting(p grant.Principal) (first, later chapter) {
	first = chapter{principal: "staff", reason: "setting", records: []grant.Entity{
		&grant.Organisation{ID: "usaid", DisplayName: "USAID", State: "US"}, &grant.Organisation{ID: "embassy", DisplayName: "Embassy", Parent: "usaid"},
		&grant.Organisation{ID: "sida", DisplayName: "Sida", State: "SE"}, &grant.Organisation{ID: "qatar", DisplayName: "Qatar Fund", State: "QA"},
		&grant.Organisation{ID: "m1", DisplayName: "M1", Member: true}, &grant.Organisation{ID: "m2", DisplayName: "M2"}, &grant.Organisation{ID: "m3", DisplayName: "M3"}, &grant.Organisation{ID: "idle", DisplayName: "Idle"},
		&grant.Programme{ID: "p", DisplayName: "P", Owner: "usaid"}, &grant.Programme{ID: "q", DisplayName: "Q"},
		&grant.Term{Of: grant.Themes, ID: "water", DisplayName: "Water"}, &grant.Term{Of: grant.Themes, ID: "taps", DisplayName: "Taps", Parent: "water"},
		&grant.Term{Of: grant.Themes, ID: "youth", DisplayName: "Youth"}, &grant.Term{Of: grant.Locations, ID: "region", DisplayName: "Region"},
		&grant.Term{Of: grant.Locations, ID: "valley", DisplayName: "Valley", Parent: "region"}, &grant.Term{Of: grant.Populations, ID: "women", DisplayName: "Women"},
		&grant.Target{ID: "t", Theme: "water", Start: date("2023"), End: date("2024"), Currency: "USD", Minor: 100_00, Source: "a strategy"},
		&grant.Token{ID: "adversary", DisplayName: "A", Access: p, Hash: authn.Hash(secret)},
	}}
	later = chapter{principal: "staff", reason: "merger", records: []grant.Entity{&grant.Organisation{ID: "m2", DisplayName: "M2", Successor: "m1"}}}
	return first, later
}

func date(s string) period.Date {
	d, err := period.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// teller tells stories to an adversary.
type teller struct {
	*rapid.T
	p   grant.Principal
	reg *grant.Registry // of today
}

// sees tells whether the adversary may see a version of a grant, today's version of it aside.
func (t teller) sees(g *grant.Grant) bool {
	return t.p.Sees(g.Visibility, func() bool { return t.reg.TakesPart(t.p, g) })
}

// real tells a story.
func (t teller) real() story {
	first, later := setting(t.p)
	s := story{first}
	var ids []string
	last := map[string]*grant.Grant{}
	count := rapid.IntRange(2, 7).Draw(t.T, "chapters")
	for i := range count {
		if i == count/2 {
			s = append(s, later)
		}
		c := chapter{principal: t.pick("who", "ada", "ben"), reason: t.pick("why", "a call", "a letter", "")}
		for range rapid.IntRange(1, 3).Draw(t.T, "changes") {
			id := fmt.Sprintf("g%02d", len(ids))
			if len(ids) > 0 && rapid.IntRange(0, 2).Draw(t.T, "again") > 0 {
				id = rapid.SampledFrom(ids).Draw(t.T, "id")
			} else {
				ids = append(ids, id)
			}
			if slices.ContainsFunc(c.records, func(e grant.Entity) bool { return e.Key().ID == id }) {
				continue
			}
			g := t.grant(id, ids[:slices.Index(ids, id)])
			if old := last[id]; old != nil && rapid.Bool().Draw(t.T, "links alone") {
				relinked := *old
				relinked.Links, g = g.Links, &relinked
			}
			last[id], c.records = g, append(c.records, g)
		}
		s = append(s, c)
	}
	return s
}

func (t teller) pick(label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(t.T, label)
}

func (t teller) some(label string, least int, from []string) []string {
	all := rapid.Permutation(from).Draw(t.T, label)
	return all[:rapid.IntRange(least, len(all)).Draw(t.T, label+" count")]
}

// grant draws a grant. It links to earlier ones only, so that no chain is a circle.
func (t teller) grant(id string, earlier []string) *grant.Grant {
	g := &grant.Grant{
		ID: id, Title: t.pick("title", "Water for all", "Youth forum", "Core support"), Status: grant.Status(rapid.IntRange(1, 6).Draw(t.T, "status")),
		Visibility: grant.Visibility(rapid.IntRange(1, 4).Draw(t.T, "visibility")), Programme: t.pick("programme", "", "p", "q"), Note: t.pick("note", "", "sensitive"),
		Recipients: participations(t.some("recipients", 0, takers)), Funders: participations(t.some("funders", 1, givers)),
		Themes: t.splits("themes", t.some("themes", 0, themes)), Locations: t.splits("locations", t.some("locations", 0, locations)), Populations: t.splits("people", t.some("people", 0, people)),
		Identifiers: t.some("identifiers", 0, []string{"US-1", "SE-2"}), Serial: 9,
	}
	g.Shadow = g.Visibility == grant.Restricted && rapid.Bool().Draw(t.T, "shadow")
	if year := t.pick("start", "", "2022", "2023-02", "2024-05-01"); year != "" {
		g.Start, g.DurationMonths = date(year), rapid.IntRange(0, 20).Draw(t.T, "months")
	}
	if g.Status == grant.Cancelled {
		g.StatusDate = date("2023-06-01")
	}
	for i := range rapid.IntRange(0, 3).Draw(t.T, "transactions") {
		g.Transactions = append(g.Transactions, t.transaction(i+1))
	}
	for i, target := range t.some("links", 0, earlier) {
		if i == 2 {
			break
		}
		g.Links = append(g.Links, grant.Link{ID: fmt.Sprint(5 + i), Type: t.linkType(g), Target: target, Reason: t.pick("reason", "", "agreed")})
	}
	if rapid.IntRange(0, 6).Draw(t.T, "deleted") == 0 {
		g.Deleted = 1
	}
	return g
}

// linkType draws a type; a grant is a sub-grant of one other at most.
func (t teller) linkType(g *grant.Grant) grant.LinkType {
	if g.Parent() == "" && rapid.Bool().Draw(t.T, "sub-grant") {
		return grant.SubGrantOf
	}
	return grant.LinkType(rapid.IntRange(2, 4).Draw(t.T, "link"))
}

func (t teller) transaction(id int) grant.Transaction {
	tr := grant.Transaction{ID: fmt.Sprint(id), Type: grant.TransactionType(rapid.IntRange(1, 6).Draw(t.T, "type"))}
	tr.Amount = money.Amount{Currency: money.Currency(t.pick("currency", "USD", "EUR", "ZWL")), Minor: rapid.Int64Range(1, 1_000_000).Draw(t.T, "minor")}
	tr.Amount.Qualifier = rapid.SampledFrom([]money.Qualifier{money.Exact, money.AtLeast, money.Unknown}).Draw(t.T, "qualifier")
	if tr.Amount.Qualifier == money.Unknown {
		tr.Amount = money.Amount{Qualifier: money.Unknown}
	}
	if d := t.pick("date", "", "2022-05", "2023-03-04", "2030-01-01"); d != "" {
		tr.Date = date(d)
	}
	return tr
}

func participations(ids []string) []grant.Participation {
	var ps []grant.Participation
	for _, id := range ids {
		ps = append(ps, grant.Participation{Organisation: id})
	}
	return ps
}

func (t teller) splits(label string, ids []string) []grant.Split {
	var out []grant.Split
	rest := grant.Whole
	for i, id := range ids {
		part := rest
		if i < len(ids)-1 {
			part = min(rest-1, grant.Percent(rapid.Int64Range(1, int64(grant.Whole)).Draw(t.T, label+" percent")))
		}
		out = append(out, grant.Split{ID: id, Percent: part})
		rest -= part
	}
	return slices.DeleteFunc(out, func(s grant.Split) bool { return s.Percent == 0 })
}

// disguise draws a grant that is hidden from the adversary, whatever it was.
func (t teller) disguise(id string, earlier []string) *grant.Grant {
	g := t.grant(id, earlier)
	g.Visibility, g.Title, g.Shadow = grant.Restricted, t.pick("secret", "Arms control", "Quiet talks"), false
	if others := map[grant.Role][]grant.Visibility{grant.Viewer: {grant.Coalition, grant.Donors}, grant.Member: {grant.Donors}}[t.p.Role]; others != nil && rapid.Bool().Draw(t.T, "not restricted") {
		g.Visibility = rapid.SampledFrom(others).Draw(t.T, "visibility")
	}
	g.Funders = participations(t.some("secret funders", 1, []string{"usaid", "qatar", "embassy"}))
	if t.p.Role == grant.Member {
		g.Recipients = participations(t.some("secret recipients", 0, []string{"m3"}))
	}
	if t.sees(g) {
		t.Fatalf("%+v is not hidden from %+v", g, t.p)
	}
	return g
}

// veil draws a grant that gives away as much as the shadow of another, and is else another grant. It is as deleted, and as much replaced.
func (t teller) veil(id string, of *grant.Grant, earlier []string) *grant.Grant {
	g := t.disguise(id, earlier)
	g.Visibility, g.Shadow, g.Deleted = grant.Restricted, true, of.Deleted
	g.Recipients = of.Recipients
	g.Themes, g.Locations, g.Populations = t.reweighed("themes", of.Themes), t.reweighed("locations", of.Locations), t.reweighed("people", of.Populations)
	g.Links = slices.DeleteFunc(g.Links, func(l grant.Link) bool { return l.Type == grant.DuplicateOf })
	if i := slices.IndexFunc(of.Links, func(l grant.Link) bool { return l.Type == grant.DuplicateOf }); i >= 0 {
		g.Links = append(g.Links, grant.Link{ID: "9", Type: grant.DuplicateOf, Target: of.Links[i].Target})
	}
	return g
}

func (t teller) reweighed(label string, of []grant.Split) []grant.Split {
	var ids []string
	for _, s := range of {
		ids = append(ids, s.ID)
	}
	for {
		if out := t.splits(label, ids); len(out) == len(of) {
			return out
		}
	}
}

// false tells the story again with all that is hidden from the adversary changed: other records, other ids, more of them or fewer, and others who wrote. It returns the ids of the
// hidden grants of both.
func (t teller) false(real story) (story, []string) {
	today := map[string]*grant.Grant{}
	for _, c := range real {
		for _, e := range c.records {
			if g, ok := e.(*grant.Grant); ok {
				today[g.ID] = g
			}
		}
	}
	hidden := map[string]bool{}
	names := map[string][]string{} // of the hidden grants that take the place of one; none, one or two
	var earlier []string           // grants to which hidden ones may link
	for _, id := range slices.Sorted(maps.Keys(today)) {
		if t.sees(today[id]) {
			continue
		}
		hidden[id] = true
		least := 0
		if today[id].Shadow {
			least = 1
		}
		for i := range rapid.IntRange(least, 2).Draw(t.T, "copies") {
			name := fmt.Sprintf("h%s%d", id[1:], i)
			names[id], hidden[name] = append(names[id], name), true
		}
	}
	more := rapid.IntRange(0, 2).Draw(t.T, "more")
	before := map[string]*grant.Grant{}
	var out story
	for i, c := range real {
		next := chapter{principal: c.principal, reason: c.reason}
		told := i == 0
		for _, e := range c.records {
			g, ok := e.(*grant.Grant)
			if !ok {
				next.records, told = append(next.records, e), told || e.Key().Kind != grant.Tokens
				continue
			}
			told = told || t.tells(before[g.ID], g, today, hidden)
			was := before[g.ID]
			before[g.ID] = g
			if t.unseen(was) && t.unseen(g) && t.sees(today[g.ID]) && rapid.Bool().Draw(t.T, "passed over") {
				continue // how often it changed while it was hidden is nobody's business
			}
			for _, r := range t.retell(g, today[g.ID], names[g.ID], earlier, hidden) {
				next.records, earlier = append(next.records, r), append(earlier, r.ID)
			}
		}
		for range more {
			if i == 0 || rapid.Bool().Draw(t.T, "not here") {
				continue
			}
			id := fmt.Sprintf("x%02d", i)
			if !hidden[id] {
				hidden[id] = true
				next.records, earlier = append(next.records, t.disguise(id, earlier)), append(earlier, id)
			}
		}
		if !told {
			next.principal, next.reason = t.pick("who else", "ada", "eve"), t.pick("why else", "a secret", "")
		}
		out = append(out, next)
	}
	return out, slices.Sorted(maps.Keys(hidden))
}

// unseen tells whether a version of a grant gave nothing away when it was written.
func (t teller) unseen(g *grant.Grant) bool { return g != nil && !g.Shadow && !t.sees(g) }

// retell returns what takes the place of a version of a grant.
func (t teller) retell(g, today *grant.Grant, names, earlier []string, hidden map[string]bool) []*grant.Grant {
	if t.sees(today) {
		if t.sees(g) {
			return []*grant.Grant{t.relinked(g, earlier, hidden)}
		}
		// It was hidden then, and is seen today. A shadow that it cast then is no secret today.
		if g.Shadow {
			return []*grant.Grant{t.veil(g.ID, g, earlierThan(earlier, g.ID))}
		}
		return []*grant.Grant{t.disguise(g.ID, earlierThan(earlier, g.ID))}
	}
	var out []*grant.Grant
	for i, name := range names {
		// Of a shadow one copy is enough; a second one must not show.
		switch {
		case today.Shadow && g.Shadow:
			out = append(out, t.veil(name, g, earlierThan(earlier, name)))
		case today.Shadow:
			// It casts none in this version, so that this one may be anything without one; but today's shadow must not be there before its time.
			out = append(out, t.disguise(name, earlierThan(earlier, name)))
		case i == 0 || rapid.Bool().Draw(t.T, "copy"):
			out = append(out, t.disguise(name, earlierThan(earlier, name)))
		}
	}
	return out
}

func earlierThan(ids []string, id string) []string {
	if i := slices.Index(ids, id); i >= 0 {
		ids = ids[:i]
	}
	out := slices.Clone(ids)
	slices.Sort(out)
	return slices.Compact(out)
}

// relinked returns a grant with other links to hidden grants in place of those that it has.
func (t teller) relinked(g *grant.Grant, earlier []string, hidden map[string]bool) *grant.Grant {
	r := *g
	r.Links = slices.DeleteFunc(slices.Clone(g.Links), func(l grant.Link) bool { return hidden[l.Target] })
	for i, id := range earlierThan(earlier, g.ID) {
		if hidden[id] && rapid.Bool().Draw(t.T, "linked") {
			r.Links = append(r.Links, grant.Link{ID: fmt.Sprint(20 + i), Type: t.linkType(&r), Target: id, Reason: "secret"})
		}
	}
	return &r
}

// tells tells whether a change shows to the adversary, so that who made it and why does too.
func (t teller) tells(was, is *grant.Grant, today map[string]*grant.Grant, hidden map[string]bool) bool {
	if !t.sees(today[is.ID]) || !t.sees(is) || was != nil && !t.sees(was) {
		return false
	}
	if was == nil || was.Deleted != is.Deleted {
		return true
	}
	return !bytes.Equal(seen(was, hidden), seen(is, hidden))
}

func seen(g *grant.Grant, hidden map[string]bool) []byte {
	r := *g
	r.Links = slices.DeleteFunc(slices.Clone(g.Links), func(l grant.Link) bool { return hidden[l.Target] })
	body, err := grant.Encode(&r)
	if err != nil {
		panic(err)
	}
	return body
}
