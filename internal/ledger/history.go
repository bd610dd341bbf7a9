package ledger

import (
	"bytes"
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

// History lists at most limit revisions below before (0: from the newest), the newest first; with a key, those that changed that record as far as
// the principal may see it. When a record changed unseen is not to be told by asking for it, nor by where a page ends: such revisions are passed
// over. next is where the next page begins; 0 on the last.
func (l *Ledger) History(ctx context.Context, p grant.Principal, before int64, key grant.Key, limit int) (entries []Entry, next int64, err error) {
	if key != (grant.Key{}) {
		// A record that the principal may not see has no history for it, nor any that does not exist.
		if _, err := l.Get(ctx, p, key, 0); err != nil {
			return nil, 0, err
		}
	}
	state := l.State()
	for {
		revisions, err := l.Store.Revisions(ctx, before, key, limit+1)
		if err != nil {
			return nil, 0, err
		}
		for _, r := range revisions {
			before = r.Number
			e, err := l.entry(ctx, state, p, r)
			if err != nil {
				return nil, 0, err
			}
			if key != (grant.Key{}) && !slices.ContainsFunc(e.Changes, func(c Change) bool { return c.Key == key }) {
				continue
			}
			if len(entries) == limit {
				return entries, entries[limit-1].Number, nil
			}
			entries = append(entries, e)
		}
		if len(revisions) <= limit {
			return entries, 0, nil
		}
	}
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

// entry tells of a revision what a principal sees of it: of a record that it sees today, what it saw before and after.
func (l *Ledger) entry(ctx context.Context, s *State, p grant.Principal, r Revision) (Entry, error) {
	e := Entry{Number: r.Number, At: r.At, Principal: r.Principal, Reason: r.Reason}
	before, err := l.Store.Before(ctx, r)
	if err != nil {
		return e, err
	}
	for i := range r.Changes {
		was, err := s.shown(p, before[i])
		if err != nil {
			return e, err
		}
		is, err := s.shown(p, r.Changes[i])
		if err != nil {
			return e, err
		}
		if is == nil || was == nil && before[i].Revision != 0 {
			continue // it is seen only by those who see the record before and after
		}
		c, err := change(r.Changes[i].Key, was, is)
		if err != nil {
			return e, err
		}
		if c.Action == Updated && len(c.Fields) == 0 {
			continue // what changed, such as a link to a hidden grant, is not for this principal
		}
		e.Changes = append(e.Changes, c)
	}
	if len(e.Changes) == 0 {
		e.Principal, e.Reason = "", "" // they would tell of what is hidden
	}
	return e, nil
}

// shown returns the record of a version as a principal may see it: nil when there is none, or when it may not.
func (s *State) shown(p grant.Principal, v Version) (grant.Entity, error) {
	if v.Revision == 0 {
		return nil, nil
	}
	e, err := decode(v)
	if err != nil {
		return nil, err
	}
	if e, visible := s.showLinked(p, e, s.Snapshot.Shows); visible {
		return e, nil
	}
	return nil, nil
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
