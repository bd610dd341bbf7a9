package ledger

import (
	"context"
	"fmt"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// Overlaps answers a query as known at a revision (0: the newest), with the revision that was read. Each overlap says what the records suggest. Errors as of Allocations.
func (l *Ledger) Overlaps(ctx context.Context, q analysis.OverlapQuery, at int64) (analysis.OverlapResult, int64, error) {
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return analysis.OverlapResult{}, 0, err
	}
	if err := q.Filter.Check(state.Registry); err != nil {
		return analysis.OverlapResult{}, 0, err
	}
	res, err := state.Snapshot.Overlaps(q)
	if err != nil {
		return analysis.OverlapResult{}, 0, err
	}
	return res, state.Revision, l.suggest(ctx, res.Overlaps, state.Revision)
}

// Overlap returns one overlap, with the revision that was read. The query says how to look at it. Errors: NotFound if its two sides do not meet, or the principal does not see both grants.
func (l *Ledger) Overlap(ctx context.Context, q analysis.OverlapQuery, id grant.OverlapID, at int64) (analysis.Overlap, int64, error) {
	q.Scope, q.Only, q.Limit = id.Scope, &id, 1
	res, revision, err := l.Overlaps(ctx, q, at)
	if err != nil {
		return analysis.Overlap{}, 0, err
	}
	if len(res.Overlaps) == 0 {
		return analysis.Overlap{}, 0, fault.New(fault.NotFound, "%q does not exist in this window and currency", "overlaps/"+id.String())
	}
	return res.Overlaps[0], revision, nil
}

// suggest says of each overlap what the records of its grants suggest.
func (l *Ledger) suggest(ctx context.Context, overlaps []analysis.Overlap, at int64) error {
	grants := map[string]*grant.Grant{}
	var keys []grant.Key
	for _, o := range overlaps {
		for _, id := range o.ID.Grants {
			if _, asked := grants[id]; !asked {
				grants[id] = nil
				keys = append(keys, grant.Key{Kind: grant.Grants, ID: id})
			}
		}
	}
	if len(keys) == 0 {
		return nil
	}
	versions, err := l.Store.GetAll(ctx, keys, at)
	if err != nil {
		return err
	}
	for _, v := range versions {
		e, err := decode(v)
		if err != nil {
			return err
		}
		grants[v.Key.ID] = e.(*grant.Grant)
	}
	for i := range overlaps {
		o := &overlaps[i]
		o.Suggested, o.Grounds = analysis.Suggest(grants[o.ID.Grants[0]], grants[o.ID.Grants[1]])
	}
	return nil
}

// Clusters answers a query as known at a revision (0: the newest), with the revision that was read. Errors as of Grants.
func (l *Ledger) Clusters(ctx context.Context, q analysis.ClusterQuery, at int64) (analysis.ClusterResult, int64, error) {
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return analysis.ClusterResult{}, 0, err
	}
	if err := q.Filter.Check(state.Registry); err != nil {
		return analysis.ClusterResult{}, 0, err
	}
	return state.Snapshot.Clusters(q), state.Revision, nil
}

// Gaps answers a query as known at a revision (0: the newest), with the revision that was read. Errors as of Allocations.
func (l *Ledger) Gaps(ctx context.Context, q analysis.GapQuery, at int64) (analysis.GapResult, int64, error) {
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return analysis.GapResult{}, 0, err
	}
	if err := q.Filter.Check(state.Registry); err != nil {
		return analysis.GapResult{}, 0, err
	}
	res, err := state.Snapshot.Gaps(q)
	return res, state.Revision, err
}

// Concentration answers a query as known at a revision (0: the newest), with the revision that was read. Errors as of Allocations.
func (l *Ledger) Concentration(ctx context.Context, q analysis.ConcentrationQuery, at int64) (analysis.ConcentrationResult, int64, error) {
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return analysis.ConcentrationResult{}, 0, err
	}
	if err := q.Filter.Check(state.Registry); err != nil {
		return analysis.ConcentrationResult{}, 0, err
	}
	res, err := state.Snapshot.Concentration(q)
	return res, state.Revision, err
}

// Decide keeps a verdict on an overlap in place of an earlier one. The one who writes is the one who decides.
//
// Errors: Denied; NotFound if the name is not of two parts of grants that count; Conflict if the etag is not that of the decision that there is; Invalid with the fields.
func (l *Ledger) Decide(ctx context.Context, w Write, id grant.OverlapID, verdict grant.Verdict, reason string) (*grant.Decision, error) {
	if err := mayWrite(w.Principal, grant.Decisions); err != nil {
		return nil, err
	}
	var decided *grant.Decision
	err := l.commit(ctx, w, func(d *draft) error {
		decided = &grant.Decision{ID: id.String(), Overlap: id, Verdict: verdict, Reason: reason, By: w.Principal.Name}
		if err := decided.Validate(); err != nil {
			return err
		}
		if !d.pending.flush().Snapshot.MayOverlap(w.Principal, id) {
			return fault.New(fault.NotFound, "%q does not exist; accepted is the name of an overlap as the list of overlaps gives it", "overlaps/"+id.String())
		}
		before, err := d.get(decided.Key())
		switch {
		case fault.KindOf(err) == fault.NotFound:
			if w.Etag != "" {
				return &fault.Error{Kind: fault.Conflict, Message: fmt.Sprintf("nobody has decided on %q", "overlaps/"+id.String()),
					Violations: []fault.Violation{{Field: "etag", Problem: fmt.Sprintf("found %q; there is no decision", w.Etag)}}}
			}
		case err != nil:
			return err
		default:
			if err := checkEtag(w, before); err != nil {
				return err
			}
			decided.Meta = *before.Ledgered()
			if old := *before.(*grant.Decision); old == *decided {
				return nil
			}
			decided.Deleted = 0
		}
		return d.put(func(int) string { return "" }, decided)
	}, func(earlier []grant.Entity) error { decided = earlier[0].(*grant.Decision); return nil })
	return decided, err
}
