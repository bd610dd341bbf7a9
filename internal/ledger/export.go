package ledger

import (
	"context"
	"math"
	"slices"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/search"
)

// An export reads so many grants at once, so many times in parallel: beside what is being written, these are in memory.
const (
	exportBatch   = 250
	exportReaders = 2
)

// Extract is what Export returns.
type Extract = exchange.Extract

// Export returns the grants that Grants would list on all its pages, for writing them out. They are as of one revision, and as the principal may see them when it is called,
// however long the writing takes and whatever is written meanwhile. In memory are their ids, and a few hundred of the grants. Errors as of Grants; those of the store come
// from the grants.
func (l *Ledger) Export(ctx context.Context, q analysis.Selection, words search.Query, at int64) (Extract, analysis.LeftOut, error) {
	q.Limit = math.MaxInt
	state, found, err := l.find(ctx, q, words, at)
	if err != nil {
		return Extract{}, analysis.LeftOut{}, err
	}
	x := Extract{Registry: state.Registry, Total: found.Total, Revision: state.Revision, At: state.At}
	x.Grants = func(yield func(*grant.Grant, error) bool) { l.readAhead(ctx, state, q.Principal, found.IDs, yield) }
	x.Find = func(id string) (*grant.Grant, error) {
		e, err := l.read(ctx, state, grantKey(id), state.Revision)
		if fault.KindOf(err) == fault.NotFound {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if e, visible := state.show(q.Principal, e); visible {
			return e.(*grant.Grant), nil
		}
		return nil, nil
	}
	return x, found.LeftOut, nil
}

// readAhead yields grants as of a state, and reads the next of them while those before are used.
func (l *Ledger) readAhead(ctx context.Context, state *State, p grant.Principal, ids []string, yield func(*grant.Grant, error) bool) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	type batch struct {
		grants []grant.Entity
		err    error
	}
	coming := make(chan chan batch, exportReaders-1) // in the order of the ids, whichever is read first
	go func() {
		defer close(coming)
		for part := range slices.Chunk(ids, exportBatch) {
			read := make(chan batch, 1)
			select {
			case coming <- read:
			case <-ctx.Done():
				return
			}
			go func() {
				grants, err := l.readAll(ctx, state, p, part)
				read <- batch{grants, err}
			}()
		}
	}()
	for read := range coming {
		b := <-read
		if b.err != nil {
			yield(nil, b.err)
			return
		}
		for _, e := range b.grants {
			if !yield(e.(*grant.Grant), nil) {
				return
			}
		}
	}
	if ctx.Err() != nil {
		yield(nil, ctx.Err())
	}
}
