package ledger

import (
	"context"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/search"
)

// Similar returns the grants that are likely the same as a draft, at most limit, of those that the principal may see, as known at a revision (0: the newest), with the revision that was read. A draft
// with an id is a state of that grant: it is not similar to itself, and its links are those on record. If it has nothing but the id, it is the grant as it stands.
//
// Errors: Invalid with the fields of the draft that a create would refuse, whose paths start with field, or if there is no such revision yet; NotFound if there is no grant of the id,
// or if the principal may not see it, with the same words.
func (l *Ledger) Similar(ctx context.Context, p grant.Principal, field string, draft *grant.Grant, limit int, at int64) (search.Matches, int64, error) {
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return search.Matches{}, 0, err
	}
	whole := draft.Title != "" || len(draft.Funders) > 0 || draft.ID == ""
	if draft.ID != "" {
		e, err := l.Get(ctx, p, draft.Key(), at)
		if err != nil {
			return search.Matches{}, 0, err
		}
		if recorded := e.(*grant.Grant); whole {
			draft.Links, draft.Successor = recorded.Links, recorded.Successor
		} else {
			draft = recorded
		}
	} else {
		draft.ID = l.NewID()
	}
	if whole {
		var v fault.List
		v.Merge(field, draft.Validate())
		v.Merge(field, state.Registry.Admit(draft))
		if err := v.Err(); err != nil {
			return search.Matches{}, 0, err
		}
	}
	return state.Index.Similar(draft, state.sees(p), limit), state.Revision, nil
}

// SimilarText returns the grants that a text is likely about, else as Similar.
func (l *Ledger) SimilarText(ctx context.Context, p grant.Principal, q search.Query, limit int, at int64) (search.Matches, int64, error) {
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return search.Matches{}, 0, err
	}
	return state.Index.SimilarText(q, state.sees(p), limit), state.Revision, nil
}

func (s *State) sees(p grant.Principal) func(id string) bool {
	return func(id string) bool { return s.Snapshot.Sees(p, id) }
}

// Alike returns, for each of the grants that a principal has just written, or would write, those that are likely the same, at most limit: recorded ones, and others of the same write.
func (l *Ledger) Alike(p grant.Principal, written []*grant.Grant, limit int) []search.Matches {
	return l.State().alike(p, written, limit)
}

func (s *State) alike(p grant.Principal, written []*grant.Grant, limit int) []search.Matches {
	sees := s.sees(p)
	found := make([]search.Matches, len(written))
	var beside []grant.Entity // what is not in the state: nothing, unless the write was only tried
	for i, g := range written {
		if _, ok := s.Snapshot.Revision(g.ID); ok {
			found[i] = s.Index.SimilarTo(g.ID, sees, limit)
		} else {
			found[i] = s.Index.Similar(g, sees, limit)
			beside = append(beside, g)
		}
	}
	if len(beside) < 2 {
		return found
	}
	others := search.New(s.Registry).Next(s.Registry, beside)
	for i, g := range written {
		// Who writes sees what it writes.
		found[i] = found[i].And(others.SimilarTo(g.ID, func(string) bool { return true }, limit), limit)
	}
	return found
}
