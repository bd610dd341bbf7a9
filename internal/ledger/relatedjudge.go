package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// judge finds which links are there already, and against which others people, or the file itself, have spoken.
func (im *importer) judge(r *relations, wishes []*wish) error {
	decided := map[[2]string]grant.Verdict{}
	for _, e := range im.registry.All(grant.Decisions) {
		if d := e.(*grant.Decision); d.Deleted == 0 {
			g := d.Overlap.Grants
			decided[g], decided[[2]string{g[1], g[0]}] = d.Verdict, d.Verdict
		}
	}
	parents := map[*grant.Grant][]string{}
	for _, w := range wishes {
		if w.LinkType == grant.SubGrantOf {
			parents[w.child] = append(parents[w.child], w.parent.Key().String())
		}
	}
	for _, w := range wishes {
		links, err := r.between(w.child, w.parent)
		if err != nil {
			return err
		}
		for _, l := range links {
			if l.Type == w.LinkType && (l.From == w.child || l.Type.Symmetric()) {
				w.there = &l
			}
		}
		for _, i := range w.tellers {
			for _, s := range im.tellers[i].said {
				if strings.HasPrefix(s.Part, w.child.Key().String()+"/") && strings.TrimSuffix(s.Print, found) == w.print() {
					w.said = s
				}
			}
		}
		verdict := decided[[2]string{w.child.ID, w.parent.ID}]
		distinct := slices.ContainsFunc(links, func(l Linked) bool { return l.Type == grant.ConfirmedDistinct })
		switch {
		case !w.free():
		case verdict != 0 && verdict != verdicts[w.LinkType]:
			w.refused = fmt.Sprintf("people have decided that the two are %s", verdict)
		case distinct && w.LinkType == grant.SubGrantOf && w.relation.Grant == "":
			w.refused = "people have confirmed the two as distinct"
		case len(parents[w.child]) > 1 && w.LinkType == grant.SubGrantOf:
			w.refused = fmt.Sprintf("the file makes it a part of %s, and it can be one of one grant only", strings.Join(slices.Sorted(slices.Values(parents[w.child])), " and of "))
		}
	}
	return nil
}

// verdicts are what links say of two grants, in the words of a decision.
var verdicts = map[grant.LinkType]grant.Verdict{grant.SubGrantOf: grant.SubGrant, grant.CoFundedWith: grant.CoFunded, grant.DuplicateOf: grant.SameGrant, grant.ConfirmedDistinct: grant.Distinct}

// fulfil makes the links that may stand, and takes off those that may not. Those that the file made before are judged as if they were new, so that the same file always comes to the same.
func (im *importer) fulfil(r *relations, wishes []*wish) error {
	before := map[*grant.Grant][]grant.Link{}
	families := map[*grant.Grant][]*wish{}
	set := func(g *grant.Grant, links []grant.Link) {
		if _, saved := before[g]; !saved {
			before[g] = g.Links
		}
		g.Links = links
	}
	without := func(w *wish, id string) {
		set(w.child, slices.DeleteFunc(slices.Clone(w.child.Links), func(l grant.Link) bool { return l.ID == id }))
	}
	for _, w := range wishes {
		if w.own() {
			without(w, w.there.ID)
		}
		if w.LinkType == grant.SubGrantOf {
			families[w.parent] = append(families[w.parent], w)
		}
	}
	for i, w := range wishes {
		if !w.free() || w.refused != "" {
			continue
		}
		if err := im.admitted(r, w); err != nil {
			return err
		}
		if w.refused == "" {
			set(w.child, append(slices.Clone(w.child.Links), grant.Link{ID: fmt.Sprint("wish-", i), Type: w.LinkType, Target: w.parent.ID}))
		}
	}
	for parent, family := range families {
		if err := im.judgeFamily(r, parent, family); err != nil {
			return err
		}
	}
	for g, links := range before {
		g.Links = links
	}
	for _, w := range wishes {
		switch {
		case w.own() && w.refused != "":
			without(w, w.there.ID)
			im.touch(w.child)
		case w.free() && !w.own() && w.refused == "":
			im.link(w)
		case !w.free() && w.there == nil:
			im.tellOf(w.tellers[0], w.relation, exchange.Noted, fmt.Sprintf("people have taken the link between %s and %s off, and it stays so", w.child.Key(), w.parent.Key()))
		}
		if w.refused != "" {
			im.tellOf(w.tellers[0], w.relation, exchange.LeftOut, "the link is not made: "+w.refused)
		}
	}
	return nil
}

// judgeFamily refuses sub-grants of one grant, new ones and those that the file made before, if all that there are together have more than it.
func (im *importer) judgeFamily(r *relations, parent *grant.Grant, family []*wish) error {
	subs := map[*grant.Grant]bool{}
	add := func(g *grant.Grant) error {
		if g == nil || g.Parent() == "" {
			return nil
		}
		above, err := r.standing(g.Parent())
		if above == parent {
			subs[g] = true
		}
		return err
	}
	for _, id := range im.before.Snapshot.Linked(parent.ID) {
		g, err := r.standing(id)
		if err != nil {
			return err
		}
		if err := add(g); err != nil {
			return err
		}
	}
	for _, w := range family {
		if err := add(w.child); err != nil {
			return err
		}
	}
	short := parent.Overdrawn(slices.Collect(maps.Keys(subs)))
	for _, w := range family {
		if w.free() && w.refused == "" && short != "" {
			w.refused = short
		}
	}
	return nil
}

// admitted refuses a link that cannot stand by the rules of links.
func (im *importer) admitted(r *relations, w *wish) error {
	if p := w.child.Parent(); p != "" && w.LinkType == grant.SubGrantOf {
		w.refused = fmt.Sprintf("it is a sub-grant of %q already", grantKey(p))
		return nil
	}
	var v fault.List
	if _, err := r.admit(&v, "", w.child, grant.Link{Type: w.LinkType, Target: w.parent.ID}, true); err != nil {
		return err
	}
	if f, ok := v.Err().(*fault.Error); ok {
		w.refused = f.Violations[0].Problem
	}
	return nil
}

// link makes a link.
func (im *importer) link(w *wish) {
	reason := w.relation.Reason
	if reason == "" {
		reason = strings.TrimSpace("told by a file of " + im.tellers[w.tellers[0]].source)
	}
	l := grant.Link{ID: w.child.NextID(), Type: w.LinkType, Target: w.parent.ID, Reason: reason, By: im.w.Principal.Name, At: im.at}
	w.child.Links = append(slices.Clone(w.child.Links), l)
	w.said = grant.Said{Part: w.child.ChildName("links", l.ID), Print: w.print()}
	im.touch(w.child)
}
