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
// the principal may see it. more tells whether there are others below.
func (l *Ledger) History(ctx context.Context, p grant.Principal, before int64, key grant.Key, limit int) (entries []Entry, more bool, err error) {
	if key != (grant.Key{}) {
		// A record that the principal may not see has no history for it, nor any that does not exist.
		if _, err := l.Get(ctx, p, key, 0); err != nil {
			return nil, false, err
		}
	}
	revisions, err := l.Store.Revisions(ctx, before, key, limit+1)
	if err != nil {
		return nil, false, err
	}
	if len(revisions) > limit {
		revisions, more = revisions[:limit], true
	}
	for _, r := range revisions {
		e, err := l.entry(ctx, p, r)
		if err != nil {
			return nil, false, err
		}
		entries = append(entries, e)
	}
	return entries, more, nil
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
	return l.entry(ctx, p, revisions[0])
}

func (l *Ledger) entry(ctx context.Context, p grant.Principal, r Revision) (Entry, error) {
	e := Entry{Number: r.Number, At: r.At, Principal: r.Principal, Reason: r.Reason}
	before, err := l.Store.Before(ctx, r)
	if err != nil {
		return e, err
	}
	seen := false
	for i, after := range r.Changes {
		visible, err := l.visible(p, before[i], after)
		if err != nil {
			return e, err
		}
		if !visible {
			continue
		}
		seen = true
		c, err := change(before[i], after)
		if err != nil {
			return e, err
		}
		e.Changes = append(e.Changes, c)
	}
	if !seen {
		e.Principal, e.Reason = "", "" // they would tell of what is hidden
	}
	return e, nil
}

// visible tells whether a principal may see a record both before and after a change.
func (l *Ledger) visible(p grant.Principal, versions ...Version) (bool, error) {
	for _, v := range versions {
		if v.Revision == 0 {
			continue
		}
		if !p.MayRead(v.Key.Kind) {
			return false, nil
		}
		if v.Key.Kind != grant.Grants {
			continue
		}
		e, err := decode(v)
		if err != nil {
			return false, err
		}
		if !l.State().sees(p, e.(*grant.Grant)) {
			return false, nil
		}
	}
	return true, nil
}

func change(before, after Version) (Change, error) {
	c := Change{Key: after.Key, Action: Updated}
	switch {
	case before.Revision == 0:
		c.Action = Created
	case before.Deleted == 0 && after.Deleted != 0:
		c.Action = Deleted
	case before.Deleted != 0 && after.Deleted == 0:
		c.Action = Undeleted
	}
	if c.Action != Updated {
		return c, nil
	}
	var was, is map[string]json.RawMessage
	if err := json.Unmarshal(before.Body, &was); err != nil {
		return c, err
	}
	if err := json.Unmarshal(after.Body, &is); err != nil {
		return c, err
	}
	fields := maps.Clone(was)
	maps.Copy(fields, is)
	delete(fields, "serial") // counts the children; it is nobody's field
	for _, f := range slices.Sorted(maps.Keys(fields)) {
		if !bytes.Equal(was[f], is[f]) {
			c.Fields = append(c.Fields, FieldChange{Field: f, Before: string(was[f]), After: string(is[f])})
		}
	}
	return c, nil
}
