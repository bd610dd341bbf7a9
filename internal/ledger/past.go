package ledger

import (
	"context"
	"sync"

	"github.com/allmep/tandem/internal/fault"
)

// past keeps the states of the earlier revisions that were asked for last. Each is loaded once, however many ask at the same time.
type past struct {
	mu     sync.Mutex
	states []*pastState // the one used last is at the end
}

type pastState struct {
	revision int64
	once     sync.Once
	state    *State
	err      error
}

// maxPast is how many earlier states are kept. Each is as large as the newest.
const maxPast = 2

// StateAt returns the state at a revision, 0 for the newest, as those of today may see it. Errors: Invalid if there is no such revision yet; those of the store.
func (l *Ledger) StateAt(ctx context.Context, at int64) (*State, error) {
	newest := l.State()
	if at == 0 || at == newest.Revision {
		return newest, nil
	}
	if at > newest.Revision {
		return nil, fault.Field("revision", "found %d; the newest is %d", at, newest.Revision)
	}
	entry := l.past.entry(at)
	// The load is not the first caller's alone, so it does not end with that caller's context.
	entry.once.Do(func() { entry.state, entry.err = l.load(context.WithoutCancel(ctx), at) })
	if entry.err != nil {
		l.past.forget(entry)
		return nil, entry.err
	}
	state := *entry.state
	state.Snapshot = state.Snapshot.Under(newest.Snapshot)
	return &state, nil
}

func (p *past) entry(revision int64) *pastState {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, s := range p.states {
		if s.revision == revision {
			p.states = append(append(p.states[:i:i], p.states[i+1:]...), s)
			return s
		}
	}
	s := &pastState{revision: revision}
	p.states = append(p.states, s)
	if len(p.states) > maxPast {
		p.states = p.states[1:]
	}
	return s
}

func (p *past) forget(entry *pastState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, s := range p.states {
		if s == entry {
			p.states = append(p.states[:i:i], p.states[i+1:]...)
			return
		}
	}
}

// clear forgets all.
func (p *past) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.states = nil
}
