package ledger

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// Write is what a writer says about a write beside its content.
type Write struct {
	Principal grant.Principal
	Reason    string
	// RequestID makes a retry safe: a write with the id of an earlier one by the same principal gives the earlier one's answer, if Fingerprint, the
	// hash of what is asked, is the same, and is refused as Exists if it is not.
	RequestID   string
	Fingerprint string
	// Etag, when not empty, must be the etag of the record as it stands.
	Etag string
	// ValidateOnly checks everything and stores nothing.
	ValidateOnly bool
}

// command is a write that waits for its turn.
type command struct {
	ctx    context.Context
	write  Write
	decide func(*draft) error
	// replay answers a repeated request from the records that its revision wrote.
	replay func([]grant.Entity) error
	done   chan error
	err    error
	dry    bool // decided, and not to be stored
	// alone gives it a transaction of its own, in which it writes as it decides; it is waited for to its end, and undone unless it succeeds.
	alone bool
}

// maxGroup is how many commands are made durable by one commit at most.
const maxGroup = 256

// commit queues a write and waits until it is durable or refused. decide may run more than once and each time decides anew.
func (l *Ledger) commit(ctx context.Context, w Write, decide func(*draft) error, replay func([]grant.Entity) error) error {
	c := &command{ctx: ctx, write: w, decide: decide, replay: replay, done: make(chan error, 1)}
	return l.wait(c, ctx.Done())
}

// commitAlone is commit for a decide that writes by a bulk. It does not return before decide has, so that what decide reads may be closed then; a context that
// ends is for decide to notice.
func (l *Ledger) commitAlone(ctx context.Context, w Write, decide func(*draft) error) error {
	c := &command{ctx: ctx, write: w, decide: decide, done: make(chan error, 1), alone: true}
	return l.wait(c, nil)
}

// wait queues a command and waits for it or for giveUp.
func (l *Ledger) wait(c *command, giveUp <-chan struct{}) error {
	select {
	case l.commands <- c:
	case <-c.ctx.Done():
		return c.ctx.Err()
	case <-l.ended:
		return stopping()
	}
	select {
	case err := <-c.done:
		return err
	case <-giveUp:
		return c.ctx.Err()
	case <-l.ended:
		// The writer is gone. It may have answered before it went.
		select {
		case err := <-c.done:
			return err
		default:
			return stopping()
		}
	}
}

func stopping() error {
	return fault.New(fault.Unavailable, "the server is stopping; nothing was written")
}

// write is the one goroutine that writes.
func (l *Ledger) write(ctx context.Context) {
	defer close(l.ended)
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			l.refuseWaiting()
			return
		case <-ticker.C:
			l.follow(ctx)
		case c := <-l.commands:
			var group []*command
			for ; !c.alone; c = <-l.commands {
				if group = append(group, c); len(group) == maxGroup || len(l.commands) == 0 {
					break
				}
			}
			if len(group) > 0 {
				l.commitGroup(ctx, group)
			}
			if c.alone {
				l.commitGroup(ctx, []*command{c})
			}
		}
	}
}

func (l *Ledger) refuseWaiting() {
	for len(l.commands) > 0 {
		c := <-l.commands
		c.done <- stopping()
	}
}

// follow brings the state up to what other servers wrote. An error is left for the next try: readers go on with the state that there is.
func (l *Ledger) follow(ctx context.Context) {
	state := l.State()
	head, err := l.Store.Head(ctx)
	if err != nil || head == state.Revision {
		return
	}
	// As far as the head and no further: what others go on to write must not keep our own writers waiting.
	enough := errors.New("enough")
	state, err = l.catchUp(ctx, state, head, func(after int64, yield func(Revision) error) error {
		return l.Store.Since(ctx, after, func(r Revision) error {
			if r.Number > head {
				return enough
			}
			return yield(r)
		})
	})
	if err == nil || err == enough {
		l.publish(state)
	}
}

// errAnotherLog says that a revision does not follow the state's: a backup was restored in the place of the log that the state is of.
var errAnotherLog = errors.New("the log is another")

