package ledger

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/search"
)

// Get returns a record, deleted or not, as it was known at a revision (0: the newest). A grant that was merged by then is answered with the one that
// stands for it. Errors: Denied if the principal may not read its kind; NotFound if there was none, or if the principal may not see it: with the same words,
// and after asking the store for the same things, which is nothing.
func (l *Ledger) Get(ctx context.Context, p grant.Principal, key grant.Key, at int64) (grant.Entity, error) {
	if err := mayRead(p, key.Kind); err != nil {
		return nil, err
	}
	e, _, err := l.survivor(ctx, p, key, "", at)
	return e, err
}

// GetChild returns the grant in the resource name of a transaction or a link of a grant, and the child's id in it. Of a grant that was merged it returns
// the one that stands for it, and the id that the child has there, "" if it did not move. Errors: NotFound as of Get.
func (l *Ledger) GetChild(ctx context.Context, p grant.Principal, id, collection, child string, at int64) (*grant.Grant, string, error) {
	name := (&grant.Grant{ID: id}).ChildName(collection, child)
	e, name, err := l.survivor(ctx, p, grantKey(id), name, at)
	if err != nil {
		return nil, "", err
	}
	return e.(*grant.Grant), name[strings.LastIndexByte(name, '/')+1:], nil
}

// survivor returns the record that stands for a key, as a principal may see it, and the name in it of a child, "" if it has none.
func (l *Ledger) survivor(ctx context.Context, p grant.Principal, key grant.Key, child string, at int64) (grant.Entity, string, error) {
	state := l.State()
	if err := state.maySee(p, key); err != nil {
		return nil, "", err
	}
	for of := key; ; {
		e, err := l.read(ctx, state, of, at)
		if fault.KindOf(err) == fault.NotFound {
			return nil, "", notFound(key)
		}
		if err != nil {
			return nil, "", err
		}
		e, visible := state.show(p, e)
		if !visible {
			return nil, "", notFound(key)
		}
		g, isGrant := e.(*grant.Grant)
		if isGrant && of != key && child != "" {
			child = g.Heir(child)
		}
		if !isGrant || g.Successor == "" {
			return e, child, nil
		}
		of = grantKey(g.Successor)
	}
}

// read returns a record as it was known at a revision. It is shared and must not be changed.
func (l *Ledger) read(ctx context.Context, state *State, key grant.Key, at int64) (grant.Entity, error) {
	revision, inMemory := int64(0), false
	if at == 0 && key.Kind == grant.Grants {
		if revision, inMemory = state.Snapshot.Revision(key.ID); inMemory {
			if g := l.recent.get(key.ID, revision); g != nil {
				return g, nil
			}
		}
	}
	v, err := l.Store.Get(ctx, key, at)
	if fault.KindOf(err) == fault.NotFound {
		return nil, notFound(key)
	}
	if err != nil {
		return nil, err
	}
	e, err := decode(v)
	if g, ok := e.(*grant.Grant); ok && err == nil && inMemory {
		l.recent.put(g)
	}
	return e, err
}

func mayRead(p grant.Principal, kind grant.Kind) error {
	if !p.MayRead(kind) {
		return fault.New(fault.Denied, "the role %s may not read %s", p.Role, kind)
	}
	return nil
}

// ListQuery says which records of a kind other than grants to list.
type ListQuery struct {
	Order       analysis.Order
	Limit       int
	After       *analysis.Cursor // where the page before ended
	ShowDeleted bool
	// Where, when not nil, must hold of a record.
	Where func(grant.Entity) bool
	// Search, when not zero, must find a record. It is for organisations only.
	Search search.Query
}

// Page is a part of a list.
type Page struct {
	Entities []grant.Entity
	Next     *analysis.Cursor // where this page ended; nil on the last
	Total    int              // on all pages
	Revision int64            // the revision that was read
	LeftOut  analysis.LeftOut // of a list of grants
}

// List lists records of a kind other than grants, as known at a revision (0: the newest). Errors: Denied; NotFound if there is no such revision.
func (l *Ledger) List(ctx context.Context, p grant.Principal, kind grant.Kind, q ListQuery, at int64) (Page, error) {
	if err := mayRead(p, kind); err != nil {
		return Page{}, err
	}
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return Page{}, err
	}
	return state.list(kind, q), nil
}

