package ledger

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/period"
)

// Create records a new record. One that has no id is given one.
//
// Errors: Denied if the principal may not write records of its kind; Invalid with the fields; Exists if the id is taken, by a deleted record too, or
// if the request id was used for another request.
func Create[E grant.Entity](ctx context.Context, l *Ledger, w Write, field string, e E) (E, error) {
	all, err := CreateAll(ctx, l, w, func(int) string { return field }, []E{e})
	if err != nil {
		return e, err
	}
	return all[0], nil
}

// CreateAll records many records of one kind as one revision: all of them, or none. field gives the path of the i-th in the request; the error
// names every field of every record that cannot be kept. Errors as of Create.
func CreateAll[E grant.Entity](ctx context.Context, l *Ledger, w Write, field func(i int) string, es []E) ([]E, error) {
	var v fault.List
	seen := make(map[grant.Key]int, len(es))
	asked := make([]string, len(es)) // the ids that the writer chose
	for i, e := range es {
		asked[i] = e.Key().ID
		if asked[i] == "" {
			identify(e, l.NewID())
		}
		if err := mayWrite(w.Principal, e.Key().Kind); err != nil {
			return nil, err
		}
		v.Merge(field(i), e.Validate())
		v.Merge(field(i), noRecords(e))
		if first, twice := seen[e.Key()]; twice {
			v.Add(idField(field(i)), "%q is in the request already, at %s", e.Key(), field(first))
		}
		seen[e.Key()] = i
	}
	kept := make([]grant.Entity, len(es))
	for i, e := range es {
		kept[i] = e
	}
	if v.Err() != nil {
		// What they refer to will be looked at in their turn, but this is an answer already: it tells as much as can be told.
		registry := l.State().Registry.With(kept...)
		for i, e := range kept {
			v.Merge(field(i), registry.Admit(e))
		}
		return nil, v.Err()
	}
	err := l.commit(ctx, w, func(d *draft) error {
		for i, e := range kept {
			if d.exists(e.Key()) {
				return &fault.Error{Kind: fault.Exists, Message: fmt.Sprintf("%q exists already", e.Key()),
					Violations: []fault.Violation{{Field: idField(field(i)), Problem: fmt.Sprintf("%q is taken; choose another id", e.Key().ID)}}}
			}
			*e.Ledgered() = grant.Meta{}
			signReports(e, w.Principal.Name, d.at)
		}
		for i, e := range kept {
			if err := d.signLinks(w, field(i), nil, e); err != nil {
				return err
			}
		}
		return d.put(field, kept...)
	}, func(earlier []grant.Entity) error { return inAskedOrder(kept, asked, earlier) })
	if err != nil {
		return nil, err
	}
	for i := range es {
		es[i] = kept[i].(E)
	}
	return es, nil
}

// inAskedOrder puts the records that an earlier request wrote into kept: those with a chosen id under it, the others in the order of their ids,
// which is the order in which they were given.
func inAskedOrder(kept []grant.Entity, asked []string, earlier []grant.Entity) error {
	chosen := make(map[string]bool, len(asked))
	for _, id := range asked {
		chosen[id] = true
	}
	byID := make(map[string]grant.Entity, len(earlier))
	var made []grant.Entity
	for _, e := range earlier {
		byID[e.Key().ID] = e
		if !chosen[e.Key().ID] {
			made = append(made, e)
		}
	}
	for i, id := range asked {
		switch {
		case id != "" && byID[id] != nil:
			kept[i] = byID[id]
		case id == "" && len(made) > 0:
			kept[i], made = made[0], made[1:]
		default:
			return fault.New(fault.Internal, "the answer of an earlier request does not fit its repetition")
		}
	}
	return nil
}

// identify gives a record an id.
func identify(e grant.Entity, id string) {
	switch e := e.(type) {
	case *grant.Grant:
		e.ID = id
	case *grant.Target:
		e.ID = id
	case *grant.Token:
		e.ID = id
	}
}

// idField is the path of the id of the record at a path: a create has it beside the record.
func idField(at string) string {
	if i := strings.LastIndexByte(at, '.'); i >= 0 {
		return at[:i+1] + at[i+1:] + "Id"
	}
	return at + "Id"
}

