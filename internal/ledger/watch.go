package ledger

import (
	"context"
	"slices"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// Watcher hears of revisions in order, each once, as its principal may see them at the moment. It is for one goroutine, holds nobody up however slow it
// is, and needs no closing.
type Watcher struct {
	ledger    *Ledger
	principal grant.Principal
	of        grant.Key
	at        int64 // the last revision that it has been told of, or that does not concern it
	page      []*tale
}

// Watch begins to watch the revisions after one of them, nil for the newest: all, or, where of has a kind, those in which the principal sees a change of a
// record of it, or of one record, where of has an id too. Errors: Invalid if there is no such revision yet; Denied and NotFound as of Get.
func (l *Ledger) Watch(ctx context.Context, p grant.Principal, after *int64, of grant.Key) (*Watcher, error) {
	w := &Watcher{ledger: l, principal: p, of: of, at: l.State().Revision}
	if after != nil {
		if *after > w.at {
			// Another server may have told of it already.
			head, err := l.Store.Head(ctx)
			if err != nil {
				return nil, err
			}
			if *after > head {
				return nil, fault.Field("after", "found %d; the newest is %d", *after, head)
			}
		}
		w.at = *after
	}
	switch {
	case of.ID != "":
		_, err := l.Get(ctx, p, of, 0)
		return w, err
	case of.Kind != "":
		return w, mayRead(p, of.Kind)
	}
	return w, nil
}

// At is where it stands: to go on later, watch after this revision.
func (w *Watcher) At() int64 { return w.at }

// Next waits for the next revision. A revision of which the principal sees nothing is a number and a time. Errors: those of the store, and of ctx when it
// is done.
func (w *Watcher) Next(ctx context.Context) (Entry, error) {
	for {
		for len(w.page) > 0 {
			t := w.page[0]
			if !w.concerns(t) {
				w.at, w.page = t.number, w.page[1:]
				continue
			}
			e, err := w.ledger.State().entry(w.principal, t)
			if err != nil {
				return e, err
			}
			w.at, w.page = t.number, w.page[1:]
			if w.of.Kind == "" || slices.ContainsFunc(e.Changes, func(c Change) bool { return w.matches(c.Key) }) {
				return e, nil
			}
		}
		if err := w.turn(ctx); err != nil {
			return Entry{}, err
		}
	}
}

// turn waits until there is something after where the watcher stands, and takes the next page of it.
func (w *Watcher) turn(ctx context.Context) error {
	for state := w.ledger.State(); state.Revision <= w.at; state = w.ledger.State() {
		select {
		case <-state.superseded:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	var err error
	w.page, err = w.ledger.window.after(ctx, w.ledger, w.at)
	return err
}

func (w *Watcher) concerns(t *tale) bool {
	return w.of.Kind == "" || slices.ContainsFunc(t.changes, func(c Change) bool { return w.matches(c.Key) })
}

func (w *Watcher) matches(key grant.Key) bool {
	return key.Kind == w.of.Kind && (w.of.ID == "" || key.ID == w.of.ID)
}

// window holds the tales of revisions written lately, so that each is read and decoded once for all who watch. It is filled when one of them asks.
type window struct {
	busy  chan struct{} // holds a token while someone uses the window
	tales []*tale       // of revisions without a gap; never changed, only replaced
	last  int64         // the number of the last of them, or of the revision before the first to come
}

// The window holds at most so many revisions and, unless it is one, so many changes.
const (
	windowRevisions = 256
	windowChanges   = 4096
)

// Whoever watches takes at most so many at once, from the window or, if it is behind, from the store: what it keeps while it is slow.
const (
	pageRevisions = 16
	pageChanges   = 256
)

func newWindow() window { return window{busy: make(chan struct{}, 1)} }

// after returns the revision after one of them, which must be there, and some that follow it.
func (w *window) after(ctx context.Context, l *Ledger, after int64) ([]*tale, error) {
	tales, err := w.reach(ctx, l, after)
	if err != nil {
		return nil, err
	}
	if len(tales) > 0 && tales[0].number <= after+1 && after < tales[len(tales)-1].number {
		tales = tales[after+1-tales[0].number:]
		return slices.Clone(cut(tales, pageRevisions, pageChanges, func(t *tale) int { return len(t.changes) })), nil
	}
	return l.talesAfter(ctx, after, pageRevisions, pageChanges)
}

// reach brings the window to what comes after a revision, unless it is there or beyond, and returns what is in it.
func (w *window) reach(ctx context.Context, l *Ledger, after int64) ([]*tale, error) {
	select {
	case w.busy <- struct{}{}:
		defer func() { <-w.busy }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if after > w.last+windowRevisions { // nobody has watched for a while
		w.tales, w.last = nil, after
	}
	if after >= w.last {
		next, err := l.talesAfter(ctx, w.last, windowRevisions, windowChanges)
		if err != nil {
			return nil, err
		}
		w.tales = newest(slices.Concat(w.tales, next))
		w.last = next[len(next)-1].number
	}
	return w.tales, nil
}

// clear forgets all.
func (w *window) clear() {
	w.busy <- struct{}{}
	w.tales, w.last = nil, 0
	<-w.busy
}

// newest leaves out the oldest tales that the window has no room for.
func newest(tales []*tale) []*tale {
	changes := 0
	for i, t := range slices.Backward(tales) {
		changes += len(t.changes)
		if n := len(tales) - i; n > 1 && (n > windowRevisions || changes > windowChanges) {
			return tales[i+1:]
		}
	}
	return tales
}

// talesAfter reads some of the revisions after one of them from the store: at least one.
func (l *Ledger) talesAfter(ctx context.Context, after int64, revisions, changes int) ([]*tale, error) {
	page, err := l.Store.Revisions(ctx, after+int64(revisions)+1, grant.Key{}, revisions)
	if err != nil {
		return nil, err
	}
	page = slices.DeleteFunc(page, func(r Revision) bool { return r.Number <= after })
	slices.Reverse(page)
	if len(page) == 0 || page[0].Number != after+1 {
		return nil, fault.New(fault.Internal, "revision %d is missing from the log", after+1)
	}
	page = cut(page, revisions, changes, func(r Revision) int { return len(r.Changes) })
	tales := make([]*tale, len(page))
	for i, r := range page {
		if tales[i], err = l.tell(ctx, r); err != nil {
			return nil, err
		}
	}
	return tales, nil
}

// cut takes the first of some items: one, and more while they are at most so many and have at most so many changes.
func cut[T any](items []T, most, mostChanges int, changes func(T) int) []T {
	n, sum := 0, 0
	for n < len(items) && n < most {
		if sum += changes(items[n]); n > 0 && sum > mostChanges {
			break
		}
		n++
	}
	return items[:n]
}