// catchUp brings a state up to the head, another than its own, by the revisions that were written since, or from the beginning when the log is another.
func (l *Ledger) catchUp(ctx context.Context, s *State, head int64, since func(int64, func(Revision) error) error) (*State, error) {
	if head > s.Revision {
		if next, err := l.apply(s, since); err != errAnotherLog {
			return next, err
		}
	}
	l.past.clear()
	l.recent.clear()
	l.window.clear()
	return l.load(ctx, 0)
}

// apply applies the revisions after a state.
func (l *Ledger) apply(s *State, since func(int64, func(Revision) error) error) (*State, error) {
	err := since(s.Revision, func(r Revision) error {
		if !r.follows(s.Hash) {
			return errAnotherLog
		}
		changed := make([]grant.Entity, len(r.Changes))
		for i, v := range r.Changes {
			e, err := decode(v)
			if err != nil {
				return err
			}
			changed[i] = e
		}
		s = l.next(s, r.Number, r.At, changed)
		s.Hash = r.Hash
		return nil
	})
	return s, err
}

// commitGroup decides a group of commands one after the other and makes those that wrote something durable at once.
func (l *Ledger) commitGroup(ctx context.Context, group []*command) {
	var state *State
	err := l.Store.Commit(ctx, func(tx Tx) error {
		state = l.State()
		if tx.Head() != state.Revision || tx.Hash() != state.Hash {
			var err error
			if state, err = l.catchUp(ctx, state, tx.Head(), tx.Since); err != nil {
				return err
			}
		}
		g := &pending{ledger: l, state: state, written: map[string]bool{}}
		for _, c := range group {
			if fatal := l.decide(tx, g, c); fatal != nil {
				return fatal
			}
		}
		state = g.flush()
		return nil
	})
	switch err {
	case nil:
		l.publish(state)
	case errUndone:
		err = nil
	}
	for _, c := range group {
		if err != nil && c.err == nil && !c.dry {
			c.err = err
		}
		c.done <- c.err
	}
}

// errUndone gives up the transaction of a command that was alone in it, which has its own error if it failed.
var errUndone = errors.New("undone")

// decide runs one command. It returns an error only if the whole group must be given up; the command's own error is kept in it.
func (l *Ledger) decide(tx Tx, g *pending, c *command) (fatal error) {
	c.err, c.dry = nil, c.write.ValidateOnly
	if c.err = c.ctx.Err(); c.err != nil {
		return nil
	}
	if c.write.RequestID != "" && !c.write.ValidateOnly {
		earlier, err := tx.Request(c.write.Principal.Name, c.write.RequestID)
		if err == nil {
			c.err, c.dry = c.answerAgain(g.flush(), earlier), true
			return nil
		}
		if fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	d := &draft{ledger: l, tx: tx, pending: g, registry: g.state.Registry, revision: tx.Head() + 1, at: max(l.Now(), tx.At()+1)}
	if c.err = c.decide(d); c.err != nil {
		if k := fault.KindOf(c.err); k == fault.Unavailable || k == fault.Exhausted {
			return c.err // the store is in trouble, and with it the whole group
		}
		if c.alone {
			return errUndone
		}
		return nil
	}
	if c.alone {
		if c.dry = c.dry || d.sealed == nil; c.dry {
			return errUndone
		}
		g.state = d.sealed
		return nil
	}
	if len(d.changed) == 0 || c.dry {
		c.dry = true
		return nil
	}
	r, err := d.asRevision(c.write)
	if err != nil {
		return err
	}
	if err := tx.Append(r); err != nil {
		return err
	}
	g.add(r, d.changed)
	return nil
}

// answerAgain gives the answer of the revision that a request wrote when it was first made. What the writer may no longer see does not exist for it.
func (c *command) answerAgain(s *State, r Revision) error {
	if r.Fingerprint != c.write.Fingerprint {
		return fault.New(fault.Exists, "requestId %q was used at revision %d for another request; use a new one", c.write.RequestID, r.Number)
	}
	entities := make([]grant.Entity, len(r.Changes))
	for i, v := range r.Changes {
		e, err := decode(v)
		if err != nil {
			return err
		}
		if err := s.maySee(c.write.Principal, v.Key); err != nil {
			return err
		}
		entities[i] = e
	}
	return c.replay(entities)
}

// pending is the state of a group that is being decided. Registries move with each command, since commands ask them all the time; the
// snapshot moves when someone asks for it, or at the end.
type pending struct {
	ledger  *Ledger
	state   *State
	changed []grant.Entity  // not in the snapshot yet
	written map[string]bool // the ids of the grants among them
}

func (g *pending) add(r Revision, changed []grant.Entity) {
	g.changed = append(g.changed, changed...)
	for _, e := range changed {
		if e.Key().Kind == grant.Grants {
			g.written[e.Key().ID] = true
		}
	}
	g.state = &State{Revision: r.Number, At: r.At, Hash: r.Hash, Registry: g.state.Registry, Rates: g.state.Rates, Snapshot: g.state.Snapshot, Index: g.state.Index}
	others := slices.ContainsFunc(changed, func(e grant.Entity) bool { return e.Key().Kind != grant.Grants })
	if others {
		g.state.Registry = g.state.Registry.With(changed...)
	}
}

// flush returns the state with every change in it.
func (g *pending) flush() *State {
	if len(g.changed) > 0 {
		g.state = g.ledger.next(g.state, g.state.Revision, g.state.At, g.changed)
		g.changed, g.written = nil, map[string]bool{}
	}
	return g.state
}

// draft is what a command decides on: the records as they stand, and the changes that it makes.
type draft struct {
	ledger   *Ledger
	tx       Tx
	pending  *pending
	registry *grant.Registry // with the changes of this draft
	revision int64
	at       int64
	changed  []grant.Entity
	sealed   *State // what a bulk has made of it
}

// get returns a record as it stands, for the caller to change and put. Its error is NotFound if there is none.
func (d *draft) get(key grant.Key) (grant.Entity, error) {
	v, err := d.tx.Get(key)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return nil, notFound(key)
		}
		return nil, err
	}
	return decode(v)
}

