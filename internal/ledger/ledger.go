package ledger

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/search"
)

// Config is what a Ledger works with.
type Config struct {
	Store Store
	// Rates are the exchange rates that are built in. Recorded ones are added to them.
	Rates *fx.Table
	// Now returns the time, in microseconds since 1970.
	Now func() int64
	// NewID returns an id that was never returned before and sorts after those that were.
	NewID func() string
}

// Ledger keeps and answers. Its methods may be called from many goroutines at once.
type Ledger struct {
	Config
	state    atomic.Pointer[State]
	commands chan *command
	past     past
	recent   recent
	window   window
	stop     context.CancelFunc
	ended    chan struct{} // closed when the writer is gone
}

// State is everything as one revision left it. It is immutable.
type State struct {
	Revision int64
	At       int64  // when the revision was written, in microseconds since 1970
	Hash     string // the revision's
	Registry *grant.Registry
	Rates    *fx.Table // built in and recorded
	Snapshot *analysis.Snapshot
	Index    *search.Index

	superseded chan struct{} // closed when a newer state is the newest; only of states that were published
}

// followEvery is how often a ledger looks for revisions that other servers wrote.
const followEvery = 250 * time.Millisecond

// Open reads the newest revision and starts to take writes. Close stops that; it does not close the store.
func Open(ctx context.Context, c Config) (*Ledger, error) {
	l := &Ledger{Config: c, commands: make(chan *command, maxGroup), ended: make(chan struct{}), window: newWindow()}
	state, err := l.load(ctx, 0)
	if err != nil {
		return nil, err
	}
	l.publish(state)
	running, stop := context.WithCancel(context.Background())
	l.stop = stop
	go l.write(running)
	return l, nil
}

// Close waits for the writes that have begun. Later ones are refused as Unavailable.
func (l *Ledger) Close() {
	l.stop()
	<-l.ended
}

// State returns the newest state.
func (l *Ledger) State() *State { return l.state.Load() }

// publish makes a state the newest and wakes those who wait for it. Only the writer calls it.
func (l *Ledger) publish(s *State) {
	before := l.State()
	if s == before {
		return
	}
	s.superseded = make(chan struct{})
	l.state.Store(s)
	if before != nil {
		close(before.superseded)
	}
}

// load reads the state at a revision, 0 for the newest, from the store.
func (l *Ledger) load(ctx context.Context, at int64) (*State, error) {
	// The head is read first, so that revisions that come while the records are read are not half in the state.
	head, err := l.Store.Head(ctx)
	if err != nil {
		return nil, err
	}
	if at == 0 || at > head {
		at = head
	}
	next := l.grow(l.empty())
	if at == 0 {
		return next.state(0, 0, ""), nil
	}
	hash, err := l.hashAt(ctx, at)
	if err != nil {
		return nil, err
	}
	var written int64
	err = l.Store.Load(ctx, at, func(v Version) error {
		e, err := decode(v)
		if err != nil {
			return err
		}
		written = max(written, v.Updated)
		next.add(e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return next.state(at, written, hash), nil
}

// empty returns the state before the first revision.
func (l *Ledger) empty() *State {
	reg := grant.NewRegistry()
	return &State{Registry: reg, Rates: l.Rates, Snapshot: analysis.NewSnapshot(reg, l.Rates), Index: search.New(reg)}
}

// hashAt returns the hash of a revision that is there.
func (l *Ledger) hashAt(ctx context.Context, at int64) (string, error) {
	last, err := l.Store.Revisions(ctx, at+1, grant.Key{}, 1)
	if err != nil || len(last) == 0 {
		return "", err
	}
	return last[0].Hash, nil
}

// next returns the state after a revision that changed these records, without its hash.
func (l *Ledger) next(s *State, revision, at int64, changed []grant.Entity) *State {
	next := l.grow(s)
	for _, e := range changed {
		next.add(e)
	}
	return next.state(revision, at, s.Hash)
}

// growing is the next state on its way, which takes record after record.
type growing struct {
	from     *State
	builtIn  *fx.Table
	snapshot *analysis.Builder
	index    *search.Builder
	others   []grant.Entity // but for grants
	rates    bool           // are among them
}

func (l *Ledger) grow(from *State) *growing {
	return &growing{from: from, builtIn: l.Rates, snapshot: from.Snapshot.Builder(), index: from.Index.Builder()}
}

// add adds a record, new or changed. It does not hold on to a grant.
func (g *growing) add(e grant.Entity) {
	g.index.Add(e)
	switch e := e.(type) {
	case *grant.Grant:
		g.snapshot.Add(e)
		return
	case *grant.RateDay:
		g.rates = true
	}
	g.others = append(g.others, e)
}

// state returns what has become of it. No more can be added.
func (g *growing) state(revision, at int64, hash string) *State {
	s := &State{Revision: revision, At: at, Hash: hash, Registry: g.from.Registry.With(g.others...), Rates: g.from.Rates}
	if g.rates {
		s.Rates = ratesOf(g.builtIn, s.Registry)
	}
	s.Snapshot, s.Index = g.snapshot.Snapshot(s.Registry, s.Rates), g.index.Index(s.Registry)
	return s
}

// ratesOf returns the built-in rates with the recorded ones.
func ratesOf(builtIn *fx.Table, reg *grant.Registry) *fx.Table {
	var days []fx.Rates
	for _, e := range reg.All(grant.Rates) {
		if r := e.(*grant.RateDay); r.Deleted == 0 {
			days = append(days, fx.Rates{Day: r.Day(), Quotes: r.Quotes})
		}
	}
	if len(days) == 0 {
		return builtIn
	}
	return builtIn.With(days)
}

// decode makes a record of a version.
func decode(v Version) (grant.Entity, error) {
	e, err := grant.Decode(v.Key, v.Body)
	if err != nil {
		return nil, fault.New(fault.Internal, "revision %d holds a record that cannot be read: %v", v.Revision, err)
	}
	*e.Ledgered() = grant.Meta{Revision: v.Revision, Created: v.Created, Updated: v.Updated, Deleted: v.Deleted}
	return e, nil
}

// encode makes a version of a record. Its Meta must be set.
func encode(e grant.Entity) (Version, error) {
	body, err := grant.Encode(e)
	if err != nil {
		return Version{}, fault.New(fault.Internal, "%s cannot be encoded: %v", e.Key(), err)
	}
	m := e.Ledgered()
	return Version{Key: e.Key(), Revision: m.Revision, Created: m.Created, Updated: m.Updated, Deleted: m.Deleted, Body: body}, nil
}