func (s *State) list(kind grant.Kind, q ListQuery) Page {
	page := Page{Revision: s.Revision}
	var ranks map[string]int64
	if !q.Search.IsZero() {
		ranks = map[string]int64{}
		for _, h := range s.Index.Organisations(q.Search) {
			ranks[h.ID] = h.Rank
		}
	}
	all := slices.DeleteFunc(s.Registry.All(kind), func(e grant.Entity) bool {
		_, found := ranks[e.Key().ID]
		return e.Ledgered().Deleted != 0 && !q.ShowDeleted || q.Where != nil && !q.Where(e) || ranks != nil && !found
	})
	page.Total = len(all)
	place := func(e grant.Entity) analysis.Cursor {
		if q.Order.By == analysis.ByRank {
			return analysis.Cursor{Value: ranks[e.Key().ID], ID: e.Key().ID}
		}
		return q.Order.Place(e, s.Registry.Label(e.Key()))
	}
	slices.SortFunc(all, func(a, b grant.Entity) int { return q.Order.Compare(place(a), place(b)) })
	if q.After != nil {
		from, found := slices.BinarySearchFunc(all, *q.After, func(e grant.Entity, c analysis.Cursor) int { return q.Order.Compare(place(e), c) })
		if found {
			from++
		}
		all = all[from:]
	}
	if len(all) > q.Limit {
		all = all[:q.Limit]
		last := place(all[q.Limit-1])
		page.Next = &last
	}
	page.Entities = all
	return page
}

// Grants lists grants that the selection's principal may see and that words, when not zero, find, as known at a revision (0: the newest). Errors: Invalid if there is no such
// revision yet, or with the fields of the filter that name nothing.
func (l *Ledger) Grants(ctx context.Context, q analysis.Selection, words search.Query, at int64) (Page, error) {
	state, found, err := l.find(ctx, q, words, at)
	if err != nil {
		return Page{}, err
	}
	page := Page{Next: found.Next, Total: found.Total, LeftOut: found.LeftOut, Revision: state.Revision}
	page.Entities, err = l.readAll(ctx, state, q.Principal, found.IDs)
	return page, err
}

// find selects grants as known at a revision. Errors as of Grants.
func (l *Ledger) find(ctx context.Context, q analysis.Selection, words search.Query, at int64) (*State, analysis.Found, error) {
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return nil, analysis.Found{}, err
	}
	if err := q.Filter.Check(state.Registry); err != nil {
		return nil, analysis.Found{}, err
	}
	if !words.IsZero() {
		q.Among = []analysis.Cursor{} // found nothing is not the same as not searched
		for _, h := range state.Index.Grants(words) {
			q.Among = append(q.Among, analysis.Cursor{Value: h.Rank, ID: h.ID})
		}
	}
	return state, state.Snapshot.Select(q), nil
}

// readAll reads the grants that were found, as of the state and as the principal may see them.
func (l *Ledger) readAll(ctx context.Context, state *State, p grant.Principal, ids []string) ([]grant.Entity, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	keys := make([]grant.Key, len(ids))
	for i, id := range ids {
		keys[i] = grantKey(id)
	}
	versions, err := l.Store.GetAll(ctx, keys, state.Revision)
	if err != nil {
		return nil, err
	}
	entities := make([]grant.Entity, len(versions))
	for i, v := range versions {
		e, err := decode(v)
		if err != nil {
			return nil, err
		}
		entities[i], _ = state.show(p, e) // the selection has seen to it that it is visible
	}
	return entities, nil
}

// Allocations answers a query as known at a revision (0: the newest), with the revision that was read. Errors as of Grants; Exhausted when
// the answer would be too large.
func (l *Ledger) Allocations(ctx context.Context, q analysis.Query, at int64) (analysis.Result, int64, error) {
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return analysis.Result{}, 0, err
	}
	if err := q.Filter.Check(state.Registry); err != nil {
		return analysis.Result{}, 0, err
	}
	result, err := state.Snapshot.Allocate(q)
	return result, state.Revision, err
}

// RevisionAt returns the number of the last revision at or before an instant, in microseconds since 1970. Errors: Invalid if nothing was written by then.
func (l *Ledger) RevisionAt(ctx context.Context, instant int64) (int64, error) {
	n, err := l.Store.RevisionAt(ctx, instant)
	if err == nil && n == 0 {
		return 0, &fault.Error{Kind: fault.Invalid, Message: "nothing was recorded by then",
			Violations: []fault.Violation{{Field: "readTime", Problem: "is before the first revision"}}}
	}
	return n, err
}

// compareKeys orders keys as the changes of a revision are ordered.
func compareKeys(a, b grant.Key) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
}
