package ledger

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/grant"
)

// teller is a grant of which a file tells, with what the file says of how it stands to others.
type teller struct {
	place   int    // of it in the answer
	record  string // the id that it has where the file was written
	source  string
	related []exchange.Relation
	said    []grant.Said // links of which the file told before
}

// hears makes a grant that a draft tells of a teller.
func (im *importer) hears(from *exchange.Draft, g *grant.Grant, out *ImportedGrant) {
	t := teller{place: len(im.done.Grants), source: from.Source}
	if from.Record != nil {
		t.record = from.Record.Grant
	}
	if base := g.Imported(string(from.Format), from.Source, from.Key); out.relates && base != nil {
		t.related, t.said = from.Related, base.Links()
	}
	im.tellers = append(im.tellers, t)
}

// answer is what the import tells of the grant.
func (im *importer) answer(t teller) *ImportedGrant { return &im.done.Grants[t.place] }

// wish is a link of which a file tells.
type wish struct {
	grant.LinkType
	child, parent *grant.Grant // the one that has the link, and the one that it leads to
	relation      exchange.Relation
	tellers       []int
	there         *Linked // as it stands, nil if it does not
	said          grant.Said
	refused       string // why it may not stand
}

// print is how an import remembers what a file told.
func (w *wish) print() string { return w.String() + " " + w.parent.Key().String() }

// found ends the print of a link that was there before a file told of it: it is not the file's to take away.
const found = " found"

// own tells whether the link is there since the file told of it.
func (w *wish) own() bool { return w.there != nil && w.said.Print == w.print() }

// free tells whether people have said nothing of the link, neither that it is so nor, by taking it off, that it is not.
func (w *wish) free() bool { return w.there == nil && w.said.Part == "" || w.own() }

// name tells wishes apart.
func (w *wish) name() string { return w.child.Key().String() + " " + w.print() }

// relate makes the links of which the file tells, once all its grants are there, so that their order does not matter. A link that people have taken off does not come back, and one that
// the file does not tell of any more goes. No link is made that people have decided against, and none by which money would be counted nowhere.
func (im *importer) relate() error {
	if !slices.ContainsFunc(im.tellers, func(t teller) bool { return len(t.related)+len(t.said) > 0 }) {
		return nil
	}
	im.answers = map[string][]int{}
	for _, t := range im.tellers {
		id := im.answer(t).ID
		im.answers[id] = append(im.answers[id], t.place)
	}
	if err := im.settle(); err != nil { // so that the grants of the file are found as they are now
		return err
	}
	r := im.relations()
	wishes, err := im.wishes(r)
	if err != nil {
		return err
	}
	if err := im.unlink(r, wishes); err != nil {
		return err
	}
	if err := im.judge(r, wishes); err != nil {
		return err
	}
	if err := im.fulfil(r, wishes); err != nil {
		return err
	}
	if err := im.remember(r, wishes); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(im.touched)) {
		if err := im.put(im.touched[id]); err != nil {
			return err
		}
	}
	return nil
}

// wishes are the links of which the file tells, in an order that is not the file's.
func (im *importer) wishes(r *relations) ([]*wish, error) {
	named, records, keys := map[string][]string{}, map[string]string{}, map[string]string{}
	for _, t := range im.tellers {
		of := im.answer(t)
		if !slices.Contains(named[of.Key], of.ID) {
			named[of.Key] = append(named[of.Key], of.ID)
		}
		records[t.record], keys[of.ID] = of.ID, of.Key
	}
	var all []*wish
	at := map[string]*wish{}
	for i, t := range im.tellers {
		var missing []string
		for _, rel := range t.related {
			other, problem, err := im.meant(r, rel, named[rel.Key], records)
			if err != nil {
				return nil, err
			}
			self, err := r.standing(im.answer(t).ID)
			if err != nil {
				return nil, err
			}
			switch {
			case problem == "" && other == nil:
				missing = append(missing, rel.Key)
				continue
			case other == self:
				problem = "leads back to the grant itself"
			}
			if problem != "" {
				im.tellOf(i, rel, exchange.LeftOut, problem)
				continue
			}
			w := &wish{LinkType: rel.Type, child: self, parent: other, relation: rel}
			if rel.Theirs {
				w.child, w.parent = other, self
			}
			if first := at[w.name()]; first == nil {
				at[w.name()] = w
				all = append(all, w)
			} else if w = first; rel.Reason != "" && w.relation.Reason == "" {
				w.relation, w.tellers = rel, append([]int{i}, w.tellers...)
				continue
			}
			w.tellers = append(w.tellers, i)
		}
		if len(missing) > 0 {
			im.tell(i, exchange.Problem{Place: im.answer(t).Place, Severity: exchange.Noted, Field: "related-activity",
				Text: fmt.Sprintf("nothing is recorded under %s, nor in the file; once it is, import this file again", strings.Join(missing, ", "))})
		}
	}
	name := func(g *grant.Grant) string { return cmp.Or(keys[g.ID], g.ID) }
	slices.SortFunc(all, func(a, b *wish) int {
		return cmp.Or(cmp.Compare(a.LinkType, b.LinkType), cmp.Compare(name(a.child), name(b.child)), cmp.Compare(name(a.parent), name(b.parent)))
	})
	return all, nil
}

