package ledger

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// Restore writes a record as an earlier revision left it, as a new revision, and returns it. One that is deleted stands again. It undoes no merge.
//
// Errors: Denied and Conflict as of Update; NotFound if there is no such record; Invalid if there is no such revision, or, with paths that start with
// field, if the record as it was breaks a rule of today; Precondition if it was deleted then, or if it, or a grant that belongs to it, was merged or taken apart since.
func (l *Ledger) Restore(ctx context.Context, w Write, field string, key grant.Key, revision int64) (grant.Entity, error) {
	if err := mayWrite(w.Principal, key.Kind); err != nil {
		return nil, err
	}
	head, err := l.Store.Head(ctx)
	if err != nil {
		return nil, err
	}
	if revision < 1 || revision > head {
		return nil, fault.Field("revision", "found %d; accepted are 1 to the newest, %d", revision, head)
	}
	v, err := l.Store.Get(ctx, key, revision) // what a revision left never changes, so it may be read before the write has its turn
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	var restored grant.Entity
	err = l.commit(ctx, w, func(d *draft) error {
		now, err := d.get(key)
		if err != nil {
			return err
		}
		if err := checkEtag(w, now); err != nil {
			return err
		}
		if v.Revision == 0 {
			return fault.Field("revision", "%q was not recorded yet at revision %d", key, revision)
		}
		if restored, err = decode(v); err != nil {
			return err
		}
		return d.restore(field, now, restored, revision)
	}, func(earlier []grant.Entity) error {
		restored = earlier[0]
		return nil
	})
	return restored, err
}

// restore puts a record as it was then in place of what it is now.
func (d *draft) restore(field string, now, then grant.Entity, revision int64) error {
	if then.Ledgered().Deleted != 0 {
		return fault.New(fault.Precondition, "%q was deleted at revision %d; delete it instead", then.Key(), revision)
	}
	if err := d.checkSameMergers(now, then, revision); err != nil {
		return err
	}
	switch then := then.(type) {
	case *grant.Grant:
		then.Serial = max(then.Serial, now.(*grant.Grant).Serial) // no id is given twice
		then.Imports = now.(*grant.Grant).Imports                 // to go back is an edit, too, which the next import must not undo
	case *grant.Organisation:
		then.Given = now.(*grant.Organisation).Given
	}
	before, err := encode(now)
	if err != nil {
		return err
	}
	after, err := encode(then)
	if err != nil {
		return err
	}
	deleted := now.Ledgered().Deleted != 0
	*then.Ledgered() = *now.Ledgered()
	then.Ledgered().Deleted = 0
	if !deleted && bytes.Equal(before.Body, after.Body) {
		return nil
	}
	var v fault.List
	v.Merge(field, then.Validate())
	v.Merge("", d.checkLinks(field, then))
	if err := v.Err(); err != nil {
		return err
	}
	return d.put(func(int) string { return field }, then)
}

// checkSameMergers refuses, as Precondition, to go back beyond a merge or its undoing: the other grant of it would know nothing of that.
func (d *draft) checkSameMergers(now, then grant.Entity, revision int64) error {
	switch now := now.(type) {
	case *grant.Organisation:
		if was := then.(*grant.Organisation).Successor; was != now.Successor {
			return fault.New(fault.Precondition, "%q was merged, or a merge of it undone, since revision %d; merge it or undo the merge first", now.Key(), revision)
		}
	case *grant.Grant:
		was := then.(*grant.Grant)
		if now.Successor != "" {
			return fault.New(fault.Precondition, "%q was merged into %q; undo the merge first", now.Key(), grantKey(now.Successor))
		}
		if was.Successor != "" {
			return fault.New(fault.Precondition, "%q was merged into %q at revision %d; merge it instead", now.Key(), grantKey(was.Successor), revision)
		}
		known := map[string]bool{}
		for _, id := range was.Aliases {
			known[id] = true
		}
		for _, id := range now.Aliases {
			e, err := d.get(grantKey(id))
			if err != nil {
				return err
			}
			// Nothing is written to a grant while it is merged, so its revision is that of the merge.
			if !known[id] || e.Ledgered().Revision > revision {
				return fault.New(fault.Precondition, "%q was merged into %q since revision %d; undo the merge first", e.Key(), now.Key(), revision)
			}
			delete(known, id)
		}
		for _, id := range slices.Sorted(maps.Keys(known)) {
			return fault.New(fault.Precondition, "the merge of %q into %q was undone since revision %d; merge the two instead", grantKey(id), now.Key(), revision)
		}
	}
	return nil
}
