package ledger

import (
	"slices"

	"github.com/allmep/tandem/internal/grant"
)

// maySee refuses, as NotFound, a grant that is not there or that a principal may not see. It is asked before the store is, so that the time of an answer does not tell the one
// from the other. Those who see everything need not ask: for them the store may know of a grant that another server has just written.
func (s *State) maySee(p grant.Principal, key grant.Key) error {
	if key.Kind == grant.Grants && !p.SeesAll() && !s.Snapshot.Shows(p, key.ID) {
		return notFound(key)
	}
	return nil
}

// show returns a version of a record, of whichever revision, as a principal may see it: without links to grants that it does not see or that are deleted, and without what
// would tell of merged ones that it does not see. visible tells whether it may see it at all. The record itself stays as it is.
func (s *State) show(p grant.Principal, e grant.Entity) (shown grant.Entity, visible bool) {
	return s.showLinked(p, e, s.Snapshot.Sees)
}

// shownGrant is show for a grant. Its error is NotFound if the principal may not see it.
func (s *State) shownGrant(p grant.Principal, g *grant.Grant) (*grant.Grant, error) {
	shown, visible := s.show(p, g)
	if !visible {
		return nil, notFound(g.Key())
	}
	return shown.(*grant.Grant), nil
}

// showLinked is show with the links to those grants that linked holds of.
func (s *State) showLinked(p grant.Principal, e grant.Entity, linked func(p grant.Principal, id string) bool) (shown grant.Entity, visible bool) {
	g, ok := e.(*grant.Grant)
	if !ok {
		return e, p.MayRead(e.Key().Kind)
	}
	if !s.Snapshot.ShowsVersion(p, g) {
		return nil, false
	}
	hidden := func(l grant.Link) bool { return !linked(p, l.Target) }
	unknown := func(alias string) bool { return !s.Snapshot.Shows(p, alias) }
	if !slices.ContainsFunc(g.Links, hidden) && !slices.ContainsFunc(g.Aliases, unknown) {
		return g, true
	}
	partial := *g
	partial.Links = slices.DeleteFunc(slices.Clone(g.Links), hidden)
	partial.Forget(unknown)
	return &partial, true
}