// Update changes a record. change is given a copy, which it may change and return, or return another of the same key; it may be called more than
// once. A change that changes nothing writes no revision.
//
// Errors: Denied; NotFound if there is no such record or it is deleted; Conflict if the etag is stale; Invalid with the fields, whose paths start
// with field; the error of change.
func (l *Ledger) Update(ctx context.Context, w Write, field string, key grant.Key, change func(grant.Entity) (grant.Entity, error)) (grant.Entity, error) {
	if err := mayWrite(w.Principal, key.Kind); err != nil {
		return nil, err
	}
	var updated grant.Entity
	err := l.commit(ctx, w, func(d *draft) error {
		e, err := d.standing(w, key)
		if err != nil {
			return err
		}
		before, err := encode(e)
		if err != nil {
			return err
		}
		meta, links := *e.Ledgered(), linksOf(e)
		status, date := statusOf(e)
		if e, err = change(e); err != nil {
			return err
		}
		*e.Ledgered() = meta
		dateStatus(e, status, date, d.at)
		updated = e
		if differs, err := differs(field, before, e); err != nil || !differs {
			return err
		}
		if err := d.signLinks(w, field, links, e); err != nil {
			return err
		}
		return d.put(func(int) string { return field }, e)
	}, func(earlier []grant.Entity) error { updated = earlier[0]; return nil })
	return updated, err
}

// differs checks that a changed record is valid, and tells whether it is other than it was. Errors: Invalid, with paths that start with field.
func differs(field string, before Version, e grant.Entity) (bool, error) {
	var v fault.List
	v.Merge(field, e.Validate())
	if err := v.Err(); err != nil {
		return false, err
	}
	after, err := encode(e)
	return err == nil && !bytes.Equal(before.Body, after.Body), err
}

// statusOf returns the status of a grant and its date, and nothing of all else.
func statusOf(e grant.Entity) (grant.Status, period.Date) {
	if g, ok := e.(*grant.Grant); ok {
		return g.Status, g.StatusDate
	}
	return 0, period.Date{}
}

// dateStatus dates a change of a grant's status on the day of the write, unless the writer dated it.
func dateStatus(e grant.Entity, status grant.Status, date period.Date, at int64) {
	if g, ok := e.(*grant.Grant); ok && g.Status != status && g.StatusDate == date {
		g.StatusDate = dayOf(at)
	}
}

// dayOf returns the day of an instant, in microseconds since 1970.
func dayOf(at int64) period.Date {
	const microsecondsInDay = 24 * 60 * 60 * 1_000_000
	return period.Date{First: period.Day(at / microsecondsInDay), Precision: period.ToDay}
}

// Delete marks a record as deleted, and returns it. Errors: Denied, NotFound and Conflict as of Update; Precondition if others refer to it.
func (l *Ledger) Delete(ctx context.Context, w Write, key grant.Key) (grant.Entity, error) {
	return l.mark(ctx, w, key, func(d *draft) (grant.Entity, error) {
		e, err := d.standing(w, key)
		if err != nil {
			return nil, err
		}
		if err := d.unreferenced(key); err != nil {
			return nil, err
		}
		e.Ledgered().Deleted = d.at
		return e, nil
	})
}

// Undelete brings a deleted record back, and returns it. Errors: Denied, NotFound and Conflict as of Update; Precondition if it is not deleted;
// Invalid if something that it refers to is gone.
func (l *Ledger) Undelete(ctx context.Context, w Write, key grant.Key) (grant.Entity, error) {
	return l.mark(ctx, w, key, func(d *draft) (grant.Entity, error) {
		e, err := d.seen(w, key)
		if err != nil {
			return nil, err
		}
		if e.Ledgered().Deleted == 0 {
			return nil, fault.New(fault.Precondition, "%q is not deleted", key)
		}
		if err := checkEtag(w, e); err != nil {
			return nil, err
		}
		e.Ledgered().Deleted = 0
		return e, d.checkLinks("name", e)
	})
}

func (l *Ledger) mark(ctx context.Context, w Write, key grant.Key, decide func(*draft) (grant.Entity, error)) (grant.Entity, error) {
	if err := mayWrite(w.Principal, key.Kind); err != nil {
		return nil, err
	}
	var marked grant.Entity
	err := l.commit(ctx, w, func(d *draft) (err error) {
		if marked, err = decide(d); err != nil {
			return err
		}
		if marked.Ledgered().Deleted != 0 {
			d.drop(marked)
			return nil
		}
		return d.put(func(int) string { return string(key.Kind) }, marked)
	}, func(earlier []grant.Entity) error { marked = earlier[0]; return nil })
	return marked, err
}

