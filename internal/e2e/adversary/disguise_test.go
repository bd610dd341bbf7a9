package adversary

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/grant"
)

// sees tells whether the adversary may see a version of a grant, today's version of it aside. One that was merged is seen with what it was merged into.
func (t teller) sees(g *grant.Grant) bool {
	return t.mayKnow(g) && (g.Successor == "" || t.today[g.Successor] != nil && t.sees(t.today[g.Successor]))
}

func (t teller) mayKnow(g *grant.Grant) bool {
	return t.p.Sees(g.Visibility, func() bool { return t.reg.TakesPart(t.p, g) })
}

// casts tells whether a version of a grant casts a shadow for those who do not see it.
func casts(g *grant.Grant) bool { return g.Shadow && g.Successor == "" && g.Original() == "" }

// unseen tells whether a version of a grant gave nothing away when it was written.
func (t teller) unseen(g *grant.Grant) bool { return g != nil && !casts(g) && !t.sees(g) }

// disguise draws a grant that is hidden from the adversary, whatever it was.
func (t teller) disguise(id string, earlier []string) *grant.Grant {
	g := t.grant(id, earlier)
	g.Visibility, g.Title, g.Shadow = grant.Restricted, t.pick("secret", append(secretTitles, titles...)...), false
	g.Identifiers = append(g.Identifiers, t.some("secret identifiers", 0, secretNumbers)...)
	if others := map[grant.Role][]grant.Visibility{grant.Viewer: {grant.Coalition, grant.Donors}, grant.Member: {grant.Donors}}[t.p.Role]; others != nil && rapid.Bool().Draw(t.T, "not restricted") {
		g.Visibility = rapid.SampledFrom(others).Draw(t.T, "visibility")
	}
	g.Funders = participations(t.some("secret funders", 1, []string{"usaid", "qatar", "embassy"}))
	if t.p.Role == grant.Member {
		g.Recipients = participations(t.some("secret recipients", 0, []string{"m3"}))
	}
	if len(earlier) > 0 && t.one(4, "merged") {
		g.Successor, g.Merger = rapid.SampledFrom(earlier).Draw(t.T, "successor"), &grant.Merger{}
	}
	if t.mayKnow(g) {
		t.Fatalf("%+v is not hidden from %+v", g, t.p)
	}
	return g
}

// veil draws a grant that gives away as much as the shadow of another, and is else another grant. It is as deleted.
func (t teller) veil(id string, of *grant.Grant, earlier []string) *grant.Grant {
	g := t.disguise(id, earlier)
	g.Visibility, g.Shadow, g.Deleted, g.Successor, g.Merger = grant.Restricted, true, of.Deleted, "", nil
	g.Recipients = of.Recipients
	g.Themes, g.Locations, g.Populations = t.reweighed("themes", of.Themes), t.reweighed("locations", of.Locations), t.reweighed("people", of.Populations)
	g.Links = slices.DeleteFunc(g.Links, func(l grant.Link) bool { return l.Type == grant.DuplicateOf })
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
	for _, c := range real {
		for _, e := range c.records {
			if g, ok := e.(*grant.Grant); ok {
				t.today[g.ID] = g
			}
		}
	}
	names := map[string][]string{} // of the hidden grants that take the place of one; none, one or two
	var earlier []string           // grants to which hidden ones may link
	for _, id := range slices.Sorted(maps.Keys(t.today)) {
		if t.sees(t.today[id]) {
			continue
		}
		t.hidden[id] = true
		least := 0
		if casts(t.today[id]) {
			least = 1
		}
		for i := range rapid.IntRange(least, 2).Draw(t.T, "copies") {
			name := fmt.Sprintf("h%s%d", id[1:], i)
			names[id], t.hidden[name] = append(names[id], name), true
		}
	}
	more := rapid.IntRange(0, 2).Draw(t.T, "more")
	before := map[string]*grant.Grant{}
	var out story
	for i, c := range real {
		next, id := chapter{principal: c.principal, reason: c.reason}, fmt.Sprintf("x%02d", i)
		told := i == 0
		for _, e := range c.records {
			g, ok := e.(*grant.Grant)
			if !ok {
				if t.retells(e) {
					next.records = append(next.records, e)
				}
				told = told || t.p.MayRead(e.Key().Kind)
				continue
			}
			told = told || t.tells(before[g.ID], g)
			was := before[g.ID]
			before[g.ID] = g
			if t.unseen(was) && t.unseen(g) && t.sees(t.today[g.ID]) && rapid.Bool().Draw(t.T, "passed over") {
				continue // how often it changed while it was hidden is nobody's business
			}
			for _, r := range t.retell(g, names[g.ID], earlier) {
				next.records, earlier = append(next.records, r), append(earlier, r.ID)
			}
		}
		for range more {
			if i > 0 && rapid.Bool().Draw(t.T, "here") && !t.hidden[id] {
				next.records, earlier = append(next.records, t.another(id, earlier)), append(earlier, id)
			}
		}
		if len(next.records) == 0 { // no revision changes nothing
			next.records, earlier = append(next.records, t.another(id, earlier)), append(earlier, id)
		}
		if !told {
			next.principal, next.reason = t.pick("who else", "ada", "eve"), t.pick("why else", "a secret", "")
		}
		out = append(out, next)
	}
	return out, slices.Sorted(maps.Keys(t.hidden))
}

