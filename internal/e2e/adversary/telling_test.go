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
	what := rapid.IntRange(0, 11).Draw(r.T, "what")
	g := r.standing(func(g *grant.Grant) bool { return what != 3 || len(g.Aliases) == 0 })
	switch {
	case what < 3 || g == nil:
		id := fmt.Sprintf("g%02d", len(r.ids))
		r.ids = append(r.ids, id)
		r.put(r.grant(id, r.earlier(id)))
	case what == 3:
		r.put(r.grant(g.ID, r.earlier(g.ID)))
	case what == 4:
		r.put(r.edited(g))
	case what == 5:
		if earlier := r.earlier(g.ID); len(earlier) > 0 && r.one(2, "one more") {
			g.Links = append(g.Links, grant.Link{ID: g.NextID(), Type: r.linkType(g), Target: rapid.SampledFrom(earlier).Draw(r.T, "target"), Reason: "one more"})
		} else {
			g.Links = r.grant(g.ID, earlier).Links
		}
		r.put(g)
	case what < 8:
		r.merge(g, at)
	case what < 10:
		r.unmerge()
	case what == 10:
		r.restore(g)
	default:
		r.decide(g)
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

// drawn draws a grant that is not in the chapter yet and is as it must be, as a copy; nil when there is none.
func (r *recording) drawn(must func(*grant.Grant) bool) *grant.Grant {
	var fit []string
	for _, id := range r.ids {
		if g := r.last[id]; g != nil && !r.has(g.Key()) && must(g) {
			fit = append(fit, id)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return clone(r.last[rapid.SampledFrom(fit).Draw(r.T, "id")])
}

func (r *recording) has(key grant.Key) bool {
	return slices.ContainsFunc(r.records, func(e grant.Entity) bool { return e.Key() == key })
}

func (r *recording) standing(must func(*grant.Grant) bool) *grant.Grant {
	return r.drawn(func(g *grant.Grant) bool { return g.Successor == "" && must(g) })
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

// merge merges a later grant into one, so that links and mergers together make no circle, as the ledger does.
func (r *recording) merge(g *grant.Grant, at int64) {
	other := r.standing(func(other *grant.Grant) bool {
		return g.ID < other.ID && g.Deleted == 0 && other.Deleted == 0 && g.Visibility >= other.Visibility
	})
	if other == nil {
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
	other := r.drawn(func(g *grant.Grant) bool {
		return g.Successor != "" && r.last[g.Successor].Successor == "" && !r.has(r.last[g.Successor].Key())
	})
	if other == nil {
		return
	}
	g := clone(r.last[other.Successor])
	g.Unmerge(other)
	if g.Validate() == nil && other.Validate() == nil {
		r.put(g, other)
	}
}

// restore brings an earlier state of a grant back, unless it was merged or parted since.
func (r *recording) restore(g *grant.Grant) {
	then := clone(rapid.SampledFrom(r.versions[g.ID]).Draw(r.T, "version"))
	if then.Successor == "" && then.Deleted == 0 && slices.Equal(then.Aliases, g.Aliases) {
		then.Serial = g.Serial
		r.put(then)
	}
}

// decide has staff decide on an overlap of a grant, which there may be.
func (r *recording) decide(g *grant.Grant) {
	other := r.standing(func(other *grant.Grant) bool { return g.ID != other.ID })
	if other == nil {
		return
	}
	id := grant.OverlapID{Scope: grant.MemberScope, Grants: [2]string{g.ID, other.ID}, States: [2]string{"SE", "US"}, Recipients: [2]string{"m1", "m1"}}
	d := &grant.Decision{ID: id.String(), Overlap: id, Verdict: grant.CoFunded, Reason: "they agreed", By: r.principal}
	if !r.has(d.Key()) {
		r.records = append(r.records, d)
	}
}
