package ledger

import (
	"context"
	"slices"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// Merging says which grant is merged into which, and how.
type Merging struct {
	Survivor, Other string // ids
	OtherEtag       string // when not empty, must be the etag of the other as it stands; Write.Etag is the survivor's
	// Leave lets the other's transactions stay behind: it recorded the same money once more.
	Leave bool
}

// MergeGrants merges a grant into another as one revision, and returns the survivor and what was done. From then on the survivor stands for both.
//
// Errors: Denied, NotFound and Conflict as of Update; Invalid if the two are one, or if the survivor would break a rule; Precondition if one of them was
// merged already, if they are confirmed as two, if more people would see what the other holds, or if links would go in a circle or deny one another.
func (l *Ledger) MergeGrants(ctx context.Context, w Write, m Merging) (*grant.Grant, grant.Merged, error) {
	var g, other *grant.Grant
	if err := mayWrite(w.Principal, grant.Grants); err != nil {
		return nil, grant.Merged{}, err
	}
	if m.Survivor == m.Other {
		return nil, grant.Merged{}, fault.Field("other", "is the grant itself")
	}
	err := l.commit(ctx, w, func(d *draft) error {
		var err error
		if g, err = d.standingGrant(w, m.Survivor); err != nil {
			return err
		}
		if other, err = d.standingGrant(Write{Principal: w.Principal}, m.Other); err != nil {
			return err
		}
		if err := checkEtagOf(other, m.OtherEtag, "otherEtag"); err != nil {
			return err
		}
		if err := d.merge(w.Principal, g, other, m.Leave); err != nil {
			return err
		}
		var v fault.List
		v.Merge("grant", g.Validate())
		if err := v.Err(); err != nil {
			return err
		}
		return d.put(func(i int) string { return []string{"grant", "other"}[i] }, g, other)
	}, func(earlier []grant.Entity) error {
		g, other = pick(earlier, m.Survivor), pick(earlier, m.Other)
		return nil
	})
	if err != nil {
		return nil, grant.Merged{}, err
	}
	return g, g.MergedWith(other, m.Leave), nil
}

func (d *draft) standingGrant(w Write, id string) (*grant.Grant, error) {
	e, err := d.standing(w, grantKey(id))
	if err != nil {
		return nil, err
	}
	return e.(*grant.Grant), nil
}

// pick returns the grant with an id.
func pick(entities []grant.Entity, id string) *grant.Grant {
	for _, e := range entities {
		if g, ok := e.(*grant.Grant); ok && g.ID == id {
			return g
		}
	}
	return nil
}

// merge merges other into g, if the links of all grants allow it.
func (d *draft) merge(by grant.Principal, g, other *grant.Grant, leave bool) error {
	if g.Visibility < other.Visibility {
		return fault.New(fault.Precondition, "%q is %s and %q is %s: more people would see what it holds; first give one of them the visibility that the two are to have",
			other.Key(), other.Visibility, g.Key(), g.Visibility)
	}
	r := d.relations(g, other)
	between, err := r.between(g, other)
	if err != nil {
		return err
	}
	for _, l := range between {
		if l.Type == grant.ConfirmedDistinct {
			return fault.New(fault.Precondition, "the two are confirmed as distinct by %q%s; delete it first", l.Name(), because(l.Reason))
		}
	}
	linked := d.pending.flush().Snapshot.Linked(other.ID)
	g.Merge(other, leave, by.Name, d.at)
	if err := r.checkMerged(g, linked); err != nil {
		return err
	}
	for _, l := range slices.Clone(other.Links) {
		may, err := r.mayMove(g, l)
		if err != nil {
			return err
		}
		if may {
			g.TakeLink(other, l.ID)
		}
	}
	return nil
}

// checkMerged refuses, as Precondition, a merge after which links of others, those with the ids in by, deny one another or go in a circle.
func (r *relations) checkMerged(g *grant.Grant, by []string) error {
	for _, id := range by {
		x, err := r.standing(id)
		if err != nil {
			return err
		}
		if x == nil || x == g {
			continue
		}
		links, err := r.between(g, x)
		if err != nil {
			return err
		}
		for i, a := range links {
			for _, b := range links[:i] {
				if a.Type != b.Type && !a.Type.Agrees(b.Type) {
					return fault.New(fault.Precondition, "%q (%s) and %q (%s) would deny one another; delete one of them first", b.Name(), b.Type, a.Name(), a.Type)
				}
			}
		}
	}
	for _, l := range g.Links {
		if l.Type.Symmetric() {
			continue
		}
		t, err := r.standing(l.Target)
		if err != nil {
			return err
		}
		circle, _, err := r.leadsTo(t, g)
		if err != nil {
			return err
		}
		if circle {
			return fault.New(fault.Precondition, "sub-grants and duplicates would go in a circle, from %q by %q; delete a link of it first", g.Key(), g.ChildName("links", l.ID))
		}
	}
	return nil
}

// mayMove tells whether a link of what was merged into g can be one of g's.
func (r *relations) mayMove(g *grant.Grant, l grant.Link) (bool, error) {
	if !l.Type.Symmetric() && slices.ContainsFunc(g.Links, func(own grant.Link) bool { return own.Type == l.Type }) {
		return false, nil
	}
	l.ID = "" // it is none of g's links yet
	var v fault.List
	_, err := r.admit(&v, "", g, l, true)
	return err == nil && v.Err() == nil, err
}

// UnmergeGrant undoes the merge of a grant into another as one revision, and returns it as it stands again. Write.Etag is the survivor's, which is what
// readers of the grant see.
//
// Errors: Denied, NotFound and Conflict as of Update; Precondition if the grant was not merged, or if the survivor was itself merged; Invalid if something
// that the grant refers to is gone, or if links would go in a circle.
func (l *Ledger) UnmergeGrant(ctx context.Context, w Write, id string) (*grant.Grant, error) {
	if err := mayWrite(w.Principal, grant.Grants); err != nil {
		return nil, err
	}
	var again *grant.Grant
	err := l.commit(ctx, w, func(d *draft) error {
		e, err := d.get(grantKey(id))
		if err != nil {
			return err
		}
		again = e.(*grant.Grant)
		if again.Successor == "" {
			return fault.New(fault.Precondition, "%q was not merged into another grant", again.Key())
		}
		if e, err = d.get(grantKey(again.Successor)); err != nil {
			return err
		}
		if next := e.(*grant.Grant).Successor; next != "" {
			return fault.New(fault.Precondition, "%q was itself merged into %q; undo that first", e.Key(), grantKey(next))
		}
		g, err := d.standingGrant(w, again.Successor)
		if err != nil {
			return err
		}
		g.Unmerge(again)
		at := []string{"grant", "survivor"}
		var v fault.List
		for i, x := range []*grant.Grant{again, g} {
			v.Merge(at[i], x.Validate())
			v.Merge("", d.checkLinks(at[i], x, again, g))
		}
		if err := v.Err(); err != nil {
			return err
		}
		return d.put(func(i int) string { return at[i] }, again, g)
	}, func(earlier []grant.Entity) error {
		again = pick(earlier, id)
		return nil
	})
	return again, err
}