// another draws a hidden grant that is in the false story only.
func (t teller) another(id string, earlier []string) *grant.Grant {
	t.hidden[id] = true
	return t.disguise(id, earlier)
}

// retells tells whether a record that is no grant is in the false story too. A decision about a hidden grant may be missing, and so may a mapping.
func (t teller) retells(e grant.Entity) bool {
	switch e := e.(type) {
	case *grant.Decision:
		return !t.hidden[e.Overlap.Grants[0]] && !t.hidden[e.Overlap.Grants[1]] || rapid.Bool().Draw(t.T, "decided")
	case *grant.Mapping:
		return rapid.Bool().Draw(t.T, "mapped")
	}
	return true
}

// retell returns what takes the place of a version of a grant.
func (t teller) retell(g *grant.Grant, names, earlier []string) []*grant.Grant {
	today := t.today[g.ID]
	if t.sees(today) {
		switch {
		case t.sees(g):
			return []*grant.Grant{t.retouched(g, earlier)}
		case casts(g):
			// It was hidden then, and is seen today. A shadow that it cast then is no secret today.
			return []*grant.Grant{t.veil(g.ID, g, earlierThan(earlier, g.ID))}
		}
		return []*grant.Grant{t.disguise(g.ID, earlierThan(earlier, g.ID))}
	}
	var out []*grant.Grant
	for i, name := range names {
		// Of a shadow one copy is enough; a second one must not show.
		switch {
		case casts(today) && casts(g):
			out = append(out, t.veil(name, g, earlierThan(earlier, name)))
		case casts(today):
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

// shown returns a grant that the adversary sees as far as it is for them: without links to what is hidden, without the names of hidden grants that were merged into it, what these held,
// and that anything came from them.
func (t teller) shown(g *grant.Grant) *grant.Grant {
	r := clone(g)
	r.Links = slices.DeleteFunc(r.Links, func(l grant.Link) bool { return t.hidden[l.Target] })
	r.Aliases = slices.DeleteFunc(r.Aliases, func(id string) bool { return t.hidden[id] })
	secret := map[string]bool{}
	for _, said := range r.Reports {
		secret[said.ID] = said.Kind == grant.RecordHeld && t.hidden[said.Of]
	}
	r.Reports = slices.DeleteFunc(r.Reports, func(said grant.Report) bool { return secret[said.ID] })
	r.Accepted = slices.DeleteFunc(r.Accepted, func(a grant.Acceptance) bool { return secret[a.Report] })
	for _, origin := range origins(r) {
		if from := strings.Split(*origin, "/"); len(from) > 1 && t.hidden[from[1]] {
			*origin = ""
		}
	}
	return r
}

// origins are where a grant says of what is in it that it came from another.
func origins(g *grant.Grant) (all []*string) {
	for i := range g.Transactions {
		all = append(all, &g.Transactions[i].Origin)
	}
	for i := range g.Links {
		all = append(all, &g.Links[i].Origin)
	}
	for i := range g.Reports {
		all = append(all, &g.Reports[i].Origin)
	}
	return all
}

// retouched returns a grant with other things about hidden grants in place of those that it has: links, and mergers with what they leave.
func (t teller) retouched(g *grant.Grant, earlier []string) *grant.Grant {
	r := t.shown(g)
	hidden := slices.DeleteFunc(earlierThan(earlier, g.ID), func(id string) bool { return !t.hidden[id] })
	for i, id := range hidden {
		if rapid.Bool().Draw(t.T, "linked") {
			r.Links = append(r.Links, grant.Link{ID: fmt.Sprint(90 + i), Type: t.linkType(r), Target: id, Reason: "secret"})
		}
		if r.Successor != "" || !t.one(3, "merger") {
			continue
		}
		r.Aliases = append(r.Aliases, id)
		for _, origin := range origins(r) {
			if *origin == "" && t.one(3, "came") {
				*origin = "grants/" + id + "/transactions/1"
			}
		}
		held := t.report(&grant.Grant{Accepted: []grant.Acceptance{{}}}, 80+i)
		held.Kind, held.Organisation, held.Of, held.Origin, held.Status = grant.RecordHeld, "", id, "grants/"+id, grant.Active
		r.Reports = append(r.Reports, held)
		if !slices.ContainsFunc(r.Accepted, func(a grant.Acceptance) bool { return a.Field == grant.StatusField }) && rapid.Bool().Draw(t.T, "accepted") {
			r.Accepted = append(r.Accepted, grant.Acceptance{Field: grant.StatusField, Report: held.ID})
		}
	}
	return r
}

// tells tells whether a change shows to the adversary, so that who made it and why does too.
func (t teller) tells(was, is *grant.Grant) bool {
	if !t.sees(t.today[is.ID]) || !t.sees(is) || was != nil && !t.sees(was) {
		return false
	}
	if was == nil || was.Deleted != is.Deleted {
		return true
	}
	return !bytes.Equal(t.seen(was), t.seen(is))
}

// seen is what a history shows of a version.
func (t teller) seen(g *grant.Grant) []byte {
	r := t.shown(g)
	r.Serial, r.Merger = 0, nil
	return encoded(r)
}
