package ledger

import (
	"context"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/search"
)

// Similar returns the grants that are likely the same as a draft, of those that the principal may see, as known at a revision (0: the newest), with the revision that was read. A draft
// with an id is a state of that grant: it is not similar to itself, and its links are those on record. If it has nothing but the id, it is the grant as it stands.
//
// Errors: Invalid with the fields of the draft that a create would refuse, whose paths start with field, or if there is no such revision yet; NotFound if there is no grant of the id,
// or if the principal may not see it, with the same words.
func (l *Ledger) Similar(ctx context.Context, p grant.Principal, field string, draft *grant.Grant, at int64) ([]search.Match, int64, error) {
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return nil, 0, err
	}
	whole := draft.Title != "" || len(draft.Funders) > 0 || draft.ID == ""
	if draft.ID != "" {
		e, err := l.Get(ctx, p, draft.Key(), at)
		if err != nil {
			return nil, 0, err
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
			return nil, 0, err
		}
	}
	return state.Index.Similar(draft, state.sees(p)), state.Revision, nil
}

// SimilarText returns the grants that a text is likely about, else as Similar.
func (l *Ledger) SimilarText(ctx context.Context, p grant.Principal, q search.Query, at int64) ([]search.Match, int64, error) {
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return nil, 0, err
	}
	return state.Index.SimilarText(q, state.sees(p)), state.Revision, nil
}

func (s *State) sees(p grant.Principal) func(id string) bool {
	return func(id string) bool { return s.Snapshot.Sees(p, id) }
}

// Alike returns, for each of the grants that a principal has just written, or would write, those that are likely the same: recorded ones, and others of the same write.
func (l *Ledger) Alike(p grant.Principal, written []*grant.Grant) [][]search.Match {
	state := l.State()
	var beside []grant.Entity // what is not in the state
	for _, g := range written {
		if _, ok := state.Snapshot.Revision(g.ID); !ok {
			beside = append(beside, g)
		}
	}
	others := search.New(state.Registry).Next(state.Registry, beside)
	found := make([][]search.Match, len(written))
	for i, g := range written {
		found[i] = state.Index.Similar(g, state.sees(p))
		if len(beside) > 1 {
			found[i] = search.Merge(found[i], others.Similar(g, func(string) bool { return true })) // who writes sees what it writes
		}
	}
	return found
}
