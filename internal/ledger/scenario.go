package ledger

import (
	"context"
	"fmt"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/period"
)

// Scenario is what to suppose and what to ask of it.
type Scenario struct {
	Changes []analysis.Change
	Query   analysis.Query // of allocations; its principal is who asks
	// AsOf is the day from which gaps look back and ahead; 0 is the day before the first withdrawal or, without one, Today.
	AsOf, Today period.Day
}

// Simulation is what the changes of a scenario would do.
type Simulation struct {
	Rows        []analysis.Difference // allocations that differ, the largest loss first
	Total       analysis.Difference
	Overlaps    []analysis.OverlapChange // in MEMBER scope
	Gaps        []analysis.GapChange
	AsOf        period.Day
	Provisional bool
	Notes       []string // what could not be supposed or compared
	Revision    int64    // that was read
}

// maxCompared is how many overlaps, and how many gaps, are compared. Each takes about a kilobyte.
const maxCompared = 20_000

// Simulate answers a scenario as known at a revision (0: the newest). It stores nothing. Grants that are added must be such as could be recorded. Gaps are those around AsOf: without a
// window, members without money and those that depend on one donor state are looked for in the twelve months after it. Errors: Invalid with the fields; those of Allocations.
func (l *Ledger) Simulate(ctx context.Context, s Scenario, at int64) (Simulation, error) {
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return Simulation{}, err
	}
	if err := admitAdditions(state.Registry, s.Changes); err != nil {
		return Simulation{}, err
	}
	after, notes, err := state.Snapshot.Suppose(s.Query.Principal, s.Changes)
	if err != nil {
		return Simulation{}, err
	}
	was, err := state.Snapshot.Allocate(s.Query)
	if err != nil {
		return Simulation{}, err
	}
	is, err := after.Allocate(s.Query)
	if err != nil {
		return Simulation{}, err
	}
	out := Simulation{Notes: notes, Provisional: was.Provisional || is.Provisional, Revision: state.Revision, AsOf: s.asOf()}
	out.Rows, out.Total = analysis.Compare(was, is)
	if err := out.compareOverlaps(s, state.Snapshot, after); err != nil {
		return Simulation{}, err
	}
	return out, out.compareGaps(s, state.Snapshot, after)
}

// admitAdditions gives grants that are added an id, and refuses, as Invalid, such as could not be recorded.
func admitAdditions(reg *grant.Registry, changes []analysis.Change) error {
	var v fault.List
	for i, c := range changes {
		if c.Kind != analysis.Addition {
			continue
		}
		if c.Grant.ID == "" {
			c.Grant.ID = fmt.Sprintf("supposed-%d", i+1)
		}
		field := fmt.Sprintf("changes[%d].add.grant", i)
		v.Merge(field, c.Grant.Validate())
		v.Merge(field, reg.Admit(c.Grant))
	}
	return v.Err()
}

// asOf returns the day from which gaps look back and ahead.
func (s Scenario) asOf() period.Day {
	if s.AsOf != 0 {
		return s.AsOf
	}
	day := s.Today
	for _, c := range s.Changes {
		if c.Kind == analysis.Withdrawal {
			day = min(day, c.Date-1)
		}
	}
	return day
}

func (o *Simulation) compareOverlaps(s Scenario, before, after *analysis.Snapshot) error {
	q := analysis.OverlapQuery{Scope: grant.MemberScope, Currency: s.Query.Currency, From: s.Query.From, To: s.Query.To, Limit: maxCompared, Principal: s.Query.Principal}
	was, err := before.Overlaps(q)
	if err != nil {
		return err
	}
	is, err := after.Overlaps(q)
	if err != nil {
		return err
	}
	o.Provisional = o.Provisional || was.Provisional || is.Provisional
	if was.Next != nil || is.Next != nil {
		o.Notes = append(o.Notes, fmt.Sprintf("Overlaps are not compared: there are %d before and %d after; accepted are %d, so give a window.", was.Count, is.Count, maxCompared))
		return nil
	}
	o.Overlaps = analysis.CompareOverlaps(was.Overlaps, is.Overlaps)
	return nil
}

func (o *Simulation) compareGaps(s Scenario, before, after *analysis.Snapshot) error {
	q := analysis.GapQuery{
		AsOf: o.AsOf, Currency: s.Query.Currency, From: s.Query.From, To: s.Query.To, Thresholds: analysis.DefaultThresholds(), Limit: maxCompared, Principal: s.Query.Principal,
	}
	if q.From.IsZero() && q.To.IsZero() {
		q.From = period.Date{First: o.AsOf + 1, Precision: period.ToDay}
		q.To = period.Date{First: q.From.PlusMonths(12), Precision: period.ToDay}
	}
	was, err := before.Gaps(q)
	if err != nil {
		return err
	}
	is, err := after.Gaps(q)
	if err != nil {
		return err
	}
	o.Provisional = o.Provisional || was.Provisional || is.Provisional
	if was.Next != nil || is.Next != nil {
		o.Notes = append(o.Notes, fmt.Sprintf("Gaps are not compared: there are %d before and %d after; accepted are %d, so give a window.", was.Count, is.Count, maxCompared))
		return nil
	}
	o.Gaps = analysis.CompareGaps(was.Gaps, is.Gaps)
	return nil
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
