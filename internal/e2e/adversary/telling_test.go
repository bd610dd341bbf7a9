package adversary

import (
	"bytes"
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/grant"
)

// real tells a story: grants are recorded, changed, merged, parted and restored, and overlaps decided.
func (t teller) real() story {
	first, later := setting(t.p)
	r := &recording{teller: t, last: map[string]*grant.Grant{}, versions: map[string][]*grant.Grant{}}
	s := story{first}
	count := rapid.IntRange(2, 7).Draw(t.T, "chapters")
	for i := range count {
		if i == count/2 {
			s = append(s, later)
		}
		r.chapter = chapter{principal: t.pick("who", "ada", "ben", "tokens/adversary"), reason: t.pick("why", "a call", "a letter", "")}
		for range rapid.IntRange(1, 3).Draw(t.T, "changes") {
			r.change(epoch + int64(len(s)+1)*second)
		}
		if len(r.records) > 0 {
			s = append(s, r.chapter)
		}
	}
	return s
}

// recording is a story that is being told.
type recording struct {
	teller
	chapter
	ids      []string // in the order in which they were recorded
	last     map[string]*grant.Grant
	versions map[string][]*grant.Grant
}

// change draws what happens next, at an instant. Some of it turns out not to be possible.
func (r *recording) change(at int64) {
	switch rapid.IntRange(0, 9).Draw(r.T, "what") {
	case 0, 1, 2:
		id := fmt.Sprintf("g%02d", len(r.ids))
		r.ids = append(r.ids, id)
		r.put(r.grant(id, r.earlier(id)))
	case 3:
		if g := r.standing(); g != nil && len(g.Aliases) == 0 {
			r.put(r.grant(g.ID, r.earlier(g.ID)))
		}
	case 4:
		if g := r.standing(); g != nil {
			r.put(r.edited(g))
		}
	case 5:
		if g := r.standing(); g != nil {
			drawn := r.grant(g.ID, r.earlier(g.ID))
			g.Links = drawn.Links
			r.put(g)
		}
	case 6, 7:
		r.merge(at)
	case 8:
		if r.one(2, "restore") {
			r.restore()
		} else {
			r.unmerge()
		}
	default:
		r.decide()
	}
}

func (r *recording) put(grants ...*grant.Grant) {
	for _, g := range grants {
		if was := r.last[g.ID]; was != nil && was.Deleted == g.Deleted && bytes.Equal(encoded(was), encoded(g)) {
			continue // what changes nothing is no revision
		}
		r.last[g.ID] = g
		r.versions[g.ID] = append(r.versions[g.ID], g)
		r.records = append(r.records, g)
	}
}

func (r *recording) earlier(id string) []string { return r.ids[:slices.Index(r.ids, id)] }

// drawn draws a grant that is not in the chapter yet, as a copy; nil when there is none, or the drawn one is not as it must be.
func (r *recording) drawn(must func(*grant.Grant) bool) *grant.Grant {
	if len(r.ids) == 0 {
		return nil
	}
	g := r.last[rapid.SampledFrom(r.ids).Draw(r.T, "id")]
	if g == nil || slices.ContainsFunc(r.records, func(e grant.Entity) bool { return e.Key().ID == g.ID }) || !must(g) {
		return nil
	}
	return clone(g)
}

func (r *recording) standing() *grant.Grant {
	return r.drawn(func(g *grant.Grant) bool { return g.Successor == "" })
}

func encoded(g *grant.Grant) []byte {
	body, err := grant.Encode(g)
	if err != nil {
		panic(err)
	}
	return body
}

func clone(g *grant.Grant) *grant.Grant {
	e, err := grant.Decode(g.Key(), encoded(g))
	if err != nil {
		panic(err)
	}
	e.Ledgered().Deleted = g.Deleted
	return e.(*grant.Grant)
}

// edited changes a few things of a grant: who sees it, what it is called, and what is accepted and confirmed.
func (r *recording) edited(g *grant.Grant) *grant.Grant {
	g.Visibility, g.Title = grant.Visibility(rapid.IntRange(1, 4).Draw(r.T, "visibility")), r.pick("title", titles...)
	g.Shadow = g.Visibility == grant.Restricted && rapid.Bool().Draw(r.T, "shadow")
	if len(g.Reports) > 0 {
		said := &g.Reports[rapid.IntRange(0, len(g.Reports)-1).Draw(r.T, "report")]
		said.ConfirmedBy, said.Confirmed = "ben", epoch
		if said.States(grant.StatusField) {
			g.Accepted = append(slices.DeleteFunc(g.Accepted, func(a grant.Acceptance) bool { return a.Field == grant.StatusField }), grant.Acceptance{Field: grant.StatusField, Report: said.ID})
		}
	}
	return g
}

// merge merges a grant into an earlier one, so that links and mergers together make no circle, as the ledger does.
func (r *recording) merge(at int64) {
	g := r.standing()
	other := r.standing()
	if g == nil || other == nil || g.ID >= other.ID || g.Deleted != 0 || other.Deleted != 0 || g.Visibility < other.Visibility {
		return
	}
	links := slices.Clone(other.Links)
	g.Merge(other, rapid.Bool().Draw(r.T, "leave"), r.principal, at)
	for _, l := range links {
		known := slices.ContainsFunc(g.Links, func(own grant.Link) bool {
			return own.Type == l.Type && (!l.Type.Symmetric() || own.Target == l.Target)
		})
		if l.Target < g.ID && !known {
			g.TakeLink(other, l.ID)
		}
	}
	r.put(g, other)
}

// unmerge takes a grant apart again.
func (r *recording) unmerge() {
	other := r.drawn(func(g *grant.Grant) bool { return g.Successor != "" })
	if other == nil {
		return
	}
	now := r.last[other.Successor]
	if now.Successor != "" || slices.ContainsFunc(r.records, func(e grant.Entity) bool { return e.Key().ID == now.ID }) {
		return
	}
	g := clone(now)
	g.Unmerge(other)
	if g.Validate() == nil && other.Validate() == nil {
		r.put(g, other)
	}
}

// restore brings an earlier state of a grant back, unless it was merged or parted since.
func (r *recording) restore() {
	g := r.standing()
	if g == nil {
		return
	}
	then := clone(rapid.SampledFrom(r.versions[g.ID]).Draw(r.T, "version"))
	if then.Successor == "" && then.Deleted == 0 && slices.Equal(then.Aliases, g.Aliases) {
		then.Serial = g.Serial
		r.put(then)
	}
}

// decide has staff decide on an overlap, which there may be.
func (r *recording) decide() {
	g, other := r.standing(), r.standing()
	if g == nil || other == nil || g.ID == other.ID {
		return
	}
	id := grant.OverlapID{Scope: grant.MemberScope, Grants: [2]string{g.ID, other.ID}, States: [2]string{"SE", "US"}, Recipients: [2]string{"m1", "m1"}}
	d := &grant.Decision{ID: id.String(), Overlap: id, Verdict: grant.CoFunded, Reason: "they agreed", By: r.principal}
	if !slices.ContainsFunc(r.records, func(e grant.Entity) bool { return e.Key() == d.Key() }) {
		r.records = append(r.records, d)
	}
}