// meant returns the grant that a relation leads to, nil if there is none; the problem says that there are several.
func (im *importer) meant(r *relations, rel exchange.Relation, inFile []string, records map[string]string) (other *grant.Grant, problem string, err error) {
	if id := records[rel.Grant]; rel.Grant != "" && id != "" {
		inFile = []string{id}
	}
	ids := inFile
	if len(ids) == 0 {
		ids = im.before.Index.Identified([]string{rel.Key})[0]
	}
	var imported, known []*grant.Grant
	for _, id := range slices.Sorted(slices.Values(ids)) {
		g, err := r.standing(id)
		if err != nil {
			return nil, "", err
		}
		switch {
		case g == nil || slices.Contains(imported, g) || slices.Contains(known, g):
		case len(inFile) > 0 || slices.ContainsFunc(g.Imports, func(i grant.Import) bool { return i.Key == rel.Key }):
			imported = append(imported, g)
		case slices.Contains(g.Identifiers, rel.Key) && !slices.ContainsFunc(g.Imports, func(i grant.Import) bool { return i.Made }):
			known = append(known, g)
		}
	}
	for _, all := range [][]*grant.Grant{imported, known} {
		switch {
		case len(all) > 1:
			return nil, fmt.Sprintf("%q is %s and %s; nobody can tell which is meant", rel.Key, all[0].Key(), all[1].Key()), nil
		case len(all) == 1:
			return all[0], "", nil
		}
	}
	return nil, "", nil
}

// unlink takes off the links that the file told of before and does not any more.
func (im *importer) unlink(r *relations, wishes []*wish) error {
	told := map[string]bool{}
	for _, w := range wishes {
		told[w.name()] = true
	}
	for _, t := range im.tellers {
		for _, s := range t.said {
			child, link, _ := strings.Cut(s.Part, "/links/")
			if told[child+" "+s.Print] || strings.HasSuffix(s.Print, found) {
				continue
			}
			g, err := r.standing(strings.TrimPrefix(child, string(grant.Grants)+"/"))
			if err != nil {
				return err
			}
			its := func(l grant.Link) bool {
				return l.ID == link && l.Type.String()+" "+grantKey(l.Target).String() == s.Print
			}
			if g != nil && g.Key().String() == child && slices.ContainsFunc(g.Links, its) {
				g.Links = slices.DeleteFunc(slices.Clone(g.Links), its)
				im.touch(g)
			}
		}
	}
	return nil
}

// remember notes with each teller of which links its file has told.
func (im *importer) remember(r *relations, wishes []*wish) error {
	says := map[int][]grant.Said{}
	for _, w := range wishes {
		if w.refused != "" {
			continue
		}
		if w.said.Part == "" {
			w.said = grant.Said{Part: w.there.Name(), Print: w.print() + found}
		}
		for _, i := range w.tellers {
			says[i] = append(says[i], w.said)
		}
	}
	for i, t := range im.tellers {
		if slices.Equal(t.said, says[i]) {
			continue
		}
		of := im.answer(t)
		g, err := r.standing(of.ID)
		if err != nil {
			return err
		}
		for k := range g.Imports {
			if base := &g.Imports[k]; base.Key == of.Key && base.Source == t.source {
				base.SetLinks(says[i])
			}
		}
		im.touch(g)
	}
	return nil
}

// touch makes a grant one of those that the import changes.
func (im *importer) touch(g *grant.Grant) {
	im.touched[g.ID] = g
	for _, i := range im.answers[g.ID] {
		if out := &im.done.Grants[i]; out.Outcome == GrantUnchanged {
			out.Outcome = GrantUpdated
		}
	}
}

// tellOf tells of a relation that a teller's draft has; tell adds a problem to it.
func (im *importer) tellOf(teller int, rel exchange.Relation, s exchange.Severity, problem string) {
	im.tell(teller, exchange.Problem{Place: rel.Place, Severity: s, Field: rel.Field, Text: fmt.Sprintf("%q: %s", rel.Key, problem)})
}

func (im *importer) tell(teller int, p exchange.Problem) {
	out := im.answer(im.tellers[teller])
	out.Problems = append(out.Problems, p)
}
