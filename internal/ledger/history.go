package ledger

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// Entry is a revision as a principal may see it. That it happened is no secret; what it was may be.
type Entry struct {
	Number    int64
	At        int64 // microseconds since 1970
	Principal string
	Reason    string
	Hash      string // for those who may see hashes
	Changes   []Change
}

// Change is what a revision did to one record.
type Change struct {
	Key    grant.Key
	Action Action
	Fields []FieldChange // of an update: what changed, ordered by name
}

// Action is a kind of change.
type Action uint8

// The kinds of changes.
const (
	Created Action = iota + 1
	Updated
	Deleted
	Undeleted
)

// FieldChange is a field's value before and after, as JSON; empty where it had none.
type FieldChange struct {
	Field, Before, After string
}

// HistoryQuery says which revisions to list.
type HistoryQuery struct {
	Before int64 // only revisions below this one; 0 is no bound
	Limit  int
	Key    grant.Key // only those that changed this record, as far as the principal may see it; the zero Key is no bound
	By     []string  // only those by one of these principals, as far as the principal who asks may know; none is no bound
	Since  int64     // only those written at this instant or later, in microseconds since 1970
	Until  int64     // only those written at this instant or earlier; 0 is no bound
}

// History lists revisions, the newest first. next is where the next page begins; 0 on the last. A page may be shorter than its limit.
// Errors: as of Get of the record that is asked for.
func (l *Ledger) History(ctx context.Context, p grant.Principal, q HistoryQuery) (entries []Entry, next int64, err error) {
	if q.Key != (grant.Key{}) {
		// A record that the principal may not see has no history for it, nor any that does not exist.
		if _, err := l.Get(ctx, p, q.Key, 0); err != nil {
			return nil, 0, err
		}
	}
	if q.Until != 0 {
		last, err := l.Store.RevisionAt(ctx, q.Until)
		if err != nil || last == 0 {
			return nil, 0, err
		}
		if q.Before == 0 || q.Before > last {
			q.Before = last + 1
		}
	}
	state := l.State()
	for {
		revisions, err := l.candidates(ctx, p, q)
		if err != nil {
			return nil, 0, err
		}
		for _, r := range revisions {
			if r.At < q.Since {
				return entries, 0, nil
			}
			e, err := l.entry(ctx, state, p, r)
			if err != nil {
				return nil, 0, err
			}
			q.Before = r.Number
			if !q.admits(e) {
				continue
			}
			if len(entries) == q.Limit {
				return entries, entries[q.Limit-1].Number, nil
			}
			entries = append(entries, e)
		}
		switch {
		case len(revisions) <= q.Limit:
			return entries, 0, nil
		case q.goesThroughAll(p):
			return entries, q.Before, nil
		}
		// What was left out is not to be told by a page that is short, so one goes on until it is full and there is another.
	}
}

// goesThroughAll tells whether a page looks at all revisions, a limited number of them, for those that belong to it. It does where it is asked who wrote
// by someone from whom grants are hidden: neither how far the page goes nor how long it takes then depends on who wrote what is hidden.
func (q HistoryQuery) goesThroughAll(p grant.Principal) bool {
	return q.Key == grant.Key{} && len(q.By) > 0 && !p.SeesAll()
}

// candidates reads the newest revisions, one more than the limit, that may belong to the answer.
func (l *Ledger) candidates(ctx context.Context, p grant.Principal, q HistoryQuery) ([]Revision, error) {
	if q.Key != (grant.Key{}) || len(q.By) == 0 || q.goesThroughAll(p) {
		return l.Store.Revisions(ctx, q.Before, q.Key, q.Limit+1)
	}
	var all []Revision
	for _, principal := range q.By {
		revisions, err := l.Store.RevisionsBy(ctx, q.Before, principal, q.Limit+1)
		if err != nil {
			return nil, err
		}
		all = append(all, revisions...)
	}
	slices.SortFunc(all, func(a, b Revision) int { return cmp.Compare(b.Number, a.Number) })
	all = slices.CompactFunc(all, func(a, b Revision) bool { return a.Number == b.Number }) // of a principal that was named twice
	return all[:min(len(all), q.Limit+1)], nil
}

// admits tells whether an entry, as its reader sees it, belongs to the answer.
func (q HistoryQuery) admits(e Entry) bool {
	return (q.Key == grant.Key{} || slices.ContainsFunc(e.Changes, func(c Change) bool { return c.Key == q.Key })) && (len(q.By) == 0 || slices.Contains(q.By, e.Principal))
}