// drop makes the deletion of a record part of the revision. What it refers to no longer matters.
func (d *draft) drop(e grant.Entity) {
	e.Ledgered().Revision, e.Ledgered().Updated = d.revision, d.at
	d.registry = d.registry.With(e)
	d.changed = append(d.changed, e)
}

// standing returns a record that is not deleted, if its etag is the one that the writer has seen.
func (d *draft) standing(w Write, key grant.Key) (grant.Entity, error) {
	e, err := d.seen(w, key)
	if err != nil {
		return nil, err
	}
	if e.Ledgered().Deleted != 0 {
		return nil, fault.New(fault.NotFound, "%q is deleted; undelete it first", key)
	}
	if g, ok := e.(*grant.Grant); ok && g.Successor != "" {
		return nil, fault.New(fault.Precondition, "%q was merged into %q; write there, or undo the merge", key, grantKey(g.Successor))
	}
	return e, checkEtag(w, e)
}

// seen returns a record, deleted or not, that the writer may see. For a writer who may not it does not exist: it hears nothing of what is wrong with the record.
func (d *draft) seen(w Write, key grant.Key) (grant.Entity, error) {
	if !w.Principal.SeesAll() {
		if err := d.pending.flush().maySee(w.Principal, key); err != nil {
			return nil, err
		}
	}
	return d.get(key)
}

func checkEtag(w Write, e grant.Entity) error { return checkEtagOf(e, w.Etag, "etag") }

// checkEtagOf refuses, as Conflict, an etag that is not that of the record as it stands. field is where the request has it.
func checkEtagOf(e grant.Entity, etag, field string) error {
	if now := strconv.FormatInt(e.Ledgered().Revision, 10); etag != "" && etag != now {
		return &fault.Error{Kind: fault.Conflict, Message: fmt.Sprintf("%q was changed by someone else; read it again", e.Key()),
			Violations: []fault.Violation{{Field: field, Problem: fmt.Sprintf("found %q; the record is at %q", etag, now)}}}
	}
	return nil
}

// unreferenced refuses, as Precondition, to let go of a record to which others refer.
func (d *draft) unreferenced(key grant.Key) error {
	if by := d.registry.Dependants(key); len(by) > 0 {
		return fault.New(fault.Precondition, "%q is referred to by %q; change that first", key, by[0])
	}
	snapshot := d.pending.flush().Snapshot
	if key.Kind == grant.Grants {
		if by := snapshot.Linked(key.ID); len(by) > 0 {
			return fault.New(fault.Precondition, "%q is linked to by %s, such as %q; delete that or the link first", key, fault.Number(len(by), "grant"), grant.Key{Kind: grant.Grants, ID: by[0]})
		}
		return nil
	}
	if n, first := snapshot.References(key); n > 0 {
		return fault.New(fault.Precondition, "%q is referred to by %s, such as %q; change that first", key, fault.Number(n, "grant"), grant.Key{Kind: grant.Grants, ID: first})
	}
	return nil
}

func mayWrite(p grant.Principal, kind grant.Kind) error {
	if !p.MayWrite(kind) {
		return fault.New(fault.Denied, "the role %s may not write %s", p.Role, kind)
	}
	return nil
}

// PutRates records the rates of days as one revision; a day that is there already keeps its other currencies. Errors: Denied; Invalid with the fields.
func (l *Ledger) PutRates(ctx context.Context, w Write, days []*grant.RateDay) error {
	if err := mayWrite(w.Principal, grant.Rates); err != nil {
		return err
	}
	return l.commit(ctx, w, func(d *draft) error {
		put := make([]grant.Entity, len(days))
		for i, day := range days {
			merged := &grant.RateDay{ID: day.ID}
			if old, ok := d.registry.Get(day.Key()).(*grant.RateDay); ok {
				merged.Meta = old.Meta
				merged.Quotes = slices.DeleteFunc(slices.Clone(old.Quotes), func(q fx.Quote) bool {
					return slices.ContainsFunc(day.Quotes, func(n fx.Quote) bool { return n.Currency == q.Currency })
				})
			}
			merged.Quotes = append(merged.Quotes, day.Quotes...)
			slices.SortFunc(merged.Quotes, func(a, b fx.Quote) int { return strings.Compare(string(a.Currency), string(b.Currency)) })
			if err := merged.Validate(); err != nil {
				return err
			}
			put[i] = merged
		}
		return d.put(func(i int) string { return "rates" }, put...)
	}, func([]grant.Entity) error { return nil })
}
