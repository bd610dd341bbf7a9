package ledger

import (
	"context"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
)

// Utilisation says how far the envelopes of a programme, or ("") of every programme that is not deleted, are used, as known at a revision (0: the newest), with the revision that was
// read. Errors: Invalid if there is no such revision yet; NotFound if there was no such programme.
func (l *Ledger) Utilisation(ctx context.Context, programme string, q analysis.UtilisationQuery, at int64) ([]analysis.Utilisation, int64, error) {
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return nil, 0, err
	}
	asked := state.Registry.All(grant.Programmes)
	if programme != "" {
		key := grant.Key{Kind: grant.Programmes, ID: programme}
		p := state.Registry.Get(key)
		if p == nil {
			return nil, 0, notFound(key)
		}
		asked = []grant.Entity{p}
	}
	var all []analysis.Utilisation
	for _, e := range asked {
		if programme == "" && e.Ledgered().Deleted != 0 {
			continue
		}
		if ctx.Err() != nil { // there may be many of them, and each is a question
			return nil, 0, ctx.Err()
		}
		u, err := state.Snapshot.Utilisation(e.(*grant.Programme), q)
		if err != nil {
			return nil, 0, err
		}
		all = append(all, u)
	}
	return all, state.Revision, nil
}
