package ledger

import (
	"context"
	"fmt"
	"slices"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

func grantKey(id string) grant.Key { return grant.Key{Kind: grant.Grants, ID: id} }

// Linked is a link with the grant that has it.
type Linked struct {
	From *grant.Grant
	grant.Link
}

// LinkedBy returns the symmetric links that other grants have to one, as a principal may see them and as known at a revision (0: the newest), in the
// order of the ids of those grants. Errors: Invalid if there is no such revision yet.
func (l *Ledger) LinkedBy(ctx context.Context, p grant.Principal, g *grant.Grant, at int64) ([]Linked, error) {
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return nil, err
	}
	var found []Linked
	for _, id := range state.Snapshot.LinkedFor(p, g.ID) { // for no others is the store asked: how often it is would tell of them
		e, err := l.Get(ctx, p, grantKey(id), at)
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		from := e.(*grant.Grant)
		for _, link := range from.Links {
			if link.Type.Symmetric() && state.Snapshot.Survivor(link.Target) == g.ID {
				found = append(found, Linked{from, link})
			}
		}
	}
	return found, nil
}

// linksOf returns the links of a grant as they are, and nothing of all else.
func linksOf(e grant.Entity) []grant.Link {
	if g, ok := e.(*grant.Grant); ok {
		return slices.Clone(g.Links)
	}
	return nil
}

// signLinks checks the links that a record has beyond those before, says in them who made them and when, and points those to a merged grant to its survivor.
func (d *draft) signLinks(w Write, field string, before []grant.Link, e grant.Entity) error {
	g, ok := e.(*grant.Grant)
	if !ok || len(g.Links) == 0 {
		return nil
	}
	known := make(map[string]bool, len(before))
	for _, l := range before {
		known[l.ID] = true
	}
	var v fault.List
	r := d.relations(g)
	for i := range g.Links {
		l := &g.Links[i]
		if known[l.ID] {
			continue
		}
		l.By, l.At = w.Principal.Name, d.at
		t, err := r.admit(&v, fmt.Sprintf("%s.links[%d]", field, i), g, *l, true)
		if err != nil {
			return err
		}
		if t != nil {
			l.Target = t.ID
		}
	}
	return v.Err()
}

// checkLinks refuses, as Invalid, a record whose links cannot stand any more. others are grants that the draft changes as well.
func (d *draft) checkLinks(field string, e grant.Entity, others ...*grant.Grant) error {
	g, ok := e.(*grant.Grant)
	if !ok {
		return nil
	}
	var v fault.List
	r := d.relations(append(others, g)...)
	for i, l := range g.Links {
		if _, err := r.admit(&v, fmt.Sprintf("%s.links[%d]", field, i), g, l, false); err != nil {
			return err
		}
	}
	return v.Err()
}

// relations is how grants stand to one another as a draft would leave them.
type relations struct {
	draft  *draft
	grants map[string]*grant.Grant // that the draft changes, and those that were read
}

func (d *draft) relations(changed ...*grant.Grant) *relations {
	r := &relations{draft: d, grants: make(map[string]*grant.Grant, len(changed))}
	for _, g := range changed {
		r.grants[g.ID] = g
	}
	return r
}

// standing returns the grant that stands for an id: itself, or the one that it was merged into. It is nil if there is none.
func (r *relations) standing(id string) (*grant.Grant, error) {
	for {
		g := r.grants[id]
		if g == nil {
			e, err := r.draft.get(grantKey(id))
			if fault.KindOf(err) == fault.NotFound {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			g = e.(*grant.Grant)
			r.grants[id] = g
		}
		if g.Deleted != 0 {
			return nil, nil
		}
		if g.Successor == "" {
			return g, nil
		}
		id = g.Successor
	}
}

// admit adds a violation if a link of g cannot stand, and returns the grant that it leads to. A link that is new must also say something new.
func (r *relations) admit(v *fault.List, field string, g *grant.Grant, l grant.Link, isNew bool) (*grant.Grant, error) {
	t, err := r.standing(l.Target)
	if err != nil {
		return nil, err
	}
	switch {
	case t == nil:
		v.Add(field+".target", "%q does not exist", grantKey(l.Target))
		return nil, nil
	case t.ID == g.ID:
		v.Add(field+".target", "%q leads back to %q", grantKey(l.Target), g.Key())
		return nil, nil
	}
	others, err := r.between(g, t)
	if err != nil {
		return nil, err
	}
	for _, o := range others {
		switch {
		case o.From == g && o.ID == l.ID:
		case o.Type == l.Type && isNew && l.Type.Symmetric():
			v.Add(field+".target", "the two are %s already, by %q", l.Type, o.Name())
		case o.Type != l.Type && !o.Type.Agrees(l.Type):
			v.Add(field+".type", "%s denies %q, by which %q is %s %q%s", l.Type, o.Name(), o.From.Key(), o.Type, grantKey(o.Target), because(o.Reason))
		}
	}
	return t, r.checkCircle(v, field+".target", g, l, t)
}

// because writes the reason of a link.
func because(reason string) string {
	if reason == "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", reason)
}

// Name is the link's resource name.
func (l Linked) Name() string { return l.From.ChildName("links", l.ID) }

// between returns the links between two grants that stand, from both ends.
func (r *relations) between(a, b *grant.Grant) ([]Linked, error) {
	var found []Linked
	for _, pair := range [][2]*grant.Grant{{a, b}, {b, a}} {
		for _, l := range pair[0].Links {
			t, err := r.standing(l.Target)
			if err != nil {
				return nil, err
			}
			if t == pair[1] {
				found = append(found, Linked{pair[0], l})
			}
		}
	}
	return found, nil
}

// maxChain is how long a chain of sub-grants and duplicates may be.
const maxChain = 20

// checkCircle adds a violation if a link to t closes a circle of sub-grants and duplicates, or makes a chain that is too long.
func (r *relations) checkCircle(v *fault.List, field string, g *grant.Grant, l grant.Link, t *grant.Grant) error {
	if l.Type.Symmetric() {
		return nil
	}
	circle, depth, err := r.leadsTo(t, g)
	switch {
	case err != nil:
		return err
	case circle:
		v.Add(field, "%q leads back to %q; sub-grants and duplicates must not go in a circle", grantKey(l.Target), g.Key())
	case depth > maxChain:
		v.Add(field, "the chain of sub-grants and duplicates from %q is longer than %d", grantKey(l.Target), maxChain)
	}
	return nil
}

// leadsTo tells whether going up from one grant to what it is a sub-grant or a duplicate of comes to another, and how many steps it is to the top.
func (r *relations) leadsTo(from, to *grant.Grant) (found bool, depth int, err error) {
	seen := map[*grant.Grant]bool{from: true}
	for level := []*grant.Grant{from}; len(level) > 0; depth++ {
		var above []*grant.Grant
		for _, g := range level {
			if g == to {
				return true, depth, nil
			}
			for _, l := range g.Links {
				if l.Type.Symmetric() {
					continue
				}
				t, err := r.standing(l.Target)
				if err != nil {
					return false, depth, err
				}
				if t != nil && !seen[t] {
					seen[t] = true
					above = append(above, t)
				}
			}
		}
		level = above
	}
	return false, depth, nil
}
