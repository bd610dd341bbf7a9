package ledger

import (
	"context"
	"fmt"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fault"
)

// Scenario is what to suppose and what to ask of it.
type Scenario struct {
	Changes []analysis.Change
	Query   analysis.Query // its principal is who asks
}

// Outcome is a question's answer before and after the changes of a scenario.
type Outcome struct {
	Rows        []analysis.Difference // those that differ, the largest loss first
	Total       analysis.Difference
	Provisional bool
	Notes       []string // what could not be supposed
	Revision    int64    // that was read
}

// Simulate answers a scenario as known at a revision (0: the newest). It stores nothing. Grants that are added must be such as could be recorded. Errors: Invalid with the fields;
// those of Allocations.
func (l *Ledger) Simulate(ctx context.Context, s Scenario, at int64) (Outcome, error) {
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return Outcome{}, err
	}
	var v fault.List
	for i, c := range s.Changes {
		if c.Kind != analysis.Addition {
			continue
		}
		if c.Grant.ID == "" {
			c.Grant.ID = fmt.Sprintf("supposed-%d", i+1)
		}
		field := fmt.Sprintf("changes[%d].add.grant", i)
		v.Merge(field, c.Grant.Validate())
		v.Merge(field, state.Registry.Admit(c.Grant))
	}
	if err := v.Err(); err != nil {
		return Outcome{}, err
	}
	after, notes, err := state.Snapshot.Suppose(s.Query.Principal, s.Changes)
	if err != nil {
		return Outcome{}, err
	}
	was, err := state.Snapshot.Allocate(s.Query)
	if err != nil {
		return Outcome{}, err
	}
	is, err := after.Allocate(s.Query)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Notes: notes, Provisional: was.Provisional || is.Provisional, Revision: state.Revision}
	out.Rows, out.Total = analysis.Compare(was, is)
	return out, nil
}

// Place ranks where an offer would add most, as known at a revision (0: the newest), with the revision that was read. Errors as of analysis.Place and StateAt.
func (l *Ledger) Place(ctx context.Context, o analysis.Offer, at int64) (analysis.Ranking, int64, error) {
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return analysis.Ranking{}, 0, err
	}
	ranking, err := state.Snapshot.Place(o)
	return ranking, state.Revision, err
}