// Revision returns one revision. Errors: NotFound.
func (l *Ledger) Revision(ctx context.Context, p grant.Principal, number int64) (Entry, error) {
	revisions, err := l.Store.Revisions(ctx, number+1, grant.Key{}, 1)
	if err != nil {
		return Entry{}, err
	}
	if len(revisions) == 0 || revisions[0].Number != number {
		return Entry{}, fault.New(fault.NotFound, "\"revisions/%d\" does not exist", number)
	}
	return l.entry(ctx, l.State(), p, revisions[0])
}

// entry tells of a revision what a principal sees of it.
func (l *Ledger) entry(ctx context.Context, s *State, p grant.Principal, r Revision) (Entry, error) {
	t, err := l.tell(ctx, r)
	if err != nil {
		return Entry{}, err
	}
	return s.entry(p, t)
}

// tale is a revision with its records decoded and its changes as one who sees everything sees them. Nothing in it changes, so that all who are told share it.
type tale struct {
	number, at        int64
	principal, reason string
	hash              string
	was, is           []grant.Entity // the records before and after; was is nil where the record is new
	changes           []Change
}

// tell reads what a revision took the place of, and makes its tale.
func (l *Ledger) tell(ctx context.Context, r Revision) (*tale, error) {
	before, err := l.Store.Before(ctx, r)
	if err != nil {
		return nil, err
	}
	n := len(r.Changes)
	t := &tale{number: r.Number, at: r.At, principal: r.Principal, reason: r.Reason, hash: r.Hash, was: make([]grant.Entity, n), is: make([]grant.Entity, n), changes: make([]Change, n)}
	for i, v := range r.Changes {
		if before[i].Revision != 0 {
			if t.was[i], err = decode(before[i]); err != nil {
				return nil, err
			}
		}
		if t.is[i], err = decode(v); err != nil {
			return nil, err
		}
		if t.changes[i], err = change(v.Key, t.was[i], t.is[i]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// entry is a tale as a principal may hear it: of a record that it sees today, what it saw before and after.
func (s *State) entry(p grant.Principal, t *tale) (Entry, error) {
	e := Entry{Number: t.number, At: t.at, Principal: t.principal, Reason: t.reason}
	if p.SeesAll() { // one who sees but a part of what is hashed could guess at the rest until the hash fits
		e.Hash = t.hash
	}
	for i, c := range t.changes {
		is, visible := s.showLinked(p, t.is[i], s.Snapshot.Shows)
		var was grant.Entity
		if t.was[i] != nil && visible {
			was, visible = s.showLinked(p, t.was[i], s.Snapshot.Shows)
		}
		if !visible {
			continue // it is seen only by those who see the record before and after
		}
		if was != t.was[i] || is != t.is[i] { // some of it is not for them
			var err error
			if c, err = change(c.Key, was, is); err != nil {
				return e, err
			}
		}
		if c.Action == Updated && len(c.Fields) == 0 {
			continue // what changed is in the books alone, or not for this principal, such as a link to a hidden grant
		}
		e.Changes = append(e.Changes, c)
	}
	if len(e.Changes) == 0 {
		e.Principal, e.Reason = "", "" // they would tell of what is hidden
	}
	return e, nil
}

// change tells what happened to a record; was is nil when it is new.
func change(key grant.Key, was, is grant.Entity) (Change, error) {
	c := Change{Key: key, Action: Updated}
	switch {
	case was == nil:
		c.Action = Created
	case was.Ledgered().Deleted == 0 && is.Ledgered().Deleted != 0:
		c.Action = Deleted
	case was.Ledgered().Deleted != 0 && is.Ledgered().Deleted == 0:
		c.Action = Undeleted
	}
	if c.Action != Updated {
		return c, nil
	}
	before, err := fieldsOf(was)
	if err != nil {
		return c, err
	}
	after, err := fieldsOf(is)
	if err != nil {
		return c, err
	}
	names := maps.Clone(before)
	maps.Copy(names, after)
	for _, f := range slices.Sorted(maps.Keys(names)) {
		if !bytes.Equal(before[f], after[f]) {
			c.Fields = append(c.Fields, FieldChange{Field: f, Before: string(before[f]), After: string(after[f])})
		}
	}
	return c, nil
}

// fieldsOf returns the fields of a record as JSON, without those that only keep its books: one counts its children, others undo a merge.
func fieldsOf(e grant.Entity) (map[string]json.RawMessage, error) {
	body, err := grant.Encode(e)
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	err = json.Unmarshal(body, &fields)
	for _, books := range []string{"serial", "merger", "given"} {
		delete(fields, books)
	}
	return fields, err
}