// exists tells whether a record was ever written under a key.
func (d *draft) exists(key grant.Key) bool {
	if key.Kind != grant.Grants {
		return d.registry.Get(key) != nil
	}
	_, there := d.pending.state.Snapshot.Revision(key.ID)
	return there || d.pending.written[key.ID]
}

// put makes records part of the revision. Each must be valid; they are held against the registry together, so that they may refer to each other.
// at gives the path of the i-th record in the request, for errors.
func (d *draft) put(at func(i int) string, entities ...grant.Entity) error {
	var v fault.List
	registry := d.registry
	if entities[0].Key().Kind != grant.Grants {
		registry = registry.With(entities...)
	}
	for i, e := range entities {
		v.Merge(at(i), registry.Admit(e))
	}
	if err := v.Err(); err != nil {
		return err
	}
	for _, e := range entities {
		d.sign(e)
	}
	d.registry = registry
	d.changed = append(d.changed, entities...)
	return nil
}

// sign notes on a record that the draft writes it.
func (d *draft) sign(e grant.Entity) {
	m := e.Ledgered()
	m.Revision, m.Updated = d.revision, d.at
	if m.Created == 0 {
		m.Created = d.at
	}
}

// head is the draft as a revision of the log, without changes and a hash.
func (d *draft) head(w Write) Revision {
	return Revision{Number: d.revision, At: d.at, Principal: w.Principal.Name, Reason: w.Reason, RequestID: w.RequestID, Fingerprint: w.Fingerprint}
}

// asRevision returns the draft as a revision of the log.
func (d *draft) asRevision(w Write) (Revision, error) {
	r := d.head(w)
	r.Changes = make([]Version, len(d.changed))
	for i, e := range d.changed {
		v, err := encode(e)
		if err != nil {
			return r, err
		}
		r.Changes[i] = v
	}
	slices.SortFunc(r.Changes, func(a, b Version) int { return compareKeys(a.Key, b.Key) })
	r.Hash = r.Chained(d.tx.Hash())
	return r, nil
}

func notFound(key grant.Key) error {
	return fault.New(fault.NotFound, "%q does not exist", key)
}
