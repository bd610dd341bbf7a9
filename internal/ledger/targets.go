package ledger

import (
	"context"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/period"
)

// TargetFilter says which targets are meant: for one of the themes or below one, likewise for locations and populations, with a day between two dates, either of which may
// be no date. What it does not name it does not ask.
type TargetFilter struct {
	Themes, Locations, Populations []string
	From, To                       period.Date
}

// takes tells whether a target matches.
func (f TargetFilter) takes(reg *grant.Registry, t *grant.Target) bool {
	for _, c := range []struct {
		key   grant.Key
		asked []string
	}{
		{grant.Key{Kind: grant.Themes, ID: t.Theme}, f.Themes},
		{grant.Key{Kind: grant.Locations, ID: t.Location}, f.Locations},
		{grant.Key{Kind: grant.Populations, ID: t.Population}, f.Populations},
	} {
		if len(c.asked) > 0 && !reg.Within(c.key, c.asked) {
			return false
		}
	}
	return (f.From.IsZero() || t.End.Last() >= f.From.First) && (f.To.IsZero() || t.Start.First <= f.To.Last())
}

// Targets lists the targets that match, as known at a revision (0: the newest). q.Where is not used. Errors: Invalid if there is no such revision yet, or with the fields of the
// filter that name nothing.
func (l *Ledger) Targets(ctx context.Context, f TargetFilter, q ListQuery, at int64) (Page, error) {
	state, err := l.targetState(ctx, f, at)
	if err != nil {
		return Page{}, err
	}
	q.Where = func(e grant.Entity) bool { return f.takes(state.Registry, e.(*grant.Target)) }
	return state.list(grant.Targets, q), nil
}

// targetState returns the state at a revision, if the filter makes sense there.
func (l *Ledger) targetState(ctx context.Context, f TargetFilter, at int64) (*State, error) {
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return nil, err
	}
	return state, analysis.Filter{Themes: f.Themes, Locations: f.Locations, Populations: f.Populations}.Check(state.Registry)
}

// Coverage says how far the targets that match, in order of their ids, are met, as known at a revision (0: the newest), with the revision that was read. Errors as of Targets.
func (l *Ledger) Coverage(ctx context.Context, f TargetFilter, q analysis.CoverageQuery, at int64) ([]analysis.Coverage, int64, error) {
	state, err := l.targetState(ctx, f, at)
	if err != nil {
		return nil, 0, err
	}
	var all []analysis.Coverage
	for _, e := range state.Registry.All(grant.Targets) {
		t := e.(*grant.Target)
		if t.Deleted != 0 || !f.takes(state.Registry, t) {
			continue
		}
		if ctx.Err() != nil { // there may be many of them, and each is a question
			return nil, 0, ctx.Err()
		}
		c, err := state.Snapshot.Coverage(t, q)
		if err != nil {
			return nil, 0, err
		}
		all = append(all, c)
	}
	return all, state.Revision, nil
}
